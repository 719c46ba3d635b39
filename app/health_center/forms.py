"""Browser input of the staff desk."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from typing_extensions import override
from wtforms import HiddenField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional

from app.core.provenance import Source
from app.family.district import LONGEST_DISTRICT, district_name
from app.immunization.csv_file import FIELDS, MOST_COLUMNS
from app.immunization.entry import DoseEntry
from app.immunization.family_copies import AboutCopy
from app.immunization.schedule import load_schedule
from app.web.fields import DayField, options
from app.web.forms import Form
from app.web.i18n import current_language, gettext
from app.web.i18n import lazy_gettext as _

if TYPE_CHECKING:
    from datetime import date
    from typing import Any, Self

    from werkzeug.datastructures import MultiDict

    from app.health_center.desk import Desk
    from app.immunization.models import Dose

LONGEST_GTIN = 14
LONGEST_REASON = 200
LONGEST_LOT = 32
LONGEST_WORD = 16
LONGEST_LINE = 9
ABOUT_COPY = "about-copy-"


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


def about_copy_of(typed: str | None) -> AboutCopy | None:
    """What was chosen about the family's own entry; None for anything that is no choice."""
    return AboutCopy(typed) if typed in set(AboutCopy) else None


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
    about_copy = HiddenField(validators=[Optional(), Length(max=LONGEST_WORD)])

    @override
    def to_entry(self) -> DoseEntry:
        """The command, with the reason and what is said of the family's own entry."""
        said = about_copy_of(self.about_copy.data)
        return replace(super().to_entry(), reason=folded(self.reason.data), about_copy=said)


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
        _("確認が必要な行を取り込む理由"),
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


def read_about_copies(form: MultiDict[str, str]) -> dict[int, AboutCopy]:
    """Line -> what was chosen where it differs from what a family copied."""
    found: dict[int, AboutCopy] = {}
    for name, value in form.items():
        line, said = name.removeprefix(ABOUT_COPY), about_copy_of(value)
        if name.startswith(ABOUT_COPY) and line.isascii() and line.isdecimal() and said:
            found[int(line[:LONGEST_LINE])] = said
    return found
