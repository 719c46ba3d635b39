"""Query parameters of QIDO-RS (PS3.18 §8.3.4): attributes by tag or keyword, and paging."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydicom.datadict import tag_for_keyword

from dicom_gateway.errors import BadRequest
from dicom_gateway.index.queries import Page, StudyQuery
from dicom_gateway.uid import checked_uid

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

LARGEST_PAGE: Final = 1000
_TAG: Final = re.compile(r"[0-9A-Fa-f]{8}", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
_DATE: Final = re.compile(r"[0-9]{8}", re.ASCII)
_KNOWN: Final = frozenset(
    {
        "limit",
        "offset",
        "includefield",
        "fuzzymatching",
        "accept",
        "emptyvaluematching",
        "multiplevaluematching",
    }
)
STUDY_KEYS: Final = {
    "0020000D": "study",
    "00100020": "patient_id",
    "00100010": "patient_name",
    "00080050": "accession_number",
    "00080061": "modality",
    "00080020": "study_date",
}
SERIES_KEYS: Final = {"0020000E": "series", "00080060": "modality"}
INSTANCE_KEYS: Final = {"00080018": "instance"}


@dataclass(frozen=True)
class Search:
    """A parsed query: match keys by our names, the page, and what could not be honoured."""

    keys: dict[str, str]
    page: Page
    warnings: tuple[str, ...]


def read_search(arguments: MultiDict[str, str], known: dict[str, str]) -> Search:
    """The query as asked, percent-decoded once.

    Raises:
        BadRequest: a malformed value, or an attribute that is none.
    """
    keys: dict[str, str] = {}
    warnings: list[str] = []
    for name, value in arguments.items(multi=True):
        if name in _KNOWN:
            continue
        key = known.get(_tag(name))
        if key is None:
            raise BadRequest("this attribute cannot be searched by")
        if value and value != "*":
            keys[key] = value
    if arguments.get("fuzzymatching", "").lower() == "true":
        warnings.append(
            "The fuzzymatching parameter is not supported. "
            "Only literal matching has been performed."
        )
    return Search(keys, read_page(arguments), tuple(warnings))


def _tag(name: str) -> str:
    if _TAG.fullmatch(name):
        return name.upper()
    number = tag_for_keyword(name)
    if number is None:
        raise BadRequest("no such attribute or parameter")
    return f"{number:08X}"


def read_page(arguments: MultiDict[str, str]) -> Page:
    """``limit`` (at most 1000) and ``offset``."""
    limit = _number(arguments.get("limit", str(LARGEST_PAGE)))
    return Page(min(limit, LARGEST_PAGE), _number(arguments.get("offset", "0")))


def _number(text: str) -> int:
    if _NUMBER.fullmatch(text) is None:
        raise BadRequest("limit and offset are whole numbers")
    return int(text)


def study_query(keys: dict[str, str]) -> StudyQuery:
    """Match keys of a study search.

    Raises:
        BadRequest, BadUid: a date or identifier that is none.
    """
    uids = keys.get("study", "")
    return StudyQuery(
        study_instance_uids=tuple(checked_uid(u) for u in re.split(r"[,\\]", uids) if u),
        patient_id=keys.get("patient_id"),
        patient_name=keys.get("patient_name"),
        accession_number=keys.get("accession_number"),
        modality=keys.get("modality"),
        study_date=_date_range(keys["study_date"]) if "study_date" in keys else None,
    )


def _date_range(text: str) -> tuple[str, str]:
    """``YYYYMMDD`` or a range open at either end (PS3.4 C.2.2.2.5)."""
    first, dash, last = text.partition("-")
    if not dash:
        last = first
    if not (first or last) or any(end and not _DATE.fullmatch(end) for end in (first, last)):
        raise BadRequest("dates are YYYYMMDD or a range of them")
    return first or "00000000", last or "99999999"
