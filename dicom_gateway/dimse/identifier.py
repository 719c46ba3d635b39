"""Identifiers of Query/Retrieve: requests read, answers written (PS3.4 C.1.1, C.4.1.1.3)."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from pydicom import Dataset
from pydicom.charset import convert_encodings, decode_bytes, encode_string
from pydicom.datadict import dictionary_VR
from pydicom.valuerep import TEXT_VR_DELIMS

from dicom_gateway.errors import IdentifierRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydicom.dataelem import DataElement

UNICODE: Final = "ISO_IR 192"
PATIENT_ID, STUDY_UID = "00100020", "0020000D"
SERIES_UID, INSTANCE_UID = "0020000E", "00080018"
_CHARACTER_SET: Final = 0x00080005
_NOT_KEYS: Final = frozenset({"00080005", "00080052", "00080054", "00080201", "00081190"})
_TEXT_VRS: Final = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})
_UNRENDERABLE: Final = (ValueError, TypeError, AttributeError, LookupError, NotImplementedError)


class QueryLevel(StrEnum):
    """Query/Retrieve Level (0008,0052)."""

    PATIENT = "PATIENT"
    STUDY = "STUDY"
    SERIES = "SERIES"
    IMAGE = "IMAGE"


UNIQUE_KEY: Final = {
    QueryLevel.PATIENT: PATIENT_ID,
    QueryLevel.STUDY: STUDY_UID,
    QueryLevel.SERIES: SERIES_UID,
    QueryLevel.IMAGE: INSTANCE_UID,
}


@dataclass(frozen=True)
class Question:
    """What a peer asks: ``keys`` to match by tag, ``asked`` tags to answer with."""

    level: QueryLevel
    keys: dict[str, str]
    asked: tuple[str, ...]
    character_sets: tuple[str, ...]

    def uids(self, tag: str) -> tuple[str, ...]:
        """The identifiers of a list match (PS3.4 C.2.2.2.2)."""
        return tuple(uid for uid in self.keys.get(tag, "").split("\\") if uid)


def read_question(identifier: Dataset, *, patient_root: bool) -> Question:
    """A request as asked. Sequences are asked for, never matched by.

    Raises:
        IdentifierRefused: no level, or one the information model does not have.
    """
    level = _level(identifier, patient_root=patient_root)
    keys: dict[str, str] = {}
    asked: list[str] = []
    for tag in identifier.keys():  # noqa: SIM118 - iterating a Dataset decodes it
        name = f"{int(tag):08X}"
        if name in _NOT_KEYS or tag.element == 0:
            continue
        asked.append(name)
        value = _value(identifier, int(tag))
        if value.strip("*"):
            keys[name] = value
    sets = _texts(identifier, _CHARACTER_SET)
    return Question(level, keys, tuple(asked), sets)


def _level(identifier: Dataset, *, patient_root: bool) -> QueryLevel:
    text = str(identifier.get("QueryRetrieveLevel", "")).strip()
    if text not in set(QueryLevel):
        raise IdentifierRefused("QueryRetrieveLevel is PATIENT, STUDY, SERIES or IMAGE")
    level = QueryLevel(text)
    if level is QueryLevel.PATIENT and not patient_root:
        raise IdentifierRefused("the study root has no PATIENT level")
    return level


def _value(identifier: Dataset, tag: int) -> str:
    """The match key as text; empty for a sequence or what cannot be read."""
    return "\\".join(_texts(identifier, tag))


def _texts(identifier: Dataset, tag: int) -> tuple[str, ...]:
    if tag not in identifier:
        return ()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            element = identifier[tag]
            values = element.value if element.VM > 1 else [element.value]
            is_text = element.VR != "SQ" and not isinstance(element.value, bytes | type(None))
            return tuple(str(one).strip() for one in values) if is_text else ()
        except _UNRENDERABLE as error:
            raise IdentifierRefused(f"the value of {tag:08X} cannot be read") from error


def write_answer(line: dict[str, Any], question: Question, ae_title: str) -> Dataset:
    """One match as an identifier: what was asked for, empty where there is no value."""
    answer = Dataset()
    wanted = dict.fromkeys((*question.asked, UNIQUE_KEY[question.level]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for tag in wanted:
            _add(answer, tag, line.get(tag, {}))
        answer.QueryRetrieveLevel = str(question.level)
        answer.RetrieveAETitle = ae_title
        sets = choose_character_sets(question.character_sets, _texts_of(answer))
    if sets:
        answer.SpecificCharacterSet = sets[0] if len(sets) == 1 else list(sets)
    return answer


def _add(answer: Dataset, tag: str, entry: dict[str, Any]) -> None:
    try:
        vr = str(entry.get("vr") or dictionary_VR(int(tag, 16)))
    except KeyError:
        return
    values = {"vr": vr, "Value": entry["Value"]} if entry.get("Value") else {"vr": vr}
    try:
        answer.update(Dataset.from_json({tag: values}))
    except _UNRENDERABLE:
        answer.add_new(int(tag, 16), vr, None)


def _texts_of(data_set: Dataset) -> Iterator[str]:
    for element in data_set:
        if element.VR == "SQ":
            for item in element.value:
                yield from _texts_of(item)
        elif element.VR in _TEXT_VRS:
            yield from _pieces(element)


def _pieces(element: DataElement) -> Iterator[str]:
    values = element.value if element.VM > 1 else [element.value]
    for value in values:
        text = "" if value is None else str(value)
        if element.VR == "PN":
            yield from text.replace("=", "^").split("^")
        else:
            yield text


def choose_character_sets(requested: tuple[str, ...], texts: Iterable[str]) -> tuple[str, ...]:
    """The request's character sets if they can carry every text, otherwise Unicode.

    The default repertoire (empty, ISO_IR 6) carries ASCII only.
    """
    found = list(texts)
    if all(text.isascii() for text in found):
        return requested
    names = [name or "ISO_IR 6" for name in requested]
    if not any(name not in {"ISO_IR 6", "ISO 2022 IR 6"} for name in names):
        return (UNICODE,)
    try:
        encodings = convert_encodings(names)
        fits = all(_carries(encodings, text) for text in found)
    except (LookupError, ValueError):
        return (UNICODE,)
    return requested if fits else (UNICODE,)


def _carries(encodings: list[str], text: str) -> bool:
    if encodings == ["iso8859"]:
        return text.isascii()
    try:
        return decode_bytes(encode_string(text, encodings), encodings, TEXT_VR_DELIMS) == text
    except UnicodeError:
        return False
