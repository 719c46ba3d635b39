"""What the message box shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.core.db import reading
from app.family.queries import children_guarded_by
from app.immunization.standings import overviews_of
from app.messagebox import queries, service
from app.messagebox.posting import read_letter
from app.registry.queries import organisation_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.crypto.sealing import Sealer
    from app.family.models import Child
    from app.immunization.overview import Overview
    from app.messagebox.models import Letter

SHOWN = 50


@dataclass(frozen=True)
class Envelope:
    """One letter in the list: from whom, and whether it was opened."""

    letter: Letter
    sender: str


@dataclass(frozen=True)
class ReminderLine:
    """One recommended dose. ``done``: the record has moved on since the letter was written."""

    group: str
    stage: str
    due_on: date
    done: bool


@dataclass(frozen=True)
class AboutChild:
    """What a letter says about one child.

    ``bring_book``: a day it names rests on doses that only the family has written.
    """

    child: Child
    lines: tuple[ReminderLine, ...]
    bring_book: bool


@dataclass(frozen=True)
class LetterPage:
    """An opened letter. ``about`` leaves out children the reader may no longer be told of."""

    letter: Letter
    sender: str
    about: tuple[AboutChild, ...]


def envelopes(actor: Actor) -> tuple[Envelope, ...]:
    """The actor's newest letters."""
    with reading() as session:
        letters = session.scalars(queries.letters_visible_to(actor).limit(SHOWN)).all()
        names = organisation_names(session, {letter.sender_id for letter in letters})
    return tuple(Envelope(letter, names[letter.sender_id]) for letter in letters)


def letter(actor: Actor, letter_id: UUID, sealer: Sealer) -> LetterPage:
    """Open a letter. Raises ``LetterNotFound``."""
    opened = service.open_letter(actor, letter_id)
    content = read_letter(opened, sealer)
    with reading() as session:
        sender = organisation_names(session, {opened.sender_id})[opened.sender_id]
        return LetterPage(opened, sender, tuple(_about(session, actor, content)))


def _about(session: Session, actor: Actor, content: Mapping[str, Any]) -> Iterator[AboutChild]:
    children = {child.id: child for child in session.scalars(children_guarded_by(actor)).unique()}
    by_child: dict[UUID, list[dict[str, Any]]] = {}
    for item in content["items"]:
        by_child.setdefault(UUID(item["child"]), []).append(item)
    told = [children[child_id] for child_id in by_child if child_id in children]
    overviews = overviews_of(session, actor, told)
    for child in told:
        yield _lines(child, overviews[child.id], by_child[child.id])


def _lines(child: Child, overview: Overview, items: list[dict[str, Any]]) -> AboutChild:
    results, resting = overview.results, overview.unconfirmed()
    lines = tuple(
        ReminderLine(
            group=item["group"],
            stage=item["stage"],
            due_on=date.fromisoformat(item["due_on"]),
            done=results[item["group"]].next_dose != item["target"],
        )
        for item in items
        if item["group"] in results
    )
    bring_book = any(line.group in resting and not line.done for line in lines)
    return AboutChild(child, lines, bring_book)
