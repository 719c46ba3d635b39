"""Signatures over bytes: three algorithms, each bound to its kind of key.

The algorithm comes from the token only as a claim; it must be one the issuer's trust profile lists
and the certificate's own key must be of its kind.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from app.jpki.errors import AlgorithmNotAllowed, SignatureInvalid

if TYPE_CHECKING:
    from app.jpki.certificates import PublicKey

_P384_HALF: Final = 48
_PSS_SALT_BYTES: Final = 32


class SignatureAlgorithm(StrEnum):
    """JOSE names (RFC 7518 §3.1)."""

    RS256 = "RS256"
    PS256 = "PS256"
    ES384 = "ES384"


def verify_signature(
    key: PublicKey, signed: bytes, signature: bytes, algorithm: SignatureAlgorithm
) -> None:
    """Prove that ``key`` signed these bytes.

    RS256 is RSASSA-PKCS1-v1_5 whose DigestInfo carries the NULL parameter; PS256 has a 32-byte
    salt; ES384 is r and s of 48 bytes each (RFC 7518 §3.4).
    Raises AlgorithmNotAllowed, SignatureInvalid.
    """
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, _rsa_padding(algorithm), hashes.SHA256())
        elif algorithm is SignatureAlgorithm.ES384:
            key.verify(_der_of_p384(signature), signed, ec.ECDSA(hashes.SHA384()))
        else:
            raise AlgorithmNotAllowed(f"{algorithm} with an elliptic-curve key")
    except InvalidSignature as error:
        raise SignatureInvalid("the signature does not hold") from error


def _rsa_padding(algorithm: SignatureAlgorithm) -> padding.AsymmetricPadding:
    if algorithm is SignatureAlgorithm.RS256:
        return padding.PKCS1v15()
    if algorithm is SignatureAlgorithm.PS256:
        return padding.PSS(padding.MGF1(hashes.SHA256()), _PSS_SALT_BYTES)
    raise AlgorithmNotAllowed(f"{algorithm} with an RSA key")


def _der_of_p384(signature: bytes) -> bytes:
    if len(signature) != 2 * _P384_HALF:
        raise SignatureInvalid("an ES384 signature is 96 bytes")
    r, s = signature[:_P384_HALF], signature[_P384_HALF:]
    return encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
