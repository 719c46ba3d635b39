"""What each row of a file comes to: a new dose, a doubtful one, a known one, or a mistake.

A row may confirm what the family copied from its book, or differ from it a little.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Final, TypeAlias

from app.core.errors import TsunaguError
from app.family.district import district_name
from app.family.models import Child
from app.family.queries import children_visible_to
from app.immunization import queries
from app.immunization.csv_file import values_of
from app.immunization.entry import DoseEntry, check_entry, settle_entry, speaks_against
from app.immunization.errors import AlreadyRecorded, CopyDiffers
from app.immunization.family_copies import AboutCopy
from app.immunization.family_copy_queries import copies_of
from app.immunization.results import GivenDose
from app.immunization.schedule import load_schedule
from app.web.days import read_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.immunization.family_copies import Settled
    from app.immunization.models import Dose

NEW: Final = "new"
AGAINST: Final = "against"
CONFIRMS: Final = "confirms"
DIFFERS: Final = "differs"
DUPLICATE: Final = "duplicate"
TO_WRITE: Final = frozenset({NEW, AGAINST, CONFIRMS})
LONGEST_LOT, LONGEST_FACILITY = 32, 100

Cells = tuple[int, tuple[str, ...]]
Children: TypeAlias = "dict[tuple[str, date], list[Child]]"


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
    district: str | None = None

    @property
    def named(self) -> tuple[str, date]:
        """Whom the row is about."""
        return self.key, self.born_on


@dataclass(frozen=True)
class Finding:
    """What a row comes to; ``words``: why the schedule speaks against it, by language.

    ``settled``: what is written of it. ``differs``: the family's own entry that is nearly the same.
    ``district``: where the child lives, as the row says.
    """

    line: int
    code: str
    child: Child | None = None
    entry: DoseEntry | None = None
    words: dict[str, str] | None = None
    settled: Settled | None = None
    differs: CopyDiffers | None = None
    district: str | None = None


def child_key(values: Mapping[str, str]) -> str:
    """Rows with the same key are of one child."""
    return folded(values.get("number") or values.get("kana") or values.get("name") or "")


@dataclass(frozen=True)
class Looked:
    """What was found and decided before the rows are written.

    ``doubtful``: lines the schedule speaks against. ``about_copies``: lines that differ from what
    a family copied, with what staff decided; None: nothing, the row is left out.
    """

    doubtful: frozenset[int]
    about_copies: Mapping[int, AboutCopy | None]

    def about(self, line: int) -> AboutCopy | None:
        """A family's entry that came since leaves the row as it is: nothing is lost."""
        return self.about_copies.get(line, AboutCopy.FURTHER)


@dataclass(frozen=True)
class Reading:
    """How the rows of a file are read: its columns, its width, whose children it may name.

    ``districts``: names in use there; a row may give no other. With ``looked`` the schedule is not
    asked again, and the children are held until the transaction ends.
    """

    columns: Mapping[str, int]
    width: int
    organisation_id: UUID
    districts: frozenset[str] = frozenset()
    looked: Looked | None = None


@dataclass(frozen=True)
class _OfChild:
    """One child while its rows are read: all doses, the family's own, what the file says."""

    given: list[GivenDose]
    copies: list[Dose]
    stated: frozenset[tuple[str, date]]

    def copies_for(self, entry: DoseEntry) -> list[Dose]:
        """The family's entries this row may be: none that another row of the file is exactly."""
        own = (entry.product, entry.given_on)
        keys = [((copy.product, copy.given_on), copy) for copy in self.copies]
        return [copy for key, copy in keys if key == own or key not in self.stated]

    def take(self, settled: Settled) -> None:
        """The dose of this row is known to the rows after it."""
        entry = settled.entry
        self.given[:] = [*settled.earlier, GivenDose(entry.product, entry.given_on)]
        if settled.copy is not None:
            self.copies.remove(settled.copy)


