"""The calendar: whoever holds the address reads it, nobody else, and no word too many."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from icalendar import Calendar
from sqlalchemy import select, update

from app.audit.actions import Action
from app.calendar_feed import service
from app.calendar_feed.errors import FeedNotFound
from app.calendar_feed.models import CalendarFeed, FeedWords
from app.calendar_feed.service import FeedChoice
from app.core import clock
from app.core.db import reading, transaction
from app.core.ids import new_id
from app.family.models import Guardianship
from app.family.standing import QuietPeriod, QuietReason, Restriction, RestrictionKind
from app.identity.models import Account
from app.immunization.service import DoseEntry, record_dose
from app.web.i18n import Language
from tests.app.imaging.sharing import actor_of
from tests.app.ledger import events
from tests.app.world import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from app.core.db import Base
    from tests.app.browser import Browser
    from tests.app.world import World

pytestmark = pytest.mark.usefixtures("portal")
PLAIN = FeedChoice(FeedWords.PLAIN, Language.JAPANESE)
NAMES = FeedChoice(FeedWords.NAMES, Language.JAPANESE)
HEALTH = re.compile("ワクチン|接種|麻しん|BCG|肝炎|さくら|ゆうと|vaccin", re.IGNORECASE)


def feed_of(world: World, choice: FeedChoice = PLAIN) -> str:
    return service.make_feed(actor_of(world["mother"]), choice)


def text_of(browser: Browser, token: str) -> str:
    answer = browser.get(f"/calendar/{token}.ics")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_the_address_is_shown_once_and_only_its_hash_is_kept(
    client_for: Callable[..., Browser],
) -> None:
    mother = client_for("mother")
    page = mother.post("/calendar", {"words": "plain"}).text
    found = re.search(re.escape(ORIGIN) + r"/calendar/([\w-]{43})\.ics", page)
    assert found is not None
    assert found[1] not in mother.get("/calendar").text
    with reading() as session:
        (row,) = session.scalars(select(CalendarFeed)).all()
    assert found[1] not in str(vars(row))
    assert "BEGIN:VCALENDAR" in text_of(mother, found[1])


def test_by_default_no_word_says_anything_about_health(world: World, stranger: Browser) -> None:
    text = text_of(stranger, feed_of(world))
    assert "つなぐ：予定" in text
    assert HEALTH.search(text) is None
    named = text_of(stranger, feed_of(world, NAMES))
    assert "さくら" in named
    assert HEALTH.search(named.replace("さくら", "")) is not None


def test_the_calendar_speaks_the_language_it_was_made_in(world: World, stranger: Browser) -> None:
    text = text_of(stranger, feed_of(world, FeedChoice(FeedWords.PLAIN, Language.ENGLISH)))
    assert "Tsunagu: appointment" in text


def test_entries_are_whole_days_ahead_with_all_that_the_standard_asks(
    world: World, stranger: Browser
) -> None:
    raw = stranger.get(f"/calendar/{feed_of(world, NAMES)}.ics").data
    assert all(len(line) <= 75 for line in raw.split(b"\r\n"))
    calendar = Calendar.from_ical(raw)
    assert (calendar["version"], calendar["calscale"]) == ("2.0", "GREGORIAN")
    entries = calendar.walk("VEVENT")
    assert entries
    for entry in entries:
        start, end = entry.decoded("dtstart"), entry.decoded("dtend")
        assert type(start) is date
        assert end - start == timedelta(days=1)
        assert start >= clock.today()
        assert entry.decoded("dtstamp").utcoffset() == timedelta(0)
        assert entry["url"] == ORIGIN + "/handbook/schedule"
    assert len({str(entry["uid"]) for entry in entries}) == len(entries)


def test_read_again_nothing_moves_and_a_change_counts_up(world: World, stranger: Browser) -> None:
    token = feed_of(world)
    first = stranger.get(f"/calendar/{token}.ics")
    again = stranger.get(f"/calendar/{token}.ics", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    before = {str(e["uid"]): e for e in Calendar.from_ical(first.data).walk("VEVENT")}
    entries = service.read_feed(token).entries
    visit = next(e.visit for e in entries if e.child_name == "さくら" and e.visit.is_shared)
    product = next(d.product for d in visit.doses if d not in (visit.lead,) and d.product != "BCG")
    entry = DoseEntry(product, clock.today(), "LOT1", "つなぐ市保健センター", reason="記録のため")
    record_dose(actor_of(world["nurse"]), world.children["sakura"], entry)
    after = Calendar.from_ical(text_of(stranger, token)).walk("VEVENT")
    changed = [e for e in after if str(e["uid"]) in before and e["sequence"] == 1]
    kept = [e for e in after if str(e["uid"]) in before and e["sequence"] == 0]
    assert changed
    assert all(e.decoded("dtstart") == before[str(e["uid"])].decoded("dtstart") for e in kept)
    assert all(e.decoded("dtstamp") >= before[str(e["uid"])].decoded("dtstamp") for e in changed)


def test_changed_words_reach_the_calendar_under_the_same_address(
    world: World, client_for: Callable[..., Browser], stranger: Browser
) -> None:
    token = feed_of(world)
    assert "さくら" not in text_of(stranger, token)
    client_for("mother").post("/calendar/words", {"words": "names"})
    text = text_of(stranger, token)
    assert "さくら" in text
    assert "SEQUENCE:1" in text


@pytest.mark.parametrize("deed", ["/calendar", "/calendar/stop"])
def test_a_replaced_or_stopped_address_leads_nowhere(
    world: World, client_for: Callable[..., Browser], stranger: Browser, deed: str
) -> None:
    token = feed_of(world)
    text_of(stranger, token)
    client_for("mother").post(deed, {"words": "plain"})
    assert stranger.get(f"/calendar/{token}.ics").status_code == 404


@pytest.mark.parametrize("token", ["x" * 43, "x" * 42, "あ" * 43])
def test_an_unknown_address_is_not_found(stranger: Browser, token: str) -> None:
    assert stranger.get(f"/calendar/{token}.ics").status_code in {404, 302}
    with pytest.raises(FeedNotFound):
        service.read_feed(token)


def test_a_closed_account_has_no_calendar(world: World) -> None:
    token = feed_of(world)
    with transaction() as session:
        account = session.get_one(Account, world["mother"].account_id)
        account.closed_at = clock.now()
    with pytest.raises(FeedNotFound):
        service.read_feed(token)


def silence(world: World, child: UUID) -> Base:
    return QuietPeriod(id=new_id(), child_id=child, reason=QuietReason.LOSS, from_on=clock.today())


def restriction(world: World, child: UUID) -> Base:
    return Restriction(
        id=new_id(),
        child_id=child,
        account_id=world["mother"].account_id,
        kind=RestrictionKind.VIOLENCE,
        from_on=clock.today(),
    )


@pytest.mark.parametrize("standing", [silence, restriction])
def test_of_a_child_that_is_not_told_of_nothing_stands_in_it(
    world: World, stranger: Browser, standing: Callable[[World, UUID], Base]
) -> None:
    token = feed_of(world, NAMES)
    with transaction() as session:
        session.add(standing(world, world.children["sakura"]))
    text = text_of(stranger, token)
    assert "さくら" not in text
    assert "ゆうと" in text


def test_when_a_guardianship_ends_its_child_leaves_the_calendar(
    world: World, stranger: Browser
) -> None:
    token = feed_of(world, NAMES)
    with transaction() as session:
        session.execute(
            update(Guardianship)
            .where(Guardianship.account_id == world["mother"].account_id)
            .values(until_on=clock.today() - timedelta(days=1))
        )
    assert "VEVENT" not in text_of(stranger, token)


def test_no_cache_between_keeps_it_and_its_readings_are_seen(
    world: World, client_for: Callable[..., Browser], stranger: Browser
) -> None:
    token, mother = feed_of(world), client_for("mother")
    assert "まだ読まれていません" in mother.get("/calendar").text
    answer = stranger.get(f"/calendar/{token}.ics")
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert "Set-Cookie" not in answer.headers
    stranger.get(f"/calendar/{token}.ics")
    assert "まだ読まれていません" not in mother.get("/calendar").text
    (read,) = events(Action.CALENDAR_READ)
    assert (read.agent_id, read.person_id) == (None, world["mother"].person_id)


def test_the_secret_stands_in_no_log(
    world: World, stranger: Browser, capfd: pytest.CaptureFixture[str]
) -> None:
    token = feed_of(world)
    text_of(stranger, token)
    stranger.get(f"/calendar/{'x' * 43}.ics")
    written = "".join(capfd.readouterr())
    assert token not in written
    assert "x" * 43 not in written
