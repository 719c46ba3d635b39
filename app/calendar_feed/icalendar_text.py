"""A calendar as text: iCalendar (RFC 5545, RFC 7986) with all-day entries."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from icalendar import Calendar, Event

from app.calendar_feed.models import FeedWords
from app.immunization.schedule import load_schedule
from app.web import formats
from app.web.i18n import Language, speaking
from app.web.i18n import gettext as _

if TYPE_CHECKING:
    from app.calendar_feed.entries import Entry
    from app.calendar_feed.service import Reading

PRODUCT = "-//Tsunagu//Calendar//JA"
REFRESH = timedelta(hours=12)
ONE_DAY = timedelta(days=1)


def calendar_text(reading: Reading, page: str) -> bytes:
    """The whole calendar, UTF-8 with CRLF. ``page``: address of the page that says more."""
    with speaking(reading.choice.language):
        calendar = Calendar()
        calendar.add("prodid", PRODUCT)
        calendar.add("version", "2.0")
        calendar.add("calscale", "GREGORIAN")
        calendar.add("method", "PUBLISH")
        for name in ("name", "x-wr-calname"):
            calendar.add(name, _("つなぐ"))
        calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
        calendar.add("x-published-ttl", REFRESH)
        for entry in reading.entries:
            calendar.add_component(_event(entry, reading, page))
        return bytes(calendar.to_ical())


def _event(entry: Entry, reading: Reading, page: str) -> Event:
    named = reading.choice.words is FeedWords.NAMES
    language = reading.choice.language
    event = Event()
    event.add("uid", str(entry.uid))
    event.add("dtstamp", entry.changed_at)
    event.add("last-modified", entry.changed_at)
    event.add("sequence", entry.sequence)
    event.add("dtstart", entry.on)
    event.add("dtend", entry.on + ONE_DAY)
    event.add("summary", _named(entry, language) if named else _("つなぐ：予定"))
    event.add("description", _told(entry.visit.by, language, page, named=named))
    event.add("url", page)
    event.add("transp", "TRANSPARENT")
    event.add("class", "PRIVATE")
    return event


def _named(entry: Entry, language: Language) -> str:
    groups = load_schedule().groups
    vaccines = _("、").join(
        groups[dose.group].names.in_language(language.value) for dose in entry.visit.doses
    )
    return _("つなぐ：%(name)s %(vaccines)s", name=entry.child_name, vaccines=vaccines)


def _told(by: date, language: Language, page: str, *, named: bool) -> str:
    more = _("くわしくは、つなぐを開いてください。 %(page)s", page=page)
    if not named:
        return more
    last = _("めやす: %(day)sまで", day=formats.day(by, language))
    together = _("いっしょに受けるかどうかは、医師と相談して決めてください。")
    return f"{last}\n{together}\n{more}"
