"""C-FIND (PS3.4 C.4.1): the searches of QIDO-RS, asked and answered as identifiers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import structlog
from pydicom.uid import UID

from dicom_gateway.dimse import status
from dicom_gateway.dimse.identifier import (
    PATIENT_ID,
    SERIES_UID,
    STUDY_UID,
    QueryLevel,
    Question,
    read_question,
    write_answer,
)
from dicom_gateway.errors import GatewayError, TooBroad
from dicom_gateway.index import listing
from dicom_gateway.index.engine import reading
from dicom_gateway.index.matching import Key
from dicom_gateway.index.queries import Page
from dicom_gateway.index.searching import Fields, Level, Scope, Wanted, search

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom import Dataset
    from pynetdicom.events import Event
    from sqlalchemy import Engine

log = structlog.get_logger()

PATIENT_ROOT: Final = UID("1.2.840.10008.5.1.4.1.2.1.1")
STUDY_ROOT: Final = UID("1.2.840.10008.5.1.4.1.2.2.1")
MODELS: Final = (PATIENT_ROOT, STUDY_ROOT)
"""Information models, FIND (PS3.4 C.6.1, C.6.2)."""
MOST_ANSWERS: Final = 5000
_PATIENT_GROUP: Final = "0010"
_LEVELS: Final = {
    QueryLevel.PATIENT: Level.STUDY,
    QueryLevel.STUDY: Level.STUDY,
    QueryLevel.SERIES: Level.SERIES,
    QueryLevel.IMAGE: Level.INSTANCE,
}


def answers(event: Event, engine: Engine) -> Iterator[tuple[int, Dataset | None]]:
    """The responses to one C-FIND. A process edge: nothing escapes into the association."""
    try:
        is_patient_root = event.request.AffectedSOPClassUID == PATIENT_ROOT
        question = read_question(event.identifier, patient_root=is_patient_root)
        lines = find(engine, question)
    except GatewayError as error:
        log.warning("query refused", code=error.code, reason=str(error))
        yield _refusal(error), None
        return
    except Exception as error:  # noqa: BLE001 - edge of the DIMSE handler
        log.warning("query not understood", kind=type(error).__name__)
        yield status.UNABLE_TO_PROCESS, None
        return
    title = event.assoc.acceptor.ae_title
    for line in lines[:MOST_ANSWERS]:
        if event.is_cancelled:
            yield status.CANCEL, None
            return
        yield status.PENDING, write_answer(line, question, title)
    if len(lines) > MOST_ANSWERS:
        yield status.OUT_OF_RESOURCES, None


def _refusal(error: GatewayError) -> int:
    if isinstance(error, TooBroad):
        return status.OUT_OF_RESOURCES
    return status.IDENTIFIER_DOES_NOT_MATCH


def find(engine: Engine, question: Question) -> list[dict[str, Any]]:
    """What matches, one more than is answered at most when there are more. Local objects only.

    Keys of attributes that the level does not have are ignored (PS3.4 C.2.2.1.3).

    Raises:
        TooBroad: more would have to be examined than one request may.
    """
    level = _LEVELS[question.level]
    usable = [tag for tag in question.asked if _is_known(tag, question.level)]
    keys = tuple(Key((tag,), question.keys[tag]) for tag in usable if tag in question.keys)
    fields = Fields(paths=tuple((tag,) for tag in usable))
    scope = _scope(level, question)
    with reading(engine) as connection:
        found = search(connection, scope, Wanted(keys, fields, Page(MOST_ANSWERS + 1, 0)))
    lines = [listing.read_line(text) for text in found]
    return _patients(lines) if question.level is QueryLevel.PATIENT else lines


def _is_known(tag: str, level: QueryLevel) -> bool:
    if level is QueryLevel.PATIENT:
        return tag.startswith(_PATIENT_GROUP) and tag in listing.STUDY_ATTRIBUTES
    if level is QueryLevel.STUDY:
        return tag in listing.STUDY_ATTRIBUTES
    return level is QueryLevel.IMAGE or tag in listing.STUDY_ATTRIBUTES | listing.SERIES_ATTRIBUTES


def _scope(level: Level, question: Question) -> Scope:
    """One study, one series is gone into straight; otherwise the keys narrow it."""
    studies, series = question.uids(STUDY_UID), question.uids(SERIES_UID)
    if level is not Level.INSTANCE or len(studies) != 1:
        return Scope(level, None)
    return Scope(level, None, studies[0], series[0] if len(series) == 1 else "")


def _patients(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each patient once, as the newest study has them."""
    found: dict[str, dict[str, Any]] = {}
    for line in lines:
        identity = "".join(map(str, line.get(PATIENT_ID, {}).get("Value", [])))
        found.setdefault(identity, line)
    return list(found.values())
