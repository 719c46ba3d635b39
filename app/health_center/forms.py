"""Browser input of the staff desk."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast
from uuid import UUID

from typing_extensions import override
from wtforms import BooleanField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from app.core.errors import Invalid, TsunaguError
from app.core.provenance import Source
from app.family.district import LONGEST_DISTRICT, district_name
from app.health_center.selection import Wanted
from app.immunization.clinic_day_service import MOST_ROWS, ClinicDay, ClinicRow
from app.immunization.csv_file import FIELDS, MOST_COLUMNS
from app.immunization.entry import DoseEntry
from app.immunization.errors import RowsNotReady, UnknownProduct
from app.immunization.schedule import load_schedule
from app.web.fields import DayField, options
from app.web.forms import Form
from app.web.i18n import current_language, gettext
from app.web.i18n import lazy_gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from typing import Any, Self

    from werkzeug.datastructures import MultiDict

    from app.health_center.desk import Desk
    from app.immunization.models import Dose

LONGEST_GTIN = 14
LONGEST_LIST = 20_000
LONGEST_REASON = 200
LONGEST_LOT = 32


class RowTooLong(Invalid):
    """A reason or a lot of one row is longer than the record takes."""

    code = "row-too-long"


class ListUnreadable(Invalid):
    """The posted list is none of ours."""

    code = "list-unreadable"


def product_choices() -> list[tuple[str, str]]:
    """Every vaccine a child may get, in the page's language."""
    language = current_language().value
    return [
        (product.code, getattr(product.names, language))
        for product in load_schedule().products.values()
        if product.subject == "child"
    ]


def folded(text: str | None) -> str | None:
    """What was typed without spaces at the ends; None when nothing is left."""
    return (text or "").strip() or None


class ShotForm(Form):
    """What the doses of one moment have in common: vaccine, lot, day, place."""

    product = SelectField(
        _("ワクチン"), validators=[InputRequired(_("ワクチンを選んでください。"))]
    )
    lot = StringField(
        _("ロット番号"), validators=[Optional(), Length(max=32, message=_("32字までです。"))]
    )
    expires_on = DayField(_("使える最後の日"), validators=[Optional()])
    given_on = DayField(
        _("接種した日"), validators=[InputRequired(_("接種した日を入れてください。"))]
    )
    facility = StringField(
        _("接種した所"), validators=[Optional(), Length(max=100, message=_("100字までです。"))]
    )
    gtin = HiddenField(validators=[Optional(), Length(max=LONGEST_GTIN)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.product.choices = options([("", ""), *product_choices()])

    @classmethod
    def at(cls, desk: Desk, today: date, **further: Any) -> Self:
        """An empty form with what the desk keeps in mind."""
        kept = {
            "product": desk.product,
            "lot": desk.lot,
            "expires_on": desk.expires_on,
            "given_on": desk.given_on or today,
            "facility": desk.facility,
            "gtin": desk.gtin,
        }
        return cls(data=kept | further)

    def to_entry(self) -> DoseEntry:
        """The command."""
        return DoseEntry(
            product=self.product.data,
            given_on=cast("date", self.given_on.data),
            lot=folded(self.lot.data),
            facility=folded(self.facility.data),
            expires_on=self.expires_on.data,
            gtin=folded(self.gtin.data),
        )


class DoseForm(ShotForm):
    """One administered dose of one child."""

    reason = StringField(
        _("記録する理由"),
        validators=[Optional(), Length(max=200, message=_("200字までです。"))],
    )

    @override
    def to_entry(self) -> DoseEntry:
        """The command, with the reason."""
        return replace(super().to_entry(), reason=folded(self.reason.data))


class CorrectionForm(DoseForm):
    """A dose as it should have been written."""

    @classmethod
    def of(cls, dose: Dose) -> Self:
        """The form with what stands in the record."""
        kept = {name: getattr(dose, name) for name in ("product", "lot", "given_on", "facility")}
        return cls(data=kept)


class ReasonForm(Form):
    """Why something is taken back; for a move also to whom it belongs."""

    reason = StringField(
        _("理由"),
        validators=[
            InputRequired(_("理由を書いてください。")),
            Length(max=200, message=_("200字までです。")),
        ],
    )


class DistrictForm(Form):
    """The part of the municipality a child lives in; empty when it is not known."""

    district = StringField(
        _("地区"),
        validators=[Optional(), Length(max=LONGEST_DISTRICT, message=_("40字までです。"))],
    )

    def to_district(self) -> str | None:
        """What was typed, half-width and without spaces at the ends."""
        return district_name(self.district.data)


class MoveForm(ReasonForm):
    """The right child, by handbook number."""

    number = StringField(
        _("正しいお子さんの手帳番号"),
        validators=[InputRequired(_("手帳番号を入れてください。")), Length(max=24)],
    )


class ImportForm(Form):
    """Who wrote what is taken over, and why doubtful rows are."""

    source = SelectField(_("だれの記録か"))
    reason = StringField(
        _("確認が必要な行も取り込む理由"),
        validators=[Optional(), Length(max=LONGEST_REASON, message=_("200字までです。"))],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.source.choices = options(
            [
                (Source.HEALTH_CENTER.value, gettext("ほかの市区町村・保健センター")),
                (Source.CLINIC.value, gettext("医療機関")),
            ]
        )

    def states_reason(self, *, needed: bool) -> bool:
        """Whether the reason is there, if one is needed."""
        if needed and not folded(self.reason.data):
            self.reason.errors = [gettext("理由を書いてください。")]
            return False
        return True


def read_columns(form: MultiDict[str, str]) -> dict[str, int]:
    """Field -> column, as chosen on the page; fields without one are left out."""
    chosen = {field: form.get(f"column-{field}", "") for field in FIELDS}
    return {
        field: int(value)
        for field, value in chosen.items()
        if value.isascii() and value.isdecimal() and len(value) <= len(str(MOST_COLUMNS))
    }


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
            *(form.get(f"{name}-{child}", "").strip() for name in ("reason", "product", "lot")),
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
