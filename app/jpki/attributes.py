"""The four attributes (基本4情報) inside a signature certificate's subjectAltName.

otherNames under arc 1.2.392.200149.8.5.5, each a UTF8String: .1 name, .2 substitute characters of
the name, .3 sex, .4 birth date, .5 address, .6 substitute characters of the address. Others (kana,
former name) are tolerated and ignored.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Self

from cryptography import x509

from app.jpki.errors import MalformedAttributes

_ARC = "1.2.392.200149.8.5.5."
_NAME, _NAME_SUBSTITUTES, _SEX = _ARC + "1", _ARC + "2", _ARC + "3"
_BIRTH, _ADDRESS, _ADDRESS_SUBSTITUTES = _ARC + "4", _ARC + "5", _ARC + "6"
_KNOWN = {_NAME, _NAME_SUBSTITUTES, _SEX, _BIRTH, _ADDRESS, _ADDRESS_SUBSTITUTES}
_REQUIRED = {_NAME, _SEX, _BIRTH, _ADDRESS}

_MAXIMUM_CHARACTERS = 200
_UTF8_STRING = 0x0C
_LONG_FORM = 0x80
_LENGTH_BYTES = (1, 2)
_BIRTH_LENGTH = 9
_NEWEST_ERA = 5
_MONTHS, _DAYS = 12, 31
_FORBIDDEN_CATEGORIES = {"Cc", "Cs", "Zl", "Zp"}
_DIRECTION_CLASSES = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


class Sex(Enum):
    """As coded in the certificate."""

    MALE = "1"
    FEMALE = "2"
    UNKNOWN = "3"


class Era(Enum):
    """The era digit in front of the Gregorian date; 0 when unknown."""

    UNKNOWN = 0
    MEIJI = 1
    TAISHO = 2
    SHOWA = 3
    HEISEI = 4
    REIWA = 5


@dataclass(frozen=True)
class BirthDate:
    """``EYYYYMMDD``. Parts nobody knows are 0; then there is no date and no age to compute."""

    era: Era
    year: int
    month: int
    day: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises MalformedAttributes."""
        if len(text) != _BIRTH_LENGTH or not (text.isascii() and text.isdecimal()):
            raise MalformedAttributes("birth date is not nine digits")
        era, year, month, day = int(text[0]), int(text[1:5]), int(text[5:7]), int(text[7:])
        if era > _NEWEST_ERA or month > _MONTHS or day > _DAYS:
            raise MalformedAttributes("birth date outside the calendar")
        born = cls(Era(era), year, month, day)
        if year and month and day and born.exact is None:
            raise MalformedAttributes("no such day")
        return born

    @property
    def exact(self) -> date | None:
        """The date, when every part is known."""
        try:
            return date(self.year, self.month, self.day)
        except ValueError:
            return None


@dataclass(frozen=True, repr=False)
class FourAttributes:
    """What the certificate says about its holder. Kept out of logs: it has no ``repr``.

    The substitute marks hold one digit per character, ``1`` where the true character could not be
    written and another stands for it; empty when the certificate does not say.
    """

    name: str
    birth: BirthDate
    sex: Sex
    address: str
    name_substitutes: str = ""
    address_substitutes: str = ""

    @property
    def has_substitutes(self) -> bool:
        """Whether a character of name or address stands for one that could not be written."""
        return "1" in self.name_substitutes + self.address_substitutes

    @classmethod
    def from_alternative_name(cls, names: x509.SubjectAlternativeName) -> Self:
        """Raises MalformedAttributes when one is missing, doubled or unreadable."""
        found = _other_names(names)
        missing = _REQUIRED - found.keys()
        if missing:
            raise MalformedAttributes("an attribute is missing")
        return cls(
            name=_readable(found[_NAME]),
            birth=BirthDate.parse(found[_BIRTH]),
            sex=_sex(found[_SEX]),
            address=_readable(found[_ADDRESS]),
            name_substitutes=_marks(found.get(_NAME_SUBSTITUTES, "")),
            address_substitutes=_marks(found.get(_ADDRESS_SUBSTITUTES, "")),
        )


def _other_names(names: x509.SubjectAlternativeName) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in names:
        if not isinstance(entry, x509.OtherName) or entry.type_id.dotted_string not in _KNOWN:
            continue
        oid = entry.type_id.dotted_string
        if oid in found:
            raise MalformedAttributes("an attribute stands twice")
        found[oid] = _utf8_string(entry.value)
    return found


def _utf8_string(der: bytes) -> str:
    if len(der) < 2 or der[0] != _UTF8_STRING:  # noqa: PLR2004 - tag and length
        raise MalformedAttributes("not a UTF8String")
    header = 2
    length = der[1]
    if length >= _LONG_FORM:
        size = length - _LONG_FORM
        if size not in _LENGTH_BYTES:
            raise MalformedAttributes("length of a UTF8String")
        header += size
        length = int.from_bytes(der[2:header], "big")
    if len(der) != header + length:
        raise MalformedAttributes("length of a UTF8String")
    try:
        return der[header:].decode()
    except UnicodeDecodeError as error:
        raise MalformedAttributes("not UTF-8") from error


def _readable(text: str) -> str:
    if not text.strip() or len(text) > _MAXIMUM_CHARACTERS:
        raise MalformedAttributes("an attribute is empty or too long")
    if any(_is_control(character) for character in text):
        raise MalformedAttributes("control characters in an attribute")
    return text


def _is_control(character: str) -> bool:
    """Whether it would break a line or turn the direction of what is shown to a clerk."""
    turns = unicodedata.bidirectional(character) in _DIRECTION_CLASSES
    return turns or unicodedata.category(character) in _FORBIDDEN_CATEGORIES


def _marks(text: str) -> str:
    if len(text) > _MAXIMUM_CHARACTERS or not set(text) <= {"0", "1"}:
        raise MalformedAttributes("substitute marks")
    return text


def _sex(text: str) -> Sex:
    try:
        return Sex(text)
    except ValueError as error:
        raise MalformedAttributes("sex") from error
