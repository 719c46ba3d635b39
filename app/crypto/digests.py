"""SHA-2 and comparison in constant time."""

from __future__ import annotations

import base64
import hashlib
import hmac

_SHA2 = {"sha256": hashlib.sha256, "sha384": hashlib.sha384}


def digest(name: str, data: bytes) -> bytes:
    """The digest by the SHA-2 function of this name, ``"sha256"`` or ``"sha384"``."""
    return _SHA2[name](data).digest()


def sha256(data: bytes) -> bytes:
    """The 32-byte digest."""
    return hashlib.sha256(data).digest()


def sha256_hex(data: bytes | str) -> str:
    """The digest as 64 lower-case hex digits; text is taken as UTF-8."""
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def sha256_base64url(data: bytes) -> str:
    """The digest, base64url without padding: 43 characters."""
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def keyed_hex(key: bytes, data: bytes) -> str:
    """HMAC-SHA-256 as 64 lower-case hex digits: a digest nobody can compute without the key."""
    return hmac.new(key, data, hashlib.sha256).hexdigest()


def equal(left: bytes | str, right: bytes | str) -> bool:
    """Whether two values are the same, in a time that does not tell where they differ."""
    return hmac.compare_digest(_as_bytes(left), _as_bytes(right))


def _as_bytes(value: bytes | str) -> bytes:
    return value.encode() if isinstance(value, str) else value
