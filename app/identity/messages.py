"""What a person is told when a login or a change of it did not succeed: one entry per refusal.

The code is the error's ``code``; it stands in the address of the page and says nothing about
anybody.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.web.i18n import gettext as _


@dataclass(frozen=True)
class Advice:
    """Title, what happened, what to do, and which way on: ``retry``, ``help`` or ``register``."""

    title: str
    what: str
    advice: str
    way_on: str = "retry"


SPOKEN_OF_AS = {
    "malformed-certificate": "unknown-issuer",
    "malformed-attributes": "unknown-issuer",
    "wrong-key-usage": "wrong-policy",
    "unexpected-extension": "unknown-issuer",
    "issuer-not-valid": "unknown-issuer",
    "path-not-proved": "unknown-issuer",
    "path-too-long": "unknown-issuer",
    "algorithm-not-allowed": "signature-invalid",
    "certificate-unknown-to-issuer": "certificate-revoked",
    "validation-time-exceeded": "revocation-unknown",
    "revocation-indeterminate": "revocation-unknown",
    "ocsp-failed": "revocation-unknown",
    "ocsp-malformed": "revocation-unknown",
    "ocsp-replayed": "revocation-unknown",
    "ocsp-wrong-responder": "revocation-unknown",
    "ocsp-signature-invalid": "revocation-unknown",
    "ocsp-wrong-certificate": "revocation-unknown",
    "ocsp-stale": "revocation-unknown",
    "malformed-document": "malformed-token",
}
"""Refusals that differ for the auditor but not for the person, who can only do the same thing."""


def advice_for(code: str) -> Advice:
    """The words for a refusal; an unknown code gets the general ones."""
    known = {**_known(), **_passkey_login()}
    return known.get(SPOKEN_OF_AS.get(code, code)) or Advice(
        _("ログインできませんでした"),
        _("カードからの返事を確かめられませんでした。"),
        _("もう一度お試しください。くり返すときは、窓口にご相談ください。"),
    )


def account_advice(code: str) -> Advice:
    """The words for a refused change of one's own account."""
    return {**_passkey_login(), **_account()}.get(code) or Advice(
        _("変えられませんでした"),
        _("この操作を確かめられませんでした。"),
        _("もう一度お試しください。くり返すときは、窓口にご相談ください。"),
    )


def _known() -> dict[str, Advice]:
    return {
        "challenge-gone": Advice(
            _("時間がすぎました"),
            _("ログインの受け付けから5分がすぎたか、別の画面で済んでいます。"),
            _("もう一度「カードでログイン」を押してください。"),
        ),
        "not-registered": Advice(
            _("このカードはまだ登録されていません"),
            _("カードは正しく確かめられましたが、つなぐの利用申請がまだのようです。"),
            _("お住まいの市区町村の保健センターで、利用申請をしてください。"),
            "register",
        ),
        "account-closed": Advice(
            _("このアカウントは閉じられています"),
            _("ご本人と確かめられましたが、アカウントは利用を終えています。"),
            _("もう一度使うには、保健センターにご相談ください。"),
            "register",
        ),
        "certificate-expired": Advice(
            _("カードの電子証明書の期限が切れています"),
            _("電子証明書は、発行から5回目の誕生日までです。カードの期限とは別です。"),
            _("市区町村の窓口で、電子証明書の更新をしてください。"),
            "help",
        ),
        "certificate-not-yet-valid": Advice(
            _("電子証明書はまだ使えません"),
            _("電子証明書の有効期間が始まっていません。"),
            _("発行の翌日以降に、もう一度お試しください。"),
            "help",
        ),
        "certificate-revoked": Advice(
            _("このカードの電子証明書は失効しています"),
            _("カードの再発行や紛失の届け出のあとは、前の電子証明書は使えません。"),
            _("新しいカードをお使いください。心当たりがないときは、市区町村の窓口へ。"),
            "help",
        ),
        "revocation-unknown": Advice(
            _("いまは有効性を確かめられません"),
            _("電子証明書の状態を答える所につながりません。安全のため、ログインを止めました。"),
            _("しばらくしてから、もう一度お試しください。記録は失われていません。"),
        ),
        "crl-stale": Advice(
            _("いまは有効性を確かめられません"),
            _("失効情報が古くなっています。安全のため、ログインを止めました。"),
            _("しばらくしてから、もう一度お試しください。記録は失われていません。"),
        ),
        "wrong-policy": Advice(
            _("ログイン用の証明書ではありません"),
            _("利用者証明用電子証明書ではないものが使われました。"),
            _("カードアプリを開き直し、4けたの暗証番号でログインしてください。"),
        ),
        "unknown-issuer": Advice(
            _("このカードは使えません"),
            _("公的個人認証サービスの電子証明書ではありません。"),
            _("ご自分のマイナンバーカードをお使いください。"),
            "help",
        ),
        "signature-invalid": Advice(
            _("カードの返事が合いませんでした"),
            _("この画面のための返事ではなかったため、受け付けませんでした。"),
            _(
                "つなぐの画面からもう一度始めてください。ほかのサイトの案内では操作しないでください。"
            ),
        ),
        "malformed-token": Advice(
            _("カードの返事を読み取れませんでした"),
            _("カードアプリからの返事の形が正しくありません。"),
            _("カードアプリを新しくしてから、もう一度お試しください。"),
            "help",
        ),
    }