def find_rows(
    session: Session, actor: Actor, rows: Iterable[Cells], reading: Reading
) -> list[Finding]:
    """Every row of one part, in the order of its days; a later row knows the earlier ones."""
    findings: list[Finding] = []
    read: list[Read] = []
    for line, cells in rows:
        try:
            row = read_row(line, cells, reading.columns, reading.width)
            _require_known_district(row, reading)
            read.append(row)
        except TsunaguError as problem:
            findings.append(Finding(line, problem.code))
    children = _children(session, actor, read, reading)
    records = _records(session, actor, read, children)
    for row in sorted(read, key=lambda one: one.entry.given_on):
        findings.append(_find(row, children.get(row.named, []), records, reading.looked))
    return findings


def _records(
    session: Session, actor: Actor, read: Sequence[Read], children: Children
) -> dict[UUID, _OfChild]:
    known = {child.id for found in children.values() for child in found}
    given = queries.given_to(session, actor, known)
    copies = copies_of(session, actor, known)
    stated: dict[UUID, set[tuple[str, date]]] = {child_id: set() for child_id in known}
    for row in read:
        for child in children.get(row.named, []):
            stated[child.id].add((row.entry.product, row.entry.given_on))
    return {id_: _OfChild(given[id_], copies[id_], frozenset(stated[id_])) for id_ in known}


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
    district = district_name(values.get("district"))
    return Read(line, key, read_day(values["born_on"]), entry, district)


def _require_known_district(row: Read, reading: Reading) -> None:
    """Raises ``RowUnusable``. What was known when the rows were looked at is known."""
    known = reading.looked is not None or row.district in reading.districts
    if row.district is not None and not known:
        raise RowUnusable("unknown-district")


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


def _children(session: Session, actor: Actor, read: Sequence[Read], reading: Reading) -> Children:
    """(key, birth) -> the children it may mean: of that birthday, by number, reading or name."""
    births = {row.born_on for row in read}
    found: Children = {}
    scope = children_visible_to(actor).where(Child.municipality_id == reading.organisation_id)
    query = queries.children_born_on(scope, births).order_by(Child.id)
    if reading.looked is not None:
        query = query.with_for_update(of=Child)
    for child in session.scalars(query):
        person = child.person
        for key in {folded(child.handbook_number), folded(person.kana), folded(person.name)}:
            found.setdefault((key, person.born_on), []).append(child)
    return found


def _find(
    row: Read, children: Sequence[Child], records: Mapping[UUID, _OfChild], looked: Looked | None
) -> Finding:
    if len(children) != 1:
        return Finding(row.line, "no-such-child" if not children else "several-children")
    child, line, entry = children[0], row.line, row.entry
    record = records[child.id]
    if looked is not None:
        entry = replace(entry, about_copy=looked.about(line))
    try:
        settled = settle_entry(child, entry, record.given, record.copies_for(entry))
    except AlreadyRecorded:
        return Finding(line, DUPLICATE, child, entry)
    except CopyDiffers as differs:
        words = _words_against(child, entry, record.given, queries.given_doses(record.copies))
        return Finding(line, DIFFERS, child, entry, words, differs=differs)
    except TsunaguError as problem:
        return Finding(line, problem.code, child, entry)
    record.take(settled)
    words = None
    if looked is None:
        words = _words_against(child, entry, settled.earlier, settled.unconfirmed)
    against = bool(words) if looked is None else line in looked.doubtful
    code = AGAINST if against else CONFIRMS if settled.copy is not None else NEW
    return Finding(line, code, child, entry, words, settled, district=row.district)


def _words_against(
    child: Child, entry: DoseEntry, given: Sequence[GivenDose], unconfirmed: Sequence[GivenDose]
) -> dict[str, str] | None:
    check = check_entry(child, entry, given, unconfirmed)
    if not speaks_against(check):
        return None
    said = (*check.reasons, *check.warnings)
    return {name: " ".join(getattr(one, name) for one in said) for name in ("ja", "en", "easy")}
