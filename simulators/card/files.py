"""The elementary files of the JPKI application, built from a card folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulators.card.folder import CardFolder

SIGN_CERTIFICATE = 0x0001
SIGN_CA_CERTIFICATE = 0x0002
TOKEN_INFO = 0x0006
CERTIFICATES_PRESENT = 0x0008
AUTH_CERTIFICATE = 0x000A
AUTH_CA_CERTIFICATE = 0x000B
TERMINAL_CA_KEY = 0x0016
AUTH_KEY = 0x0017
AUTH_PIN = 0x0018
SIGN_KEY = 0x001A
SIGN_PIN = 0x001B

FILE_SIZE = 2048
PRESENT = b"\x8f"
ABSENT = b"\x00"

KEYS_AND_PINS = frozenset({TERMINAL_CA_KEY, AUTH_KEY, AUTH_PIN, SIGN_KEY, SIGN_PIN})
NEEDS_SIGN_PIN = frozenset({SIGN_CERTIFICATE})

_LABEL = b"JPKIAPICCTOKEN2"


@dataclass(frozen=True)
class FileSystem:
    """Transparent files by file id; keys and PINs can be selected but not read."""

    transparent: dict[int, bytes]

    def exists(self, file_id: int) -> bool:
        """Whether SELECT finds this file id."""
        return file_id in self.transparent or file_id in KEYS_AND_PINS

    def by_short_id(self, short_id: int) -> int | None:
        """The file id whose low five bits are this short file identifier."""
        candidates = (*self.transparent, *sorted(KEYS_AND_PINS))
        return next((file_id for file_id in candidates if file_id & 0x1F == short_id), None)


def build_files(folder: CardFolder) -> FileSystem:
    """The files of this card, certificates padded with FF as on a real card."""
    sign_certificate, sign_ca = (
        (folder.sign.certificate, folder.sign.ca_certificate) if folder.sign else (b"", b"")
    )
    transparent = {
        SIGN_CERTIFICATE: _padded(sign_certificate),
        SIGN_CA_CERTIFICATE: _padded(sign_ca),
        AUTH_CERTIFICATE: _padded(folder.auth.certificate),
        AUTH_CA_CERTIFICATE: _padded(folder.auth.ca_certificate),
        TOKEN_INFO: token_info(),
        CERTIFICATES_PRESENT: (PRESENT if folder.sign else ABSENT) + PRESENT + b"\x00",
    }
    return FileSystem(transparent)


def _padded(content: bytes) -> bytes:
    return content.ljust(FILE_SIZE, b"\xff")


def token_info() -> bytes:
    """A CK_TOKEN_INFO of 160 bytes (PKCS#11 §3.2) with four-byte numbers."""
    texts = _LABEL.ljust(32) + b"SIMULATED".ljust(32) + b"JPKI-SIMULATED".ljust(16) + b"0".ljust(16)
    flags_and_counters = b"\x00" * 44
    versions = b"\x02\x00\x01\x00"
    return texts + flags_and_counters + versions + b"0" * 16
