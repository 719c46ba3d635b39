"""Asking a peer what it has of one study: C-FIND as SCU (PS3.4 C.4.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydicom import Dataset

from dicom_gateway.dimse import status
from dicom_gateway.dimse.find import STUDY_ROOT
from dicom_gateway.dimse.transfer import is_open
from dicom_gateway.errors import BadUid, PullFailed, PullReason
from dicom_gateway.uid import checked_uid

if TYPE_CHECKING:
    from pynetdicom.association import Association

MOST_ANSWERS: Final = 65_535
PENDING: Final = frozenset({0xFF00, 0xFF01})  # the second: some optional keys not supported


@dataclass(frozen=True)
class Found:
    """A peer has the study. ``expected`` objects, 0 when it does not tell; the objects with their
    SOP classes, as far as they were asked and are told."""

    expected: int
    sop_classes: tuple[str, ...] = ()
    instances: frozenset[str] = frozenset()


def ask(line: Association, study: str, *, with_objects: bool) -> Found | None:
    """What the peer has of this study; ``None`` when it answers that it has nothing.

    Raises:
        PullFailed: it does not answer, or not with matches.
    """
    asked = question("STUDY", study, NumberOfStudyRelatedInstances="")
    fitting = [one for one in _answers(line, asked) if _is_of(one, study)]
    if not fitting:
        return None
    expected = _count(fitting[0].get("NumberOfStudyRelatedInstances"))
    objects = _known_objects(line, study) if with_objects else {}
    classes = {one for one in objects.values() if one}
    return Found(expected or len(objects), tuple(sorted(classes)), frozenset(objects))


def question(level: str, study: str, **keys: str) -> Dataset:
    """An identifier of the study root for this study."""
    asked = Dataset()
    asked.QueryRetrieveLevel = level
    asked.StudyInstanceUID = study
    for keyword, value in keys.items():
        setattr(asked, keyword, value)
    return asked


def _answers(line: Association, asked: Dataset) -> list[Dataset]:
    """All matches of one C-FIND.

    Raises:
        PullFailed: the peer does not answer, or not with matches.
    """
    found: list[Dataset] = []
    try:
        for answer, identifier in line.send_c_find(asked, STUDY_ROOT, priority=0):
            code = answer.get("Status")
            if code is None:
                raise PullFailed(PullReason.BROKEN)
            if code not in PENDING:
                if code != status.SUCCESS:
                    raise PullFailed(PullReason.SEARCH_REFUSED, code)
                return found
            if identifier is not None:
                found.append(identifier)
            if len(found) > MOST_ANSWERS:
                line.abort()
                raise PullFailed(PullReason.SEARCH_REFUSED)
    except (ValueError, RuntimeError) as error:
        raise PullFailed(PullReason.SEARCH_REFUSED) from error
    return found


def _is_of(answer: Dataset, study: str) -> bool:
    """Some archives answer more than they are asked."""
    return str(answer.get("StudyInstanceUID", "")) == study


def _known_objects(line: Association, study: str) -> dict[str, str]:
    """SOP classes by SOP instance; empty when the peer does not answer about single objects."""
    try:
        return _objects(line, study)
    except PullFailed:
        if not is_open(line):
            raise
        return {}


def _objects(line: Association, study: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for series in _answers(line, question("SERIES", study, SeriesInstanceUID="")):
        uid = _uid_of(series, "SeriesInstanceUID")
        if not uid:
            continue
        keys = {"SeriesInstanceUID": uid, "SOPInstanceUID": "", "SOPClassUID": ""}
        for image in _answers(line, question("IMAGE", study, **keys)):
            found[_uid_of(image, "SOPInstanceUID")] = _uid_of(image, "SOPClassUID")
    found.pop("", None)
    return found


def _uid_of(answer: Dataset, keyword: str) -> str:
    try:
        return checked_uid(str(answer.get(keyword) or ""))
    except BadUid:
        return ""


def _count(value: Any) -> int:
    try:
        return max(0, int(value))
    except (TypeError, ValueError):
        return 0
