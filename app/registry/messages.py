"""What people are told about invitations and licences that cannot be taken as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.web.i18n import gettext as _

if TYPE_CHECKING:
    from app.registry.errors import InvitationRefused, LicenseRefused


@dataclass(frozen=True)
class Advice:
    """Title, what happened, what to do."""

    title: str
    what: str
    advice: str


def invitation_advice(refusal: InvitationRefused) -> Advice:
    """The words for an invitation that cannot be accepted."""
    return {
        "invitation-unknown": Advice(
            _("招待が見つかりません"),
            _("リンクが途中で切れているか、この画面で開かれていません。"),
            _("届いたリンクを、終わりまでそのまま開き直してください。"),
        ),
        "invitation-used": Advice(
            _("この招待は、もう使われています"),
            _("招待は1回だけ使えます。受け取った方がいるため、使えません。"),
            _("心当たりがないときは、すぐに所属先の管理者に知らせてください。"),
        ),
        "invitation-withdrawn": Advice(
            _("この招待は、取り下げられています"),
            _("招待した管理者の側で、招待が取り下げられました。"),
            _("必要なときは、所属先の管理者に新しい招待をたのんでください。"),
        ),
        "invitation-expired": Advice(
            _("この招待は、期限が切れています"),
            _("招待の期限か、役割の最後の日がすぎています。"),
            _("所属先の管理者に、新しい招待をたのんでください。"),
        ),
        "own-invitation": Advice(
            _("ご自分が作った招待です"),
            _("自分で自分に役割をつけることはできません。"),
            _("招待したい方に、リンクを渡してください。その方のカードで受け取れます。"),
        ),
        "already-member": Advice(
            _("この役割は、もうお持ちです"),
            _("同じ組織の同じ役割に、すでに登録されています。"),
            _("期間を変えたいときは、所属先の管理者にご相談ください。"),
        ),
        "administrator-exists": Advice(
            _("この組織には、もう管理者がいます"),
            _("最初の管理者のための招待は、管理者が決まると使えなくなります。"),
            _("その管理者に、招待をたのんでください。"),
        ),
    }[refusal.code]


def license_words(refusal: LicenseRefused) -> str:
    """One sentence: why the licence was not recorded, and what to do."""
    return {
        "own-license": _("ご自分の免許は確認できません。ほかの管理者にたのんでください。"),
        "not-a-physician": _("この方は、いま医師として所属していません。"),
        "license-already-confirmed": _("有効な免許が、もう確認されています。"),
        "license-number-taken": _(
            "この番号は、別の方のものとして登録されています。免許証をもう一度確かめてください。"
        ),
        "impossible-license": _("登録番号は6けたまでの数字、確認した日は今日までの日です。"),
    }[refusal.code]
