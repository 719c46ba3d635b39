"""Browser input of the paper book."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from flask_wtf.file import FileField
from wtforms import BooleanField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from app.immunization.entry import DoseEntry
from app.immunization.schedule import load_schedule
from app.paper_book.errors import PhotoUnreadable
from app.paper_book.messages import explain_photo
from app.paper_book.photos import clean_photo
from app.paper_book.service import Copied
from app.web.fields import DayField, options
from app.web.forms import Form
from app.web.i18n import current_language
from app.web.i18n import lazy_gettext as _

if TYPE_CHECKING:
    from datetime import date

    from app.immunization.models import Dose


class OwnDoseForm(Form):
    """One dose as it stands in the book."""

    product = SelectField(
        _("ワクチン"), validators=[InputRequired(_("ワクチンを選んでください。"))]
    )
    given_on = DayField(
        _("接種した日"), validators=[InputRequired(_("接種した日を入れてください。"))]
    )
    lot = StringField(
        _("ロット番号"), validators=[Optional(), Length(max=32, message=_("32字までです。"))]
    )
    facility = StringField(
        _("接種した所"), validators=[Optional(), Length(max=100, message=_("100字までです。"))]
    )
    photo = FileField(_("手帳の写真"))
    certain = BooleanField(_("手帳を見直しました。このとおりです"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = current_language().value
        products = load_schedule().products.values()
        known = [(p.code, p.names.in_language(language)) for p in products if p.subject == "child"]
        self.product.choices = options([("", ""), *known])
        self.clean: bytes | None = None

    @classmethod
    def of(cls, dose: Dose) -> OwnDoseForm:
        """The form with what the entry says now."""
        kept = ("product", "given_on", "lot", "facility")
        return cls(data={name: getattr(dose, name) for name in kept})

    def validate_photo(self, field: FileField) -> None:
        """Read the picture at once, so that its fault stands beside its field."""
        raw = field.data.read() if field.data else b""
        if not raw:
            return
        try:
            self.clean = clean_photo(raw)
        except PhotoUnreadable as problem:
            raise ValidationError(explain_photo(problem)) from problem

    def to_copied(self) -> Copied:
        """The command."""
        entry = DoseEntry(
            product=self.product.data,
            given_on=cast("date", self.given_on.data),
            lot=(self.lot.data or "").strip() or None,
            facility=(self.facility.data or "").strip() or None,
        )
        return Copied(entry, self.clean, certain=bool(self.certain.data))
