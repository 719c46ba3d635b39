"""Query parameters of QIDO-RS (PS3.18 §8.3.4): match keys and fields by tag, keyword or path."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote_to_bytes

from pydicom.datadict import dictionary_VR, tag_for_keyword
from werkzeug.datastructures import MultiDict

from dicom_gateway.errors import BadRequest
from dicom_gateway.index.matching import Key
from dicom_gateway.index.queries import Page
from dicom_gateway.index.searching import Fields, Wanted
from dicom_gateway.uid import checked_uid

LARGEST_PAGE: Final = 1000
MOST_KEYS: Final = 32
DEEPEST_PATH: Final = 8
LONGEST_VALUE: Final = 16_384
_TAG: Final = re.compile(r"[0-9A-Fa-f]{8}", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
_DATE: Final = re.compile(r"[0-9]{8}", re.ASCII)
_TIME: Final = re.compile(r"[0-9]{2}(:?[0-9]{2}(:?[0-9]{2}(\.[0-9]{1,6})?)?)?", re.ASCII)
_LITERAL: Final = "Only literal matching has been performed."
_UNSUPPORTED: Final = {
    "fuzzymatching": f"The fuzzymatching parameter is not supported. {_LITERAL}",
    "emptyvaluematching": f"The emptyvaluematching parameter is not supported. {_LITERAL}",
    "multiplevaluematching": f"The multiplevaluematching parameter is not supported. {_LITERAL}",
}
_OTHERS: Final = frozenset({"limit", "offset", "includefield", "accept"})


@dataclass(frozen=True)
class Search:
    """A parsed query, and what of it could not be honoured."""

    wanted: Wanted
    warnings: tuple[str, ...]


def read_search(query: bytes) -> Search:
    """The query as it came, percent-decoded once.

    Raises:
        BadRequest: not UTF-8, a malformed value, or an attribute that is none.
    """
    _require_utf8(query)
    arguments = MultiDict(parse_qsl(query.decode("utf-8"), keep_blank_values=True))
    pairs = list(arguments.items(multi=True))
    named = [pair for pair in pairs if pair[0] not in _OTHERS and pair[0] not in _UNSUPPORTED]
    if len(named) > MOST_KEYS:
        raise BadRequest(f"at most {MOST_KEYS} match keys")
    keys = tuple(_key(name, value) for name, value in named)
    if len({key.path for key in keys}) != len(keys):
        raise BadRequest("an attribute is asked for twice; join identifiers by commas")
    warnings = [
        text for name, text in _UNSUPPORTED.items() if arguments.get(name, "").lower() == "true"
    ]
    fields = read_fields(arguments.getlist("includefield"))
    return Search(Wanted(keys, fields, read_page(arguments)), tuple(warnings))


def _require_utf8(query: bytes) -> None:
    """Raises BadRequest: percent-decoding gives something other than UTF-8."""
    try:
        unquote_to_bytes(query).decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRequest("the query is not UTF-8; percent-encode the bytes of UTF-8") from error


def _key(name: str, value: str) -> Key:
    if len(value) > LONGEST_VALUE:
        raise BadRequest("the value of a match key is too long")
    key = Key(attribute_path(name), value)
    if not key.is_universal:
        _check_value(key)
    return key


def _check_value(key: Key) -> None:
    """Refuse what cannot be a value of the attribute's VR."""
    vr = _vr(key.path[-1])
    if vr == "UI":
        for uid in re.split(r"[,\\]", key.value):
            checked_uid(uid)
    elif vr == "DA":
        _check_range(key.value, _DATE, "dates are YYYYMMDD or a range of them")
    elif vr == "TM":
        _check_range(key.value, _TIME, "times are HHMMSS.FFFFFF, shorter, or a range of them")


def _check_range(value: str, form: re.Pattern[str], message: str) -> None:
    ends = value.split("-")
    if len(ends) > 2 or not any(ends) or any(end and not form.fullmatch(end) for end in ends):  # noqa: PLR2004
        raise BadRequest(message)


def _vr(tag: str) -> str:
    try:
        return dictionary_VR(int(tag, 16))
    except KeyError:
        return "UN"


def attribute_path(name: str) -> tuple[str, ...]:
    """Tags by tag or keyword, through sequences by dots (PS3.18 §8.3.4.1).

    Raises:
        BadRequest: not an attribute, or too deep.
    """
    steps = name.split(".")
    if len(steps) > DEEPEST_PATH:
        raise BadRequest("the way to this attribute is too long")
    return tuple(_tag(step) for step in steps)


def _tag(name: str) -> str:
    if _TAG.fullmatch(name):
        return name.upper()
    number = tag_for_keyword(name)
    if number is None:
        raise BadRequest("no such attribute or parameter; use a tag of 8 hex digits or a keyword")
    return f"{number:08X}"


def read_fields(values: list[str]) -> Fields:
    """``includefield``: repeated or by commas, ``all`` or attributes.

    Raises:
        BadRequest: as :func:`attribute_path`.
    """
    names = [name for value in values for name in value.split(",") if name]
    paths = tuple(dict.fromkeys(attribute_path(name) for name in names if name != "all"))
    return Fields("all" in names, paths)


def read_page(arguments: MultiDict[str, str]) -> Page:
    """``limit`` (at most 1000) and ``offset``."""
    limit = _number(arguments.get("limit", str(LARGEST_PAGE)))
    return Page(min(limit, LARGEST_PAGE), _number(arguments.get("offset", "0")))


def _number(text: str) -> int:
    if _NUMBER.fullmatch(text) is None:
        raise BadRequest("limit and offset are whole numbers")
    return int(text)
