"""Browser input of the channels."""

from __future__ import annotations

from typing import Any

from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length, Regexp

from app.notifications.models import ChannelKind
from app.notifications.service import Place
from app.web.fields import options
from app.web.forms import Form
from app.web.i18n import Language, current_language
from app.web.i18n import lazy_gettext as _

ADDRESS = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+\Z"
"""What HTML calls a valid e-mail address, with a dot in its domain. ASCII alone."""

LONGEST_ADDRESS = 254


def _trimmed(value: str | None) -> str | None:
    return value.strip() if value else value


class MailForm(Form):
    """A mail address and the language of what is sent there."""

    address = StringField(
        _("メールアドレス"),
        filters=[_trimmed],
        validators=[
            InputRequired(_("メールアドレスを入れてください。")),
            Length(max=LONGEST_ADDRESS, message=_("254字までです。")),
            Regexp(
                ADDRESS,
                message=_("メールアドレスとして読めません。半角で、@ のあとまで入れてください。"),
            ),
        ],
    )
    language = SelectField(_("メールの言葉"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("language", current_language().value)
        super().__init__(*args, **kwargs)
        known = [(language.value, language.own_name) for language in Language]
        self.language.choices = options(known)

    def to_place(self) -> Place:
        """The command."""
        return Place(ChannelKind.MAIL, str(self.address.data), Language(self.language.data))
