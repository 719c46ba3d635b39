"""Finding studies by a patient's name: folded, in all three component groups, with wildcards.

A list that starts from a token's few studies compares their names. A list over the whole index goes
by ``name_terms``: the longest plain run of the pattern is looked up among the endings of all names.
When so many names fit that looking each up costs more than reading on from the newest study, it
reads on.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy import ColumnElement, Select, and_, func, insert, or_, select, union

from dicom_gateway.index.models import SUFFIX_CHARACTERS, NameTerm, Study
from dicom_gateway.names import fold

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Subquery, Table

NAME_GROUPS: Final = ("name_alphabetic", "name_ideographic", "name_phonetic")
MOST_TERMS: Final = 2000
_COLUMNS: Final = (Study.name_alphabetic, Study.name_ideographic, Study.name_phonetic)
_TERMS: Final = cast("Table", NameTerm.__table__)
_ESCAPE: Final = "!"
_PLAIN_RUN: Final = re.compile(r"[^*?]+")
_BEHIND_EVERYTHING: Final = "\U0010ffff"
_HALF_WIDTH_KANA: Final = re.compile("[\uff66-\uff9f]")
_KNOWN_AT_ONCE: Final = 500


@dataclass(frozen=True)
class NamePattern:
    """A folded pattern: one that any group may match, or one a group (empty: any)."""

    anywhere: str = ""
    groups: tuple[str, ...] = ()

    @property
    def is_one(self) -> bool:
        """Whether one comparison decides."""
        return bool(self.anywhere) or sum(1 for group in self.groups if group.strip("*")) == 1


def name_pattern(text: str) -> NamePattern:
    """The pattern as asked for (PS3.4 C.2.2.2.1), folded.

    Half-width kana is what modalities with ISO-IR 13 write into the first group, so a pattern that
    begins with it is compared with the beginning of the value, which is that group.
    """
    folded = fold(unicodedata.normalize("NFC", text))
    if "=" in folded:
        return NamePattern(groups=tuple(folded.split("=")[:3]))
    if _HALF_WIDTH_KANA.match(text):
        return NamePattern(groups=(folded,))
    return NamePattern(anywhere=folded)


def matches(column: Any, pattern: str) -> ColumnElement[bool]:
    """DICOM wildcard matching (PS3.4 C.2.2.2.4): ``*`` any run, ``?`` one character."""
    if not set(pattern) & set("*?"):
        return column == pattern  # type: ignore[no-any-return]
    return column.like(like(pattern), escape=_ESCAPE)  # type: ignore[no-any-return]


def like(pattern: str) -> str:
    """The same as an SQL pattern, ``!`` escaping."""
    escaped = pattern.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return escaped.replace("*", "%").replace("?", "_")


def name_condition(pattern: NamePattern) -> ColumnElement[bool]:
    """What a study's name must fulfil."""
    if pattern.anywhere:
        return or_(*(matches(column, pattern.anywhere) for column in _COLUMNS))
    pairs = zip(_COLUMNS, pattern.groups, strict=False)
    return and_(True, *(matches(one, group) for one, group in pairs if group.strip("*")))  # noqa: FBT003


def add_terms(connection: Connection, terms: Iterable[str]) -> None:
    """List names that are not listed yet under their endings."""
    wanted = {term for term in terms if term}
    for start in range(0, len(wanted), _KNOWN_AT_ONCE):
        piece = sorted(wanted)[start : start + _KNOWN_AT_ONCE]
        found = select(_TERMS.c.term).where(
            _TERMS.c.suffix.in_([term[:SUFFIX_CHARACTERS] for term in piece]),
            _TERMS.c.term.in_(piece),
        )
        new = set(piece).difference(connection.scalars(found))
        rows = [{"suffix": one, "term": term} for term in sorted(new) for one in suffixes(term)]
        if rows:
            connection.execute(insert(_TERMS), rows)


def suffixes(term: str) -> list[str]:
    """The beginnings of all endings of a name, each once."""
    return sorted({term[at : at + SUFFIX_CHARACTERS] for at in range(len(term))})


def candidates(connection: Connection, pattern: NamePattern) -> Subquery | None:
    """Keys (study_date, study_instance_uid) of the studies one of whose groups fits, by the terms.

    Returns:
        ``None`` when the terms do not narrow it down enough.
    """
    text = pattern.anywhere or max(pattern.groups, key=_plain_length, default="")
    if not _plain_length(text):
        return None
    terms = _fitting_terms(text)
    counted = select(func.count()).select_from(terms.limit(MOST_TERMS + 1).subquery())
    if (connection.scalar(counted) or 0) > MOST_TERMS:
        return None
    columns = _COLUMNS if pattern.anywhere else (_COLUMNS[pattern.groups.index(text)],)
    return union(
        *(
            select(Study.study_date, Study.study_instance_uid).where(column.in_(terms))
            for column in columns
        )
    ).subquery()


def _fitting_terms(pattern: str) -> Select[str]:
    run = max(_PLAIN_RUN.findall(pattern), key=len)[:SUFFIX_CHARACTERS]
    return (
        select(NameTerm.term)
        .where(NameTerm.suffix >= run, NameTerm.suffix < run + _BEHIND_EVERYTHING)
        .where(matches(NameTerm.term, pattern))
        .distinct()
    )


def _plain_length(pattern: str) -> int:
    return max((len(run) for run in _PLAIN_RUN.findall(pattern)), default=0)
