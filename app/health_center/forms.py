"""Browser input of the staff desk."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from wtforms import HiddenField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional

from app.immunization.entry import DoseEntry
from app.immunization.schedule import load_schedule
from app.web.fields import DayField
from app.web.forms import Form
from app.web.i18n import current_language
from app.web.i18n import lazy_gettext as _

if TYPE_CHECKING:
    from datetime import date
    from typing import Any

    from app.health_center.desk import Desk

LONGEST_GTIN = 14


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


class DoseForm(Form):
    """One administered dose."""

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
    reason = StringField(
        _("記録する理由"),
        validators=[Optional(), Length(max=200, message=_("200字までです。"))],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.product.choices = [("", ""), *product_choices()]

    @classmethod
    def at(cls, desk: Desk, today: date) -> DoseForm:
        """An empty form with what the desk keeps in mind."""
        return cls(
            data={
                "product": desk.product,
                "lot": desk.lot,
                "expires_on": desk.expires_on,
                "given_on": desk.given_on or today,
                "facility": desk.facility,
                "gtin": desk.gtin,
            }
        )

    def to_entry(self) -> DoseEntry:
        """The command."""
        return DoseEntry(
            product=self.product.data,
            given_on=cast("date", self.given_on.data),
            lot=folded(self.lot.data),
            facility=folded(self.facility.data),
            reason=folded(self.reason.data),
            expires_on=self.expires_on.data,
            gtin=folded(self.gtin.data),
        )
