"""Fields that understand what people type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override
from wtforms import Field
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import ValidationError
from wtforms.widgets import TextInput

from app.web.days import NotADay, read_day
from app.web.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date


def options(pairs: Iterable[tuple[str, str]]) -> list[Any]:
    """What a ``SelectField`` offers: value and words of each, as WTForms 4 will ask for them."""
    return [SelectChoice(value, words) for value, words in pairs]


class DayField(Field):
    """A day in any usual writing (``read_day``). ``data`` is a ``date`` or None.

    What was typed stays as it was typed until it is understood.
    """

    widget = TextInput()
    data: date | None

    @override
    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """Read what came from the browser."""
        self.data = None
        typed = str(valuelist[0]).strip() if valuelist else ""
        if not typed:
            return
        try:
            self.data = read_day(typed)
        except NotADay as problem:
            raise ValidationError(
                _("日付として読めません。例: 2026-12-14、令和8年12月14日、R8.12.14")
            ) from problem

    def _value(self) -> str:
        if self.raw_data and self.data is None:
            return str(self.raw_data[0])
        return self.data.isoformat() if self.data else ""
