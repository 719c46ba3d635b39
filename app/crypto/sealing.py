"""Sealed bytes at rest: AES-256-GCM (NIST SP 800-38D) in an envelope that names its key.

Layout: version (1 byte, 0x01) · key id (8 bytes) · nonce (12 bytes, random) · ciphertext and tag.
The header and a context (``"identity.evidence"`` and the row's id, say) are authenticated with it,
so that sealed bytes cannot be moved to another place. Old keys open; only the current one seals.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.core.errors import Misconfigured
from app.crypto.digests import sha256
from app.crypto.errors import SealBroken

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

KEY_BYTES = 32
_VERSION = b"\x01"
_KEY_ID_BYTES = 8
_NONCE_BYTES = 12
_HEADER_BYTES = 1 + _KEY_ID_BYTES + _NONCE_BYTES
_TAG_BYTES = 16


def new_sealing_key() -> bytes:
    """32 random bytes."""
    return secrets.token_bytes(KEY_BYTES)


def key_line(key: bytes) -> str:
    """A key as one line of a key file."""
    return base64.b64encode(key).decode("ascii") + "\n"


@dataclass(frozen=True, repr=False)
class Sealer:
    """Seals with one key and opens with that and older ones. Safe for 2**32 seals per key."""

    _current: bytes
    _keys: dict[bytes, AESGCM]

    @classmethod
    def of(cls, current: bytes, older: Iterable[bytes] = ()) -> Self:
        """Raises Misconfigured when a key is not 32 bytes long."""
        keys = [current, *older]
        if any(len(key) != KEY_BYTES for key in keys):
            raise Misconfigured("a sealing key is 32 bytes")
        return cls(_key_id(current), {_key_id(key): AESGCM(key) for key in keys})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Keys of a file, one base64 line each, the current one first. Raises Misconfigured."""
        try:
            lines = path.read_text(encoding="ascii").split()
            current, *older = (base64.b64decode(line, validate=True) for line in lines)
        except (OSError, ValueError, binascii.Error) as error:
            raise Misconfigured(f"no sealing keys in {path.name}") from error
        return cls.of(current, older)

    def seal(self, plain: bytes, *, context: str) -> bytes:
        """The envelope; 37 bytes longer than what it holds."""
        header = _VERSION + self._current + secrets.token_bytes(_NONCE_BYTES)
        nonce = header[-_NONCE_BYTES:]
        return header + self._keys[self._current].encrypt(nonce, plain, _bound(header, context))

    def open(self, sealed: bytes, *, context: str) -> bytes:
        """What was sealed in this context. Raises SealBroken."""
        header, body = sealed[:_HEADER_BYTES], sealed[_HEADER_BYTES:]
        cipher = self._keys.get(header[1 : 1 + _KEY_ID_BYTES])
        if header[:1] != _VERSION or len(body) < _TAG_BYTES or cipher is None:
            raise SealBroken("not sealed by a key we hold")
        try:
            return cipher.decrypt(header[-_NONCE_BYTES:], body, _bound(header, context))
        except InvalidTag as error:
            raise SealBroken("altered, or from another context") from error

    def is_current(self, sealed: bytes) -> bool:
        """Whether the envelope names the current key; rotation re-seals those that do not."""
        return sealed[1 : 1 + _KEY_ID_BYTES] == self._current


def _key_id(key: bytes) -> bytes:
    return sha256(b"tsunagu-sealing-key-id\x00" + key)[:_KEY_ID_BYTES]


def _bound(header: bytes, context: str) -> bytes:
    return header + context.encode()
