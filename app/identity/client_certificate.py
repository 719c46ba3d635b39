"""Login by TLS client certificate: what nginx hands on, and the proof it becomes.

TLS has proved that the other end holds the private key (RFC 5246 §7.4.8, RFC 8446 §4.4.3). Whose
key it is and whether it still counts is proved here: profile, path, revocation. nginx judges
nothing.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote, urlsplit

from app.core.errors import Misconfigured
from app.crypto.digests import equal
from app.identity.client_certificate_errors import (
    BadClientCertificate,
    CertificateLoginNotHere,
    ClientCertificateForged,
    ClientCertificateMissing,
)
from app.jpki.authentication import VerifiedHolder
from app.jpki.certificates import MAXIMUM_BYTES, read_authentication_certificate
from app.jpki.revocation import CheckPurpose, prove_standing

if TYPE_CHECKING:
    from datetime import datetime

    from app.jpki.revocation import RevocationSource
    from app.jpki.trust import TrustStore
    from config.settings import PortalSettings

CERTIFICATE_HEADER = "X-Tsunagu-Client-Certificate"
PROOF_HEADER = "X-Tsunagu-Proxy-Proof"
SHORTEST_PROOF = 32
LONGEST_HEADER = 6 * MAXIMUM_BYTES
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*")


@dataclass(frozen=True)
class CertificatePort:
    """The address where nginx asks for certificates, and how we know it is our nginx."""

    origin: str
    proof: str = field(repr=False)

    @classmethod
    def of(cls, settings: PortalSettings) -> Self | None:
        """None when there is no such port. Raises Misconfigured."""
        origin = settings.client_certificate_origin
        if not origin:
            return None
        port, portal = urlsplit(origin), urlsplit(settings.origin)
        own_port = port.scheme == "https" and port.netloc != portal.netloc and not port.path
        if not own_port or port.hostname != portal.hostname or portal.scheme != "https":
            raise Misconfigured(
                "TSUNAGU_CLIENT_CERTIFICATE_ORIGIN is https:// at the portal's own name, with "
                "another port: the session is shared by name"
            )
        try:
            proof = settings.client_certificate_proof.read_text(encoding="ascii").strip()
        except (OSError, ValueError) as error:
            raise Misconfigured("TSUNAGU_CLIENT_CERTIFICATE_PROOF cannot be read") from error
        if len(proof) < SHORTEST_PROOF:
            raise Misconfigured(
                f"TSUNAGU_CLIENT_CERTIFICATE_PROOF holds fewer than {SHORTEST_PROOF} characters"
            )
        return cls(origin, proof)


@dataclass(frozen=True)
class Arrived:
    """What a request carried. ``peer`` is the other end of the socket itself."""

    peer: str
    proof: str = field(repr=False)
    certificate: str = field(repr=False)


@dataclass(frozen=True)
class UnverifiedClientCertificate:
    """A certificate whose key the other end of TLS holds. Nothing else about it is proved."""

    der: bytes = field(repr=False)


def handed_on(port: CertificatePort | None, arrived: Arrived) -> UnverifiedClientCertificate:
    """The certificate our own nginx hands on.

    Raises CertificateLoginNotHere, ClientCertificateForged, ClientCertificateMissing or
    BadClientCertificate.
    """
    if not arrived.proof and not arrived.certificate:
        raise CertificateLoginNotHere("not through the port for certificates")
    if (
        port is None
        or not _is_loopback(arrived.peer)
        or not equal(arrived.proof.encode(), port.proof.encode())
    ):
        raise ClientCertificateForged("not from our nginx")
    if not arrived.certificate:
        raise ClientCertificateMissing("the browser showed none")
    return UnverifiedClientCertificate(_der(arrived.certificate))


def prove_holder(
    shown: UnverifiedClientCertificate,
    trust: TrustStore,
    status: RevocationSource,
    *,
    at: datetime,
) -> VerifiedHolder:
    """Prove that it is a live JPKI authentication certificate.

    Raises a JpkiRejected when it is not, and an IndeterminateStatus when nobody can know.
    """
    policies = trust.authentication.policies
    certificate = read_authentication_certificate(shown.der, policies=policies)
    path = trust.path_to_anchor(certificate, at=at)
    not_revoked = prove_standing(status, path, at=at, purpose=CheckPurpose.LOGIN)
    return VerifiedHolder(
        credential=certificate.credential,
        not_after=certificate.not_after,
        generation=path.anchor.generation,
        simulated=trust.simulated,
        carrier=trust.authentication.carrier_of(certificate),
        status=not_revoked,
    )


def _is_loopback(peer: str) -> bool:
    try:
        return ip_address(peer).is_loopback
    except ValueError:
        return False


def _der(escaped: str) -> bytes:
    """nginx escapes the PEM (``$ssl_client_escaped_cert``)."""
    if len(escaped) > LONGEST_HEADER:
        raise BadClientCertificate("far too long")
    found = _PEM.fullmatch(unquote(escaped))
    if found is None:
        raise BadClientCertificate("not one PEM certificate")
    try:
        return base64.b64decode("".join(found[1].split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadClientCertificate("not base64") from error
