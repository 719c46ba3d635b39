"""What a person is told when a client certificate did not open the portal, by ``code``."""

from __future__ import annotations

from typing import Final

from app.identity.advice import Advice
from app.web.i18n import lazy_gettext as _

CLIENT_CERTIFICATE: Final[dict[str, Advice]] = {
    "client-certificate-missing": Advice(
        _("証明書が選ばれませんでした"),
        _("ブラウザから、カードの証明書が届きませんでした。"),
        _(
            "カードを読み取り機に置き、利用者クライアントソフトが入っているかを確かめて、ブラウザを開き直してください。"
        ),
    ),
    "client-certificate-forged": Advice(
        _("この入口からは入れません"),
        _("証明書が、正しい入口を通って届きませんでした。"),
        _("ログインの画面から、もう一度始めてください。くり返すときは、管理者にご相談ください。"),
    ),
    "client-certificate-malformed": Advice(
        _("証明書を読み取れませんでした"),
        _("届いた証明書の形が正しくありません。"),
        _("ブラウザを開き直して、もう一度お試しください。"),
    ),
}
