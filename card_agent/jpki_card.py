"""Driver of the JPKI application on a My Number Card (公的個人認証サービス).

Selects nothing but the JPKI application: the applications that hold the Individual Number
(個人番号) are never touched. PIN bytes go to the card and nowhere else.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asn1crypto import x509

from card_agent.errors import (
    MalformedPin,
    NoSignatureCertificate,
    PinBlocked,
    UnexpectedAnswer,
    WrongCard,
    WrongPin,
)

if TYPE_CHECKING:
    from card_agent.transport import CardConnection, ResponseApdu

JPKI_AID = bytes.fromhex("D392F000260100000001")
# RFC 8017 §9.2 note 1: DigestInfo of SHA-256 with its NULL parameter.
SHA256_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")

_OK = 0x9000
_NOT_FOUND = 0x6A82
_BLOCKED = frozenset({0x6983, 0x6984})
_TRIES_MASK, _TRIES = 0xFFF0, 0x63C0

_CERTIFICATES_PRESENT = 0x0008
_ABSENT = 0x00
_CHUNK = 256
_HEADER_BYTES = 4
_DER_SEQUENCE = 0x30
_DER_TWO_LENGTH_BYTES = 0x82
_CERTIFICATE_MAXIMUM = 8192


@dataclass(frozen=True)
class KeyReference:
    """The files behind one of the two keys, and the form of its PIN."""

    certificate: int
    key: int
    pin: int
    pin_pattern: re.Pattern[str]


AUTHENTICATION = KeyReference(0x000A, 0x0017, 0x0018, re.compile(r"[0-9]{4}"))
SIGNATURE = KeyReference(0x0001, 0x001A, 0x001B, re.compile(r"[A-Z0-9]{6,16}"))


class JpkiCard:
    """A My Number Card on an open connection, with the JPKI application selected."""

    def __init__(self, connection: CardConnection) -> None:
        self._connection = connection
        answer = self._send(b"\x00\xa4\x04\x0c" + bytes([len(JPKI_AID)]) + JPKI_AID)
        if answer.status != _OK:
            raise WrongCard

    def tries_left(self, reference: KeyReference) -> int:
        """Tries left for this key's PIN, 0 when blocked; costs none."""
        self._select(reference.pin)
        answer = self._send(b"\x00\x20\x00\x80")
        if answer.status in _BLOCKED:
            return 0
        return _tries("query", answer)

    def require_signature_certificate(self) -> None:
        """Raise NoSignatureCertificate when the card says it holds none.

        A card that does not tell is left to the read after the PIN.
        """
        if not self._try_select(_CERTIFICATES_PRESENT):
            return
        answer = self._send(bytes.fromhex("00B0000003"))
        if answer.status == _OK and answer.data[:1] == bytes([_ABSENT]):
            raise NoSignatureCertificate

    def verify(self, reference: KeyReference, pin: str) -> None:
        """Show the PIN to the card. Raises MalformedPin, PinBlocked or WrongPin.

        Blocked is judged from the query: cards differ in what a refused VERIFY says.
        """
        if not reference.pin_pattern.fullmatch(pin):
            raise MalformedPin
        if self.tries_left(reference) == 0:
            raise PinBlocked
        secret = pin.encode("ascii")
        answer = self._send(b"\x00\x20\x00\x80" + bytes([len(secret)]) + secret)
        if answer.status == _OK:
            return
        left = self.tries_left(reference)
        if left == 0:
            raise PinBlocked
        raise WrongPin(left)

    def read_certificate(self, reference: KeyReference) -> bytes:
        """The DER certificate without the file's padding.

        Raises NoSignatureCertificate when the file holds none; the signature certificate needs its
        PIN first.
        """
        if not self._try_select(reference.certificate):
            raise NoSignatureCertificate
        header = self._read(0, _HEADER_BYTES)
        if header[:2] != bytes([_DER_SEQUENCE, _DER_TWO_LENGTH_BYTES]):
            raise NoSignatureCertificate
        total = int.from_bytes(header[2:], "big") + _HEADER_BYTES
        if total > _CERTIFICATE_MAXIMUM:
            raise NoSignatureCertificate
        return _require_certificate(self._read_to(total, header))

    def sign(self, reference: KeyReference, message: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5 with SHA-256 over ``message``; the PIN must have been shown."""
        self._select(reference.key)
        block = SHA256_DIGEST_INFO + hashlib.sha256(message).digest()
        answer = self._send(b"\x80\x2a\x00\x80" + bytes([len(block)]) + block + b"\x00")
        return _require_ok("sign", answer)

    def _read_to(self, total: int, start: bytes) -> bytes:
        content = start
        while len(content) < total:
            part = self._read(len(content), min(_CHUNK, total - len(content)))
            if not part:
                raise UnexpectedAnswer("read", _OK)
            content += part
        return content

    def _read(self, offset: int, count: int) -> bytes:
        command = b"\x00\xb0" + offset.to_bytes(2, "big") + bytes([count % _CHUNK])
        return _require_ok("read", self._send(command))[:count]

    def _select(self, file_id: int) -> None:
        if not self._try_select(file_id):
            raise UnexpectedAnswer("select", _NOT_FOUND)

    def _try_select(self, file_id: int) -> bool:
        answer = self._send(b"\x00\xa4\x02\x0c\x02" + file_id.to_bytes(2, "big"))
        if answer.status == _NOT_FOUND:
            return False
        _require_ok("select", answer)
        return True

    def _send(self, apdu: bytes) -> ResponseApdu:
        return self._connection.transmit(apdu)


def _require_ok(step: str, answer: ResponseApdu) -> bytes:
    if answer.status != _OK:
        raise UnexpectedAnswer(step, answer.status)
    return answer.data


def _tries(step: str, answer: ResponseApdu) -> int:
    if answer.status & _TRIES_MASK != _TRIES:
        raise UnexpectedAnswer(step, answer.status)
    return answer.status & 0x0F


def _require_certificate(der: bytes) -> bytes:
    try:
        x509.Certificate.load(der, strict=True).serial_number  # noqa: B018 - parses lazily
    except ValueError as error:
        raise NoSignatureCertificate from error
    return der
