"""Browser input of a report of a wrong vaccination; its questions come from ``config/incident``."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, cast

from wtforms import Field, HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from app.authz.actor import Role
from app.immunization.incident_form import AnswerType, Question, load_report_form
from app.immunization.incident_service import Report
from app.record.words import in_language
from app.web.fields import DayField, options
from app.web.forms import Form
from app.web.i18n import gettext
from app.web.i18n import lazy_gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.authz.actor import Actor
    from app.health_center.incident_pages import IncidentPage

PREFIX = "answer_"


class IncidentForm(Form):
    """Kind of error and answers. ``seen``: the version that was on the page."""

    kind = SelectField(_("間違いの種類"), validators=[InputRequired(_("種類を選んでください。"))])
    seen = HiddenField(validators=[InputRequired(), Length(max=9)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = load_report_form().kinds.values()
        self.kind.choices = options((kind.id, in_language(kind.words)) for kind in kinds)

    def answer(self, question: Question) -> Field:
        """The field of one question."""
        return cast("Field", self[PREFIX + question.id])

    def to_report(self, *, complete: bool) -> Report:
        """The command."""
        answers = {one.id: _text(self.answer(one).data) for one in load_report_form().questions}
        typed = self.seen.data or ""
        seen = int(typed) if typed.isascii() and typed.isdecimal() else 0
        given = {key: value for key, value in answers.items() if value}
        return Report(self.kind.data, given, seen, complete)

    def ask_for(self, missing: Iterable[str]) -> None:
        """Say at each of these questions that the report needs the answer."""
        for one in missing:
            self[PREFIX + one].errors = [gettext("報告するには、ここを書いてください。")]


def incident_form(kept: Mapping[str, Any] | None = None) -> IncidentForm:
    """The form with a field for each question, in the page's language."""
    fields = {PREFIX + one.id: _field(one) for one in load_report_form().questions}
    made: type[IncidentForm] = type("AskedForm", (IncidentForm,), fields)
    return made(data=kept) if kept is not None else made()


def first_form(page: IncidentPage, actor: Actor) -> IncidentForm:
    """The form as it opens: what was written, else what can be assumed."""
    assumed = {"place": page.facts.facility or "", "reporter": _writer(actor)}
    written = page.versions[0].answers if page.versions else {}
    kept: dict[str, Any] = {"kind": page.kind, "seen": str(page.number)}
    for question in page.form.questions:
        value = written.get(question.id) or assumed.get(question.id, "")
        is_day = bool(value) and question.type is AnswerType.DAY
        kept[PREFIX + question.id] = date.fromisoformat(value) if is_day else value
    return incident_form(kept)


def _writer(actor: Actor) -> str:
    places = [one.organisation_name for one in actor.memberships if one.role is Role.NURSE]
    return "\u3000".join([*places[:1], actor.name])


def _field(question: Question) -> Any:
    label, hint = in_language(question.words), question.hint and in_language(question.hint)
    longest = gettext("%(longest)s字までです。", longest=question.longest)
    checks = [Optional(), Length(max=question.longest, message=longest)]
    if question.type is AnswerType.DAY:
        return DayField(label, validators=[Optional()], description=hint or "")
    made = TextAreaField if question.type is AnswerType.TEXT else StringField
    return made(label, validators=checks, description=hint or "")


def _text(value: str | date | None) -> str:
    return value.isoformat() if isinstance(value, date) else (value or "").strip()
