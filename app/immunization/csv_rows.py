"""What each row of a file comes to: a new dose, a doubtful one, a known one, or a mistake."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from app.core.errors import TsunaguError
from app.family.models import Child
from app.family.queries import children_visible_to
from app.immunization import queries
from app.immunization.csv_file import values_of
from app.immunization.entry import DoseEntry, check_entry, require_possible, speaks_against
from app.immunization.errors import AlreadyRecorded
from app.immunization.results import GivenDose
from app.immunization.schedule import load_schedule
from app.web.days import read_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor

NEW: Final = "new"
AGAINST: Final = "against"
DUPLICATE: Final = "duplicate"
TO_WRITE: Final = frozenset({NEW, AGAINST})
LONGEST_LOT, LONGEST_FACILITY = 32, 100

Cells = tuple[int, tuple[str, ...]]


class RowUnusable(TsunaguError):
    """One row cannot be taken over. ``code`` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Read:
    """One row as it was understood."""

    line: int
    key: str
    born_on: date
    entry: DoseEntry


@dataclass(frozen=True)
class Finding:
    """What a row comes to; ``words``: why the schedule speaks against it, by language."""

    line: int
    code: str
    child: Child | None = None
    entry: DoseEntry | None = None
    words: dict[str, str] | None = None


def child_key(values: Mapping[str, str]) -> str:
    """Rows with the same key are of one child."""
    return folded(values.get("number") or values.get("kana") or values.get("name") or "")


@dataclass(frozen=True)
class Reading:
    """How the rows of a file are read: its columns, its width, whose children it may name.

    ``doubtful``: lines the schedule was found to speak against before; with it the schedule is not
    asked again, and the children are held until the transaction ends.
    """

    columns: Mapping[str, int]
    width: int
    organisation_id: UUID
    doubtful: frozenset[int] | None = None


def find_rows(
    session: Session, actor: Actor, rows: Iterable[Cells], reading: Reading
) -> list[Finding]:
    """Every row of one part, in the order of its days; a later row knows the earlier ones."""
    findings: list[Finding] = []
    read: list[Read] = []
    for line, cells in rows:
        try:
            read.append(read_row(line, cells, reading.columns, reading.width))
        except TsunaguError as problem:
            findings.append(Finding(line, problem.code))
    children = _children(session, actor, read, reading)
    known = {child.id for found in children.values() for child in found}
    given = queries.given_to(session, actor, known)
    for row in sorted(read, key=lambda one: one.entry.given_on):
        findings.append(
            _find(row, children.get((row.key, row.born_on), []), given, reading.doubtful)
        )
    return findings


def read_row(line: int, cells: Sequence[str], columns: Mapping[str, int], width: int) -> Read:
    """One row as values. Raises ``RowUnusable`` and ``NotADay``."""
    values = values_of(cells, columns, width)
    if values is None:
        raise RowUnusable("ragged")
    lot, facility = values.get("lot", ""), values.get("facility", "")
    if len(lot) > LONGEST_LOT or len(facility) > LONGEST_FACILITY:
        raise RowUnusable("row-too-long")
    product = _products().get(folded(values["product"]))
    if product is None:
        raise RowUnusable("unknown-product")
    key = child_key(values)
    if not key:
        raise RowUnusable("no-child")
    entry = DoseEntry(product, read_day(values["given_on"]), lot or None, facility or None)
    return Read(line, key, read_day(values["born_on"]), entry)


def folded(text: str) -> str:
    """Comparable: half-width, without spaces, hiragana for katakana, without case."""
    plain = "".join(unicodedata.normalize("NFKC", text).split()).casefold()
    return "".join(chr(ord(c) - 0x60) if "\u30a1" <= c <= "\u30f6" else c for c in plain)


@cache
def _products() -> dict[str, str]:
    names: dict[str, str] = {}
    for product in load_schedule().products.values():
        if product.subject == "child":
            said = (product.names.ja, product.names.en, product.names.easy, *product.trade)
            names |= {folded(name): product.code for name in (product.code, *said)}
    return names


def _children(
    session: Session, actor: Actor, read: Sequence[Read], reading: Reading
) -> dict[tuple[str, date], list[Child]]:
    """(key, birth) -> the children it may mean: of that birthday, by number, reading or name."""
    births = {row.born_on for row in read}
    found: dict[tuple[str, date], list[Child]] = {}
    scope = children_visible_to(actor).where(Child.municipality_id == reading.organisation_id)
    query = queries.children_born_on(scope, births).order_by(Child.id)
    if reading.doubtful is not None:
        query = query.with_for_update(of=Child)
    for child in session.scalars(query):
        person = child.person
        for key in {folded(child.handbook_number), folded(person.kana), folded(person.name)}:
            found.setdefault((key, person.born_on), []).append(child)
    return found


def _find(
    row: Read,
    children: Sequence[Child],
    given: dict[UUID, list[GivenDose]],
    doubtful: frozenset[int] | None,
) -> Finding:
    if len(children) != 1:
        return Finding(row.line, "no-such-child" if not children else "several-children")
    child = children[0]
    earlier = given[child.id]
    try:
        require_possible(child, row.entry, earlier)
    except AlreadyRecorded:
        return Finding(row.line, DUPLICATE, child, row.entry)
    except TsunaguError as problem:
        return Finding(row.line, problem.code, child, row.entry)
    if doubtful is not None:
        earlier.append(GivenDose(row.entry.product, row.entry.given_on))
        return Finding(row.line, AGAINST if row.line in doubtful else NEW, child, row.entry)
    check = check_entry(child, row.entry, earlier)
    earlier.append(GivenDose(row.entry.product, row.entry.given_on))
    if not speaks_against(check):
        return Finding(row.line, NEW, child, row.entry)
    said = (*check.reasons, *check.warnings)
    words = {name: " ".join(getattr(one, name) for one in said) for name in ("ja", "en", "easy")}
    return Finding(row.line, AGAINST, child, row.entry, words)
