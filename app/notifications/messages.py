"""The few words that leave the house: no health, no child, no number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.notifications.models import DeliveryKind
from app.web.i18n import gettext as _
from app.web.i18n import speaking

if TYPE_CHECKING:
    from app.notifications.carriers import Message


@dataclass(frozen=True)
class Wording:
    """Subject, what it is about, and what to do."""

    subject: str
    body: str
    farewell: str


def wording(message: Message) -> Wording:
    """The message in its reader's language."""
    with speaking(message.language):
        subject, body = _lines(message.kind)
        farewell = _(
            "このメールには、お知らせの中身を書いていません。心当たりのないときは、"
            "リンクを開かずに消してください。"
        )
    return Wording(subject, body, farewell)


def _lines(kind: DeliveryKind) -> tuple[str, str]:
    match kind:
        case DeliveryKind.REMINDER:
            return _("つなぐにお知らせがあります"), _("ログインして、お知らせをごらんください。")
        case DeliveryKind.CREDENTIAL:
            return (
                _("つなぐのログインの方法が変わりました"),
                _("ご自分で変えたのでなければ、すぐにログインして確かめてください。"),
            )
        case DeliveryKind.CONFIRMATION:
            return (
                _("つなぐ：メールアドレスの確認"),
                _("このアドレスでお知らせを受け取るには、24時間以内にリンクを開いてください。"),
            )
