"""Use cases of the calendar: make an address, change what it says, take it away, read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.audit import chain
from app.audit.actions import Action
from app.authz.actor import Actor, Assurance
from app.authz.policy import Permission, authorize
from app.calendar_feed import queries
from app.calendar_feed.entries import Entry, as_published, entry_of
from app.calendar_feed.errors import FeedNotFound
from app.calendar_feed.models import CalendarFeed, FeedWords
from app.core import clock
from app.core.db import transaction
from app.core.ids import new_id
from app.crypto.digests import sha256_hex
from app.crypto.tokens import new_token
from app.family.queries import children_guarded_by
from app.identity.models import Account
from app.identity.queries import open_account
from app.immunization.standings import overviews_of
from app.web.i18n import Language

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True)
class FeedChoice:
    """What the entries say, and in which language."""

    words: FeedWords
    language: Language


@dataclass(frozen=True)
class Reading:
    """A calendar as it stands now."""

    choice: FeedChoice
    entries: tuple[Entry, ...]


def make_feed(actor: Actor, choice: FeedChoice) -> str:
    """A new address; an earlier one leads nowhere from now on. The secret is told only now."""
    token = new_token()
    with transaction() as session:
        authorize(actor, Permission.CALENDAR_MANAGE, actor)
        session.get_one(Account, actor.account_id, with_for_update=True)
        _end_live(session, actor)
        feed = CalendarFeed(
            id=new_id(),
            account_id=actor.account_id,
            token_hash=sha256_hex(token),
            words=choice.words,
            language=choice.language.value,
            entries={},
            made_at=clock.now(),
        )
        session.add(feed)
        session.flush()
        _record(session, actor, Action.CALENDAR_MADE, feed, actor)
    return token


def change_words(actor: Actor, choice: FeedChoice) -> None:
    """Let the same address say more or less. Raises ``FeedNotFound``."""
    with transaction() as session:
        feed = _own(session, actor)
        authorize(actor, Permission.CALENDAR_MANAGE, feed)
        feed.words, feed.language = choice.words, choice.language.value
        feed.entries = {uid: {**kept, "digest": ""} for uid, kept in feed.entries.items()}
        _record(session, actor, Action.CALENDAR_CHANGED, feed, actor)


def stop_feed(actor: Actor) -> None:
    """Take the address away. Raises ``FeedNotFound``."""
    with transaction() as session:
        feed = _own(session, actor)
        authorize(actor, Permission.CALENDAR_MANAGE, feed)
        _end_live(session, actor)
        _record(session, actor, Action.CALENDAR_ENDED, feed, actor)


def read_feed(token: str) -> Reading:
    """What the holder of the address may read: the visits of children its owner guards today.

    Raises ``FeedNotFound`` for an unknown, replaced or ended address and for a closed account. The
    first reading of a day is written down; calendar programs ask many times.
    """
    now, today = clock.now(), clock.today()
    with transaction() as session:
        feed = queries.feed_with_token(session, sha256_hex(token))
        account = open_account(session, feed.account_id) if feed else None
        if feed is None or account is None:
            raise FeedNotFound("no calendar at this address")
        owner = Actor(account.id, account.person_id, account.person.name, Assurance.NONE, today)
        entries = _entries(session, owner, feed)
        feed.entries = as_published(entries)
        first_today = feed.last_read_at is None or _day_of(feed) != today
        feed.last_read_at = now
        if first_today:
            _record(session, None, Action.CALENDAR_READ, feed, owner)
        return Reading(FeedChoice(feed.words, Language(feed.language)), entries)


def _entries(session: Session, owner: Actor, feed: CalendarFeed) -> tuple[Entry, ...]:
    now = clock.now()
    children = session.scalars(children_guarded_by(owner)).unique().all()
    overviews = overviews_of(session, owner, children)
    entries = [
        entry_of(
            feed.id,
            (child.id, child.person.given_name),
            visit,
            feed.entries,
            now=now,
            today=owner.today,
        )
        for child in children
        for visit in overviews[child.id].visits()
    ]
    return tuple(sorted(entries, key=lambda entry: (entry.on, entry.uid)))


def _own(session: Session, actor: Actor) -> CalendarFeed:
    feed = session.scalar(queries.feeds_visible_to(actor).with_for_update())
    if feed is None:
        raise FeedNotFound("this person has no calendar")
    return feed


def _end_live(session: Session, actor: Actor) -> None:
    for feed in session.scalars(queries.feeds_visible_to(actor)):
        feed.ended_at, feed.entries = clock.now(), {}


def _day_of(feed: CalendarFeed) -> object:
    return feed.last_read_at and feed.last_read_at.astimezone(clock.JST).date()


def _record(
    session: Session, actor: Actor | None, action: Action, feed: CalendarFeed, owner: Actor
) -> None:
    entity = chain.Entity("calendar_feed", feed.id, owner.person_id)
    chain.record(session, actor, action, entity, detail={"words": feed.words.value})
