"""Browser input of a clinic day: what all have in common, which children came, row by row."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from wtforms import BooleanField, HiddenField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from app.core.errors import Invalid, TsunaguError
from app.health_center.forms import LONGEST_LOT, LONGEST_REASON, ShotForm, about_copy_of
from app.health_center.selection import Wanted
from app.immunization.clinic_day_service import MOST_ROWS, ClinicDay, ClinicRow
from app.immunization.errors import RowsNotReady, UnknownProduct
from app.immunization.schedule import load_schedule
from app.web.fields import DayField
from app.web.i18n import lazy_gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from werkzeug.datastructures import MultiDict

LONGEST_LIST = 20_000
ROW_FIELDS = ("reason", "product", "lot", "about-copy")


class RowTooLong(Invalid):
    """A reason or a lot of one row is longer than the record takes."""

    code = "row-too-long"


class ListUnreadable(Invalid):
    """The posted list is none of ours."""

    code = "list-unreadable"


class ClinicDayForm(ShotForm):
    """Vaccine, lot, day and place of a clinic day, and which children came."""

    lines = TextAreaField(
        _("お子さん（1行に1人）"), validators=[Optional(), Length(max=LONGEST_LIST)]
    )
    born_from = DayField(_("この日から生まれた子"), validators=[Optional()])
    born_until = DayField(_("この日までに生まれた子"), validators=[Optional()])
    due_only = BooleanField(_("このワクチンを受けられる子だけ"))

    def wanted(self) -> Wanted:
        """Which children to list."""
        lines = [line.strip() for line in (self.lines.data or "").splitlines()]
        return Wanted(
            tuple(dict.fromkeys(line for line in lines if line)),
            self.born_from.data,
            self.born_until.data,
            due_only=bool(self.due_only.data),
        )


class ClinicDaySaveForm(ShotForm):
    """The filled list of a clinic day; its rows are read by ``read_rows``."""

    key = HiddenField(validators=[InputRequired()])

    def to_day(self, rows: tuple[ClinicRow, ...]) -> ClinicDay:
        """The command. Raises ``ListUnreadable`` for a key that is none of ours."""
        try:
            key = UUID(self.key.data)
        except ValueError as problem:
            raise ListUnreadable("not a key") from problem
        return ClinicDay(key, self.to_entry(), rows)


@dataclass(frozen=True)
class TypedRow:
    """One child's row as it was typed."""

    child_id: UUID
    given: bool
    reason: str
    product: str
    lot: str
    about_copy: str = ""

    def to_row(self) -> ClinicRow:
        """The command. Raises ``UnknownProduct`` and ``RowTooLong``."""
        if len(self.reason) > LONGEST_REASON or len(self.lot) > LONGEST_LOT:
            raise RowTooLong(str(self.child_id))
        return ClinicRow(
            self.child_id,
            self.given,
            self.reason or None,
            product_named(self.product) if self.product else None,
            self.lot or None,
            about_copy_of(self.about_copy),
        )


def read_rows(form: MultiDict[str, str]) -> tuple[TypedRow, ...]:
    """The rows of a posted list. Raises ``ListUnreadable`` when a page of ours did not send it."""
    try:
        children = [UUID(value) for value in form.getlist("child")]
    except ValueError as problem:
        raise ListUnreadable("not a child id") from problem
    if len(children) > MOST_ROWS:
        raise ListUnreadable("too many rows")
    return tuple(
        TypedRow(
            child,
            form.get(f"outcome-{child}", "given") != "not_given",
            *(form.get(f"{name}-{child}", "").strip() for name in ROW_FIELDS),
        )
        for child in dict.fromkeys(children)
    )


def to_rows(typed: Iterable[TypedRow]) -> tuple[ClinicRow, ...]:
    """The commands. Raises ``RowsNotReady`` for what cannot be used as it was typed."""
    rows: list[ClinicRow] = []
    faults: dict[UUID, TsunaguError] = {}
    for row in typed:
        try:
            rows.append(row.to_row())
        except (UnknownProduct, RowTooLong) as fault:
            faults[row.child_id] = fault
    if faults:
        raise RowsNotReady(faults)
    return tuple(rows)


def product_named(typed: str) -> str:
    """The code of a vaccine typed by code or name. Raises ``UnknownProduct``."""
    wanted = unicodedata.normalize("NFKC", typed).strip().casefold()
    for product in load_schedule().products.values():
        names = (product.code, product.names.ja, product.names.en, product.names.easy)
        trade = product.trade
        if wanted in {unicodedata.normalize("NFKC", n).casefold() for n in (*names, *trade)}:
            return product.code
    raise UnknownProduct(typed)
