"""Is an applicant somebody we know? Four attributes against known people, decided. Pure.

A wrong "yes" opens a stranger's family to the applicant, a wrong "no" costs a visit to a desk. So
only the one exact and uncontradicted match links by itself; everything doubtful goes to the desk.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

UNKNOWN_SEX = "not_known"
_LOOKALIKES = str.maketrans(
    "髙﨑邊邉濵濱齋齊斎澤廣國嶋嶌櫻眞德惠榮藏圓萬𠮷",
    "高崎辺辺浜浜斉斉斉沢広国島島桜真徳恵栄蔵円万吉",
)
"""Forms of one character that clerks and cards write differently. Alike is doubtful, not equal.

Old forms: the ones in brackets in 常用漢字表 (Cabinet notification 2 of 2010). The other forms of
family names are our own choice, checked against no table: a wrong one sends somebody to the desk, a
missing one lets a person with a newly written name open a second account.
"""
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−ー－ｰ", "-"))


class Finding(StrEnum):
    """What follows from the comparison."""

    NEW = "new"
    KNOWN = "known"
    DOUBTFUL = "doubtful"
    SOMEBODY_ELSE = "somebody-else"


class Doubt(StrEnum):
    """Why somebody at the desk has to look. Shown there, kept in the audit."""

    SEVERAL = "several"
    NO_ADDRESS = "no-address"
    ADDRESS_CHANGED = "address-changed"
    NAME_DIFFERS = "name-differs"
    SEX_DIFFERS = "sex-differs"
    SUBSTITUTE_CHARACTERS = "substitute-characters"
    BIRTH_DATE_UNKNOWN = "birth-date-unknown"
    STABLE_ID_CONTRADICTS = "stable-id-contradicts"
    CERTIFICATES_DIFFER = "certificates-differ"


@dataclass(frozen=True, repr=False)
class Applicant:
    """The four attributes of the signature certificate, and what else is known about the act.

    ``proved``: the person whose session this is, who proved it by an older credential or a passkey.
    ``stable_id``: what the verification provider calls the holder, when it tells.
    ``same_card_plausible``: whether nothing speaks against both certificates being of one card.
    """

    name: str
    born_on: date | None
    sex: str
    address: str
    name_substitutes: str = ""
    proved: UUID | None = None
    stable_id: str | None = None
    same_card_plausible: bool = True


@dataclass(frozen=True, repr=False)
class KnownPerson:
    """Somebody with the applicant's birth date; ``address`` is None where nobody recorded one."""

    person_id: UUID
    name: str
    born_on: date
    sex: str
    address: str | None = None
    stable_id: str | None = None


@dataclass(frozen=True)
class Verdict:
    """``person_id`` names whom KNOWN means; ``doubts`` say why it is DOUBTFUL."""

    finding: Finding
    person_id: UUID | None = None
    doubts: frozenset[Doubt] = field(default_factory=frozenset)


def decide(applicant: Applicant, known: Sequence[KnownPerson]) -> Verdict:
    """Whether the applicant is new, one of the known, or somebody for the desk to decide."""
    if applicant.born_on is None:
        return _doubtful(Doubt.BIRTH_DATE_UNKNOWN)
    if applicant.proved is not None:
        return _proved(applicant, known)
    alike = [one for one in known if likeness(applicant, one)]
    alike = [one for one in alike if _named_by_provider(applicant, one)] or alike
    doubts = {Doubt.CERTIFICATES_DIFFER} if not applicant.same_card_plausible else set()
    if len(alike) > 1:
        doubts.add(Doubt.SEVERAL)
    for one in alike:
        doubts |= _doubts(applicant, one)
    if doubts:
        return Verdict(Finding.DOUBTFUL, doubts=frozenset(doubts))
    return Verdict(Finding.KNOWN, alike[0].person_id) if alike else Verdict(Finding.NEW)


def likeness(applicant: Applicant, one: KnownPerson) -> bool:
    """Whether this person may be the applicant: worth a look, no proof."""
    if applicant.born_on is not None and one.born_on != applicant.born_on:
        return False
    if _named_by_provider(applicant, one):
        return True
    if "1" in applicant.name_substitutes and _fits(applicant, one.name):
        return True
    mine, theirs = _folded(applicant.name), _folded(one.name)
    return mine == theirs or (_given(mine) == _given(theirs) and _may_have_married(applicant, one))


def normalised_name(name: str) -> str:
    """Width and composition unified (NFKC), spaces dropped; characters stay what they are."""
    return "".join(unicodedata.normalize("NFKC", name).split())


