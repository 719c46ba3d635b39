"""Card login: one token, one challenge, one verdict (DESIGN §4, steps in their order)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from app.jpki.certificates import read_authentication_certificate
from app.jpki.errors import AlgorithmNotAllowed, MalformedToken
from app.jpki.revocation import CheckPurpose, prove_standing
from app.jpki.signature import SignatureAlgorithm, verify_signature

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from app.jpki.anchors import TrustAnchor
    from app.jpki.challenge import Challenge
    from app.jpki.names import CredentialName
    from app.jpki.revocation import NotRevoked, RevocationSource
    from app.jpki.trust import Carrier, TrustStore

TOKEN_VERSION = 1
MAXIMUM_CERTIFICATE_CHARACTERS = 8192
MAXIMUM_SIGNATURE_CHARACTERS = 1024
_MEMBERS = {"type", "version", "certificate", "algorithm", "signature"}


@dataclass(frozen=True)
class UnverifiedToken:
    """The answer to a challenge as it arrived. Nothing in it is proved."""

    certificate_der: bytes
    algorithm: SignatureAlgorithm
    signature: bytes

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read a ``token`` message of config/wire/card-login. Raises MalformedToken."""
        if set(data) != _MEMBERS or data["type"] != "token":
            raise MalformedToken("not a token message")
        if type(data["version"]) is not int or data["version"] != TOKEN_VERSION:
            raise MalformedToken("another version")
        try:
            algorithm = SignatureAlgorithm(data["algorithm"])
        except ValueError as error:
            raise MalformedToken("unknown algorithm") from error
        return cls(
            certificate_der=_base64(data["certificate"], MAXIMUM_CERTIFICATE_CHARACTERS),
            algorithm=algorithm,
            signature=_base64(data["signature"], MAXIMUM_SIGNATURE_CHARACTERS),
        )


@dataclass(frozen=True)
class VerifiedHolder:
    """Proof that the holder of a live JPKI authentication card answered this challenge.

    It names a credential, not a person. ``simulated`` is true under a simulated trust profile.
    """

    credential: CredentialName
    not_after: datetime
    generation: int
    simulated: bool
    carrier: Carrier
    status: NotRevoked


def verify_login(
    token: UnverifiedToken,
    challenge: Challenge,
    trust: TrustStore,
    status: RevocationSource,
    *,
    at: datetime,
    purpose: CheckPurpose = CheckPurpose.LOGIN,
) -> VerifiedHolder:
    """Prove that the holder of a live JPKI authentication card answered this challenge.

    Raises a JpkiRejected when the proof does not hold and an IndeterminateStatus when the
    certificate's status cannot be known. The caller consumes the nonce, once.
    """
    certificate = read_authentication_certificate(
        token.certificate_der, policies=trust.authentication.policies
    )
    path = trust.path_to_anchor(certificate, at=at)
    require_listed(token.algorithm, path.anchor)
    not_revoked = prove_standing(status, path, at=at, purpose=purpose)
    key = certificate.public_key
    verify_signature(key, challenge.signed_bytes, token.signature, token.algorithm)
    return VerifiedHolder(
        credential=certificate.credential,
        not_after=certificate.not_after,
        generation=path.anchor.generation,
        simulated=trust.simulated,
        carrier=trust.authentication.carrier_of(certificate),
        status=not_revoked,
    )


def require_listed(algorithm: SignatureAlgorithm, anchor: TrustAnchor) -> None:
    """Raises AlgorithmNotAllowed unless the trust profile lists the algorithm for this anchor."""
    if algorithm not in anchor.algorithms:
        raise AlgorithmNotAllowed(f"{algorithm} under this anchor")


def _base64(value: object, limit: int) -> bytes:
    if not isinstance(value, str) or not 0 < len(value) <= limit:
        raise MalformedToken("missing, empty or too long")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedToken("not base64") from error
