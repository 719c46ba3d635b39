"""The card's signing commands: one RSA key and six ways to pad (P1 of 80 2A)."""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils

from simulators.card import status
from simulators.card.status import CardRefusal

RAW = 0x00
DIGEST_WITHOUT_INFO = 0x01
PKCS1_HASH = 0x02
PKCS1_MESSAGE = 0x03
PSS_HASH = 0x04
PSS_MESSAGE = 0x05

_SHA256 = hashes.SHA256()
_PREHASHED = utils.Prehashed(_SHA256)
_PSS = padding.PSS(mgf=padding.MGF1(_SHA256), salt_length=32)
_PADDING_OVERHEAD = 11  # RFC 8017 §9.2: 00 01, at least eight FF, 00


def sign(key: rsa.RSAPrivateKey, scheme: int, data: bytes) -> bytes:
    """A signature as long as the modulus. Raises CardRefusal 6700 (length) or 6A86 (scheme)."""
    if scheme > PSS_MESSAGE:
        raise CardRefusal(status.WRONG_PARAMETERS)
    _require_length(key, scheme, data)
    if scheme == RAW:
        return key.sign(data, padding.PKCS1v15(), utils.NoDigestInfo())
    if scheme == DIGEST_WITHOUT_INFO:
        return key.sign(hashlib.sha256(data).digest(), padding.PKCS1v15(), utils.NoDigestInfo())
    if scheme in {PKCS1_HASH, PKCS1_MESSAGE}:
        algorithm = _PREHASHED if scheme == PKCS1_HASH else _SHA256
        return key.sign(data, padding.PKCS1v15(), algorithm)
    return key.sign(data, _PSS, _PREHASHED if scheme == PSS_HASH else _SHA256)


def _require_length(key: rsa.RSAPrivateKey, scheme: int, data: bytes) -> None:
    if scheme in {PKCS1_HASH, PSS_HASH}:
        fits = len(data) == _SHA256.digest_size
    elif scheme == RAW:
        fits = 1 <= len(data) <= key.key_size // 8 - _PADDING_OVERHEAD
    else:
        fits = len(data) >= 1
    if not fits:
        raise CardRefusal(status.WRONG_LENGTH)
