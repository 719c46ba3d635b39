"""Browser input of the staff desk."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from wtforms import DateField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional

from app.core import clock
from app.immunization.schedule import load_schedule
from app.immunization.service import DoseEntry
from app.web.forms import Form
from app.web.i18n import current_language
from app.web.i18n import lazy_gettext as _

if TYPE_CHECKING:
    from datetime import date
    from typing import Any


class DoseForm(Form):
    """One administered dose."""

    product = SelectField(
        _("ワクチン"), validators=[InputRequired(_("ワクチンを選んでください。"))]
    )
    given_on = DateField(
        _("接種した日"),
        default=clock.today,
        validators=[InputRequired(_("接種した日を入れてください。"))],
    )
    lot = StringField(
        _("ロット番号"), validators=[Optional(), Length(max=32, message=_("32字までです。"))]
    )
    facility = StringField(
        _("接種した所"), validators=[Optional(), Length(max=100, message=_("100字までです。"))]
    )

    reason = StringField(
        _("この日に接種した理由"),
        validators=[Optional(), Length(max=200, message=_("200字までです。"))],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = current_language().value
        products = load_schedule().products.values()
        self.product.choices = [("", "")] + [
            (product.code, getattr(product.names, language))
            for product in products
            if product.subject == "child"
        ]

    def to_entry(self) -> DoseEntry:
        """The command."""
        return DoseEntry(
            product=self.product.data,
            given_on=cast("date", self.given_on.data),
            lot=(self.lot.data or "").strip() or None,
            facility=(self.facility.data or "").strip() or None,
            reason=(self.reason.data or "").strip() or None,
        )
