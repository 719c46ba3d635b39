"""Browser input of the health center's reminders page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from wtforms import DateField, SelectField
from wtforms.validators import InputRequired, Optional

from app.core import clock
from app.immunization.schedule import load_schedule
from app.reminders.messages import stop_name
from app.reminders.service import StopEntry, StopKind
from app.web.fields import options
from app.web.forms import Form
from app.web.i18n import current_language
from app.web.i18n import lazy_gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date


class StopForm(Form):
    """Why, about what, from when to when."""

    kind = SelectField(_("止める理由"), validators=[InputRequired(_("理由を選んでください。"))])
    group = SelectField(_("ワクチン"), validators=[Optional()])
    guardian = SelectField(_("送らない保護者"), validators=[Optional()])
    from_on = DateField(
        _("はじまりの日"),
        default=clock.today,
        validators=[InputRequired(_("はじまりの日を入れてください。"))],
    )
    until_on = DateField(_("おわりの日"), validators=[Optional()])

    def __init__(self, guardians: Iterable[tuple[UUID, str]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        language = current_language().value
        kinds = [(kind.value, stop_name(kind)) for kind in StopKind]
        self.kind.choices = options([("", ""), *kinds])
        groups = load_schedule().groups.values()
        named = [(group.code, getattr(group.names, language)) for group in groups]
        self.group.choices = options([("", ""), *named])
        self.guardian.choices = options([("", ""), *((str(key), name) for key, name in guardians)])

    def to_entry(self) -> StopEntry:
        """The command."""
        return StopEntry(
            kind=StopKind(self.kind.data),
            from_on=cast("date", self.from_on.data),
            until_on=self.until_on.data,
            group=self.group.data or None,
            account_id=UUID(self.guardian.data) if self.guardian.data else None,
        )
