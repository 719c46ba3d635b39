"""Reading text by its declared character set (PS3.5 6.1, PS3.3 C.12.1.1.2), and never by a guess.

pydicom does the decoding. What it would take on trust is caught here: undeclared bytes, two-byte
characters behind a single-byte label, escape sequences that nothing declares. They become U+FFFD.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, cast

from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement, convert_raw_data_element

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

TEXT_VRS: Final = frozenset({"PN", "LO", "SH", "ST", "LT", "UC", "UT"})
REPLACEMENT: Final = "\ufffd"
_JIS_X_0201: Final = "shift_jis"
_DEFAULT: Final = "iso8859"
_ROMAN: Final = b"\x1b(J"
_ASCII: Final = b"\x1b(B"
_NO_KANA: Final = bytes(
    byte if byte < 0x80 or 0xA1 <= byte <= 0xDF else 0xFF  # noqa: PLR2004 - JIS X 0201, G0 and G1
    for byte in range(256)
)
_LEFT_BY_GB2312: Final = "\x1b$)A"
"""What pydicom leaves of a change to ISO-IR 58: it hands the designation to Python's codec."""
_UNREAD_ESCAPE: Final = re.compile("\x1b[^\\^=\\\\\r\n\f]*")


def require_declared_text(data_set: Dataset) -> None:
    """Read text of the top level as declared; what the declaration cannot explain is U+FFFD."""
    encodings: str | list[str] = data_set._character_set  # pydicom offers no other way to ask
    listed = [encodings] if isinstance(encodings, str) else list(encodings)
    if listed[0] != _DEFAULT and _JIS_X_0201 not in listed and len(listed) == 1:
        return
    strict = ["ascii" if one == _DEFAULT else one for one in listed]
    for tag in list(data_set.keys()):
        raw = cast("object", data_set.get_item(tag))
        if isinstance(raw, RawDataElement) and _needs_care(raw):
            careful = raw._replace(value=_declared_bytes(raw.value or b"", listed))
            data_set[tag] = convert_raw_data_element(careful, encoding=strict, ds=data_set)


def _needs_care(raw: RawDataElement) -> bool:
    if not raw.value or (raw.value.isascii() and b"\x1b" not in raw.value):
        return False
    try:
        vr = raw.VR or dictionary_VR(raw.tag)
    except KeyError:
        return False
    return vr in TEXT_VRS


def _declared_bytes(value: bytes, listed: list[str]) -> bytes:
    """The bytes with a mark (0xFF) where JIS X 0201 has no character.

    ISO-IR 14 differs from ASCII in the backslash and the tilde only: a change to it that was not
    declared, as many modalities end their kanji, reads as one to ASCII.
    """
    if _JIS_X_0201 in listed:
        return value.translate(_NO_KANA)
    return value.replace(_ROMAN, _ASCII)


def mark_unread(entry: dict[str, Any]) -> None:
    """Put U+FFFD where an escape sequence was left unread in one DICOM JSON attribute."""
    if entry.get("vr") not in TEXT_VRS:
        return
    entry["Value"] = [_marked(value) for value in entry.get("Value", [])]
    if not entry["Value"]:
        del entry["Value"]


def _marked(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _marked(text) for key, text in value.items()}
    if not isinstance(value, str) or "\x1b" not in value:
        return value
    return _UNREAD_ESCAPE.sub(REPLACEMENT, value.replace(_LEFT_BY_GB2312, ""))
