"""Browser input of an application for use and of the desk that decides about it."""

from __future__ import annotations

import base64
import binascii
import unicodedata
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from flask import request
from wtforms import RadioField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional, Regexp

from app.identity.application_text import Intent
from app.identity.desk_service import Decision, DecisionKind
from app.identity.errors import BadCardAnswer
from app.identity.registration_service import ApplicationEntry
from app.web.fields import options
from app.web.forms import Form
from app.web.i18n import lazy_gettext as _

if TYPE_CHECKING:
    from collections.abc import Sequence

LARGEST_CMS = 64 * 1024
LONGEST_NAME = 64
LONGEST_REASON = 200
READING = r"[\u3041-\u3096\u30fc\u30fb A-Za-z'\-]+\Z"
_TO_HIRAGANA = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}


def as_hiragana(text: str | None) -> str:
    """Katakana of either width as hiragana; Latin letters stay."""
    whole = unicodedata.normalize("NFKC", text or "").translate(_TO_HIRAGANA)
    return " ".join(whole.split())


class ApplicationForm(Form):
    """How the name is read, and what the card is for."""

    family_kana = StringField(
        _("氏のふりがな"),
        filters=[as_hiragana],
        validators=[
            InputRequired(_("ふりがなを入れてください。")),
            Length(max=LONGEST_NAME),
            Regexp(READING, message=_("ひらがな、カタカナ、またはローマ字で入れてください。")),
        ],
    )
    given_kana = StringField(
        _("名のふりがな"),
        filters=[as_hiragana],
        validators=[
            Optional(),
            Length(max=LONGEST_NAME),
            Regexp(READING, message=_("ひらがな、カタカナ、またはローマ字で入れてください。")),
        ],
    )
    intent = RadioField(
        _("このカードについて"),
        choices=[
            (Intent.FIRST.value, _("つなぐを使うのは、はじめてです")),
            (Intent.REPLACE.value, _("カードが新しくなりました（前のカードは使えなくします）")),
            (Intent.ADD.value, _("前のカードに加えて、これも使います（スマートフォンなど）")),
        ],
        validators=[InputRequired(_("一つ選んでください。"))],
    )

    def to_entry(self) -> ApplicationEntry:
        """The command."""
        return ApplicationEntry(
            family_kana=cast("str", self.family_kana.data),
            given_kana=self.given_kana.data or "",
            intent=Intent(self.intent.data),
        )


class DecisionForm(Form):
    """What the desk decides, and why."""

    choice = RadioField(_("決定"), validators=[InputRequired(_("一つ選んでください。"))])
    reason = TextAreaField(
        _("理由"),
        validators=[
            InputRequired(_("何を見て決めたかを書いてください。")),
            Length(max=LONGEST_REASON),
        ],
    )

    def __init__(self, people: Sequence[tuple[UUID, str]], *, may_create: bool) -> None:
        super().__init__()
        known = [(str(person_id), words) for person_id, words in people]
        fresh = [(DecisionKind.CREATE.value, _("どの記録の方でもない（新しい方として登録する）"))]
        choices: list[tuple[str, Any]] = known + (fresh if may_create else [])
        declined = (DecisionKind.DECLINE.value, _("登録しない"))
        self.choice.choices = options([*choices, declined])

    def to_decision(self) -> Decision:
        """The command."""
        chosen, reason = str(self.choice.data), str(self.reason.data).strip()
        kinds = {kind.value for kind in DecisionKind}
        if chosen in kinds:
            return Decision(DecisionKind(chosen), None, reason)
        return Decision(DecisionKind.LINK, UUID(chosen), reason)


def read_signature() -> bytes:
    """The CMS from ``{"cms": base64}``; raises ``BadCardAnswer``."""
    body = request.get_json(silent=True)
    cms = body.get("cms") if isinstance(body, dict) else None
    if not isinstance(cms, str) or not 0 < len(cms) <= LARGEST_CMS:
        raise BadCardAnswer("no signature")
    try:
        return base64.b64decode(cms, validate=True)
    except (binascii.Error, ValueError):
        raise BadCardAnswer("not base64") from None
