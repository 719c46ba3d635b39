"""Browser input of the calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wtforms import RadioField
from wtforms.validators import InputRequired

from app.calendar_feed.models import FeedWords
from app.calendar_feed.service import FeedChoice
from app.web.fields import options
from app.web.forms import Form
from app.web.i18n import Language, current_language, lazy_gettext
from app.web.i18n import gettext as _

if TYPE_CHECKING:
    from app.calendar_feed.models import CalendarFeed


class FeedForm(Form):
    """What the entries say. Nothing about health unless the parent chooses it."""

    words = RadioField(lazy_gettext("カレンダーに出す言葉"), validators=[InputRequired()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("words", FeedWords.PLAIN.value)
        super().__init__(*args, **kwargs)
        self.words.choices = options(
            [
                (FeedWords.PLAIN.value, _("「つなぐ：予定」だけ（おすすめ）")),
                (FeedWords.NAMES.value, _("お子さんの名前とワクチンの名前も出す")),
            ]
        )

    @classmethod
    def of(cls, feed: CalendarFeed | None) -> FeedForm:
        """The form with what was chosen before."""
        return cls(words=feed.words.value) if feed else cls()

    def to_choice(self) -> FeedChoice:
        """The command; the calendar speaks the language in which it was chosen."""
        return FeedChoice(FeedWords(self.words.data), Language(current_language()))
