"""The lines of a revocation list (RFC 5280 §5.1.2.6), read straight from its DER.

A list of a region holds a million lines; a general parser takes longer for them than a refresh may.
Only bytes whose signature was proved come here, and still nothing is taken for granted: a line of
another form than the profile's is a refusal.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from asn1crypto import crl as asn1_crl

from app.jpki.errors import CrlMalformed, CrlWrongScope

if TYPE_CHECKING:
    from collections.abc import Iterator

_SEQUENCE, _INTEGER, _UTC_TIME, _GENERALIZED_TIME, _EXTENSIONS = 0x30, 0x02, 0x17, 0x18, 0xA0
_LONG_FORM, _SIGN_BIT = 0x80, 0x80
_MAXIMUM_LENGTH_BYTES = 4
_MAXIMUM_SERIAL_BYTES = 21  # 20 octets and a leading zero
_TIME_FORMS: Final = {_UTC_TIME: (13, "%y%m%d%H%M%SZ"), _GENERALIZED_TIME: (15, "%Y%m%d%H%M%SZ")}
_UNSPECIFIED = "unspecified"


class RevokedEntry(NamedTuple):
    """One line of a list. ``serial`` is lower-case hex. A million are made: hence a tuple."""

    serial: str
    revoked_at: datetime
    reason: str


def read_entries(tbs: bytes) -> Iterator[RevokedEntry]:
    """The lines of a TBSCertList in the order of their serials, as text sorts.

    Raises CrlMalformed, CrlWrongScope before the first one.
    """
    try:
        lines, details = _packed(tbs, *_revoked_certificates(tbs))
    except (IndexError, ValueError, OverflowError) as error:
        raise CrlMalformed("an entry cannot be read") from error
    lines.sort()
    for line in lines:
        serial, _, index = line.partition(" ")
        yield RevokedEntry(serial, *details[int(index)])


def _revoked_certificates(tbs: bytes) -> tuple[int, int]:
    """Where the lines stand: after version, algorithm, issuer and both times; (0, 0) for none."""
    tag, place, end = _header(tbs, 0)
    if tag != _SEQUENCE or end != len(tbs):
        raise CrlMalformed("not a TBSCertList")
    times = 0
    while place < end:
        tag, start, stop = _header(tbs, place)
        if tag == _EXTENSIONS:
            break
        if times and tag == _SEQUENCE:
            return start, stop
        times += tag in _TIME_FORMS
        place = stop
    return 0, 0


def _header(der: bytes, place: int) -> tuple[int, int, int]:
    """Tag, start of the contents and end of the element at ``place``."""
    length, start = der[place + 1], place + 2
    if length >= _LONG_FORM:
        size = length - _LONG_FORM
        if not 0 < size <= _MAXIMUM_LENGTH_BYTES:
            raise CrlMalformed("length")
        length, start = int.from_bytes(der[start : start + size], "big"), start + size
    if start + length > len(der):
        raise CrlMalformed("an element is cut off")
    return der[place], start, start + length


def _packed(der: bytes, place: int, end: int) -> tuple[list[str], list[tuple[datetime, str]]]:
    """Each line as ``"serial index"`` into the dates and reasons: a million texts, few objects."""
    lines: list[str] = []
    details: list[tuple[datetime, str]] = []
    known: dict[bytes, int] = {}
    while place < end:
        start, stop = place + 2, place + 2 + der[place + 1]
        if der[place + 1] >= _LONG_FORM:
            _, start, stop = _header(der, place)
        size = der[start + 1]
        time_at = start + 2 + size
        if der[place] != _SEQUENCE or der[start] != _INTEGER or not time_at < stop <= end:
            raise CrlMalformed("an entry of another form")
        if not 0 < size <= _MAXIMUM_SERIAL_BYTES or der[start + 2] & _SIGN_BIT:
            raise CrlMalformed("a serial number out of range")
        coded = der[time_at:stop]
        index = known.get(coded)
        if index is None:
            index = known[coded] = len(details)
            details.append(_details(coded))
        serial = der[start + 2 : time_at].hex().lstrip("0") or "0"
        lines.append(f"{serial} {index}")
        place = stop
    return lines, details


def _details(coded: bytes) -> tuple[datetime, str]:
    """Date and reason, from the bytes behind the serial."""
    after = 2 + coded[1]
    if after > len(coded):
        raise CrlMalformed("a revocation date is cut off")
    return _time(coded[:after]), _reason(coded[after:])


def _time(coded: bytes) -> datetime:
    length, form = _TIME_FORMS.get(coded[0], (0, ""))
    if coded[1] != length:
        raise CrlMalformed("a revocation date of another form")
    return datetime.strptime(coded[2:].decode("ascii"), form).replace(tzinfo=UTC)


def _reason(coded: bytes) -> str:
    """The reason among an entry's extensions, as in RFC 5280 §5.3.1."""
    reason = _UNSPECIFIED
    if not coded:
        return reason
    for extension in asn1_crl.CRLEntryExtensions.load(coded, strict=True):
        if extension["extn_id"].native == "crl_reason":
            reason = _camel(extension["extn_value"].parsed.native)
        elif extension["critical"].native:
            raise CrlWrongScope("an entry with an unknown critical extension")
    return reason


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