def _passkey_login() -> dict[str, Advice]:
    return {
        "another-person": Advice(
            _("ほかの方のカードかパスキーです"),
            _("いまログインしている方のものではないため、受け付けませんでした。"),
            _(
                "ご本人のカードで、もう一度お試しください。ほかの方が使うときは、先にログアウトしてください。"
            ),
        ),
        "passkey-too-late": Advice(
            _("時間がすぎました"),
            _("パスキーの受け付けから5分がすぎたか、別の画面で済んでいます。"),
            _("元の画面から、もう一度始めてください。"),
        ),
        "passkey-unknown": Advice(
            _("このパスキーは登録されていません"),
            _("このパスキーは、つなぐのどのアカウントにも登録されていません。"),
            _("カードでログインし、「ログインの方法」でパスキーを追加してください。"),
        ),
        "passkey-removed": Advice(
            _("このパスキーは外されています"),
            _("このパスキーは、アカウントから外されたので使えません。"),
            _("カードでログインしてください。端末に残ったパスキーは、消してかまいません。"),
        ),
        "passkey-copied": Advice(
            _("このパスキーは使えません"),
            _("使った回数が合いません。パスキーが写し取られたおそれがあります。"),
            _("カードでログインし、「ログインの方法」でこのパスキーを外してください。"),
        ),
        "passkey-of-another-site": Advice(
            _("ほかのサイトのパスキーです"),
            _("この返事は、つなぐの画面で作られたものではありません。"),
            _(
                "つなぐの画面を自分で開いて、始めてください。ほかのサイトの案内では操作しないでください。"
            ),
        ),
        "passkey-user-not-verified": Advice(
            _("ご本人の確認ができませんでした"),
            _("端末が、指紋・顔・暗証番号でご本人を確かめませんでした。"),
            _("画面ロックのある端末で、もう一度お試しください。"),
        ),
        "passkey-signature-invalid": Advice(
            _("パスキーの返事が合いませんでした"),
            _("登録されたパスキーの返事ではなかったため、受け付けませんでした。"),
            _("もう一度お試しください。くり返すときは、カードでログインしてください。"),
        ),
        "passkey-malformed": Advice(
            _("パスキーの返事を読み取れませんでした"),
            _("ブラウザか端末からの返事の形が正しくありません。"),
            _("ブラウザを新しくするか、カードでログインしてください。"),
        ),
    }


def _account() -> dict[str, Advice]:
    return {
        "passkey-label": Advice(
            _("パスキーの名前が使えません"),
            _("名前が64文字より長いか、表示できない文字があります。"),
            _("短い名前にするか、空のままで、もう一度追加してください。"),
        ),
        "passkey-taken": Advice(
            _("このパスキーはもう登録されています"),
            _("同じパスキーが、前に登録されています。"),
            _(
                "別の端末で追加するか、端末に残った前のパスキーを消してから、もう一度追加してください。"
            ),
        ),
        "passkey-too-many": Advice(
            _("パスキーがいっぱいです"),
            _("ひとりのパスキーは10個までです。"),
            _("使っていないパスキーを外してから、追加してください。"),
        ),
        "last-card": Advice(
            _("最後のカードは外せません"),
            _("これを外すと、カードでログインできなくなり、パスキーも追加できなくなります。"),
            _(
                "カードをなくしたときは、まず市区町村とコールセンターに届け出てください。届け出たカードは使えなくなります。"
            ),
        ),
    }