def normalised_address(address: str) -> str:
    """Width, spaces and dashes unified, kanji numbers as digits before 丁目, 番 and 号."""
    text = "".join(unicodedata.normalize("NFKC", address).split()).translate(_DASHES)
    for kanji, digit in zip("一二三四五六七八九", "123456789", strict=True):
        for unit in ("丁目", "番", "号"):
            text = text.replace(kanji + unit, digit + unit)
    for unit in ("丁目", "番地", "番", "号"):
        text = text.replace(unit, "-")
    return text.rstrip("-")


def same_address(one: str, other: str) -> bool:
    """Whether two ways of writing mean one address as far as writing goes."""
    return normalised_address(one) == normalised_address(other)


def _proved(applicant: Applicant, known: Sequence[KnownPerson]) -> Verdict:
    """A second proof excuses a move or a new family name, but never another birth date."""
    one = next((row for row in known if row.person_id == applicant.proved), None)
    if one is None or one.born_on != applicant.born_on:
        return Verdict(Finding.SOMEBODY_ELSE)
    doubts = set()
    mine, theirs = normalised_name(applicant.name), normalised_name(one.name)
    if mine != theirs and _given(_spaced(applicant.name)) != _given(_spaced(one.name)):
        doubts.add(Doubt.NAME_DIFFERS)
    if _sex_differs(applicant, one):
        doubts.add(Doubt.SEX_DIFFERS)
    if not applicant.same_card_plausible:
        doubts.add(Doubt.CERTIFICATES_DIFFER)
    if _contradicts(applicant, one):
        doubts.add(Doubt.STABLE_ID_CONTRADICTS)
    if doubts:
        return Verdict(Finding.DOUBTFUL, doubts=frozenset(doubts))
    return Verdict(Finding.KNOWN, one.person_id)


def _doubts(applicant: Applicant, one: KnownPerson) -> set[Doubt]:
    found = set()
    if _contradicts(applicant, one):
        found.add(Doubt.STABLE_ID_CONTRADICTS)
    by_provider = _named_by_provider(applicant, one)
    if normalised_name(applicant.name) != normalised_name(one.name):
        found.add(Doubt.NAME_DIFFERS)
    if "1" in applicant.name_substitutes:
        found.add(Doubt.SUBSTITUTE_CHARACTERS)
    if _sex_differs(applicant, one):
        found.add(Doubt.SEX_DIFFERS)
    if not by_provider:
        found |= _address_doubts(applicant, one)
    return found - ({Doubt.NAME_DIFFERS, Doubt.SUBSTITUTE_CHARACTERS} if by_provider else set())


def _address_doubts(applicant: Applicant, one: KnownPerson) -> set[Doubt]:
    if one.address is None:
        return {Doubt.NO_ADDRESS}
    return set() if same_address(applicant.address, one.address) else {Doubt.ADDRESS_CHANGED}


def _may_have_married(applicant: Applicant, one: KnownPerson) -> bool:
    """Another family name: only with nothing against it, or too many would be alike."""
    somewhere_else = one.address is not None and not same_address(applicant.address, one.address)
    return applicant.sex == one.sex and not somewhere_else


def _named_by_provider(applicant: Applicant, one: KnownPerson) -> bool:
    return applicant.stable_id is not None and applicant.stable_id == one.stable_id


def _sex_differs(applicant: Applicant, one: KnownPerson) -> bool:
    return applicant.sex != one.sex or UNKNOWN_SEX in {applicant.sex, one.sex}


def _contradicts(applicant: Applicant, one: KnownPerson) -> bool:
    both = applicant.stable_id is not None and one.stable_id is not None
    return both and applicant.stable_id != one.stable_id


def _fits(applicant: Applicant, name: str) -> bool:
    """Whether the names agree wherever the certificate could write the true character."""
    marks = applicant.name_substitutes.ljust(len(applicant.name), "0")
    if len(applicant.name) != len(name):
        return False
    return all(
        mark == "1" or mine == theirs
        for mine, theirs, mark in zip(applicant.name, name, marks, strict=False)
    )


def _folded(name: str) -> str:
    return _spaced(name).translate(_LOOKALIKES)


def _spaced(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).split())


def _given(name: str) -> str:
    """What follows the first space; the whole name where there is none."""
    return name.split(" ", 1)[-1]


def _doubtful(*doubts: Doubt) -> Verdict:
    return Verdict(Finding.DOUBTFUL, doubts=frozenset(doubts))
