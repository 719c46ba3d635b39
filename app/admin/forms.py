"""Browser input of the operator's desk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from wtforms import DateField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional, Regexp

from app.authz.actor import Role
from app.core import clock
from app.registry.service import LICENSE_NUMBER, InvitationEntry, LicenseEntry
from app.web.fields import options
from app.web.forms import Form
from app.web.i18n import lazy_gettext as _
from app.web.places import role_name

if TYPE_CHECKING:
    from datetime import date


class InvitationForm(Form):
    """A role and its days."""

    role = SelectField(_("役割"), validators=[InputRequired(_("役割を選んでください。"))])
    from_on = DateField(
        _("はじまりの日"),
        default=clock.today,
        validators=[InputRequired(_("はじまりの日を入れてください。"))],
    )
    until_on = DateField(_("おわりの日"), validators=[Optional()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.role.choices = options([("", ""), *((role.value, role_name(role)) for role in Role)])

    def to_entry(self) -> InvitationEntry:
        """The command."""
        from_on = cast("date", self.from_on.data)
        return InvitationEntry(Role(self.role.data), from_on, self.until_on.data)


class LicenseForm(Form):
    """What stands on the physician's certificate."""

    number = StringField(
        _("医籍登録番号"),
        validators=[
            InputRequired(_("登録番号を入れてください。")),
            Length(max=6, message=_("登録番号は6けたまでの数字です。")),
            Regexp(LICENSE_NUMBER.pattern + r"\Z", message=_("登録番号は6けたまでの数字です。")),
        ],
    )
    confirmed_on = DateField(
        _("免許証を確認した日"),
        default=clock.today,
        validators=[InputRequired(_("確認した日を入れてください。"))],
    )
    expires_on = DateField(_("確認の期限"), validators=[Optional()])

    def to_entry(self) -> LicenseEntry:
        """The command."""
        return LicenseEntry(
            number=cast("str", self.number.data),
            confirmed_on=cast("date", self.confirmed_on.data),
            expires_on=self.expires_on.data,
        )


class GatewayForm(Form):
    """Where viewers reach the gateway."""

    UNREACHABLE = _("https:// ではじまる、ほかの病院からも届くアドレスにしてください。")

    address = StringField(
        _("ゲートウェイのアドレス"),
        validators=[InputRequired(_("ゲートウェイのアドレスを入れてください。"))],
    )

    @property
    def origin(self) -> str:
        """The address as typed."""
        return cast("str", self.address.data)
