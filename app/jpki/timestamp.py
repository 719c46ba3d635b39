"""Timestamps (RFC 3161): the question, and what makes a token prove when bytes existed.

Believed is only a token over our own digest, under a policy the trust profile names, by a
certificate for time-stamping alone that a pinned authority made and that was valid at that time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from asn1crypto import cms, tsp

from app.crypto.digests import equal, sha256
from app.jpki.accidents import refuse_accidents
from app.jpki.certificates import read_timestamping_certificate
from app.jpki.errors import JpkiRejected
from app.jpki.evidence_errors import TimestampRejected
from app.jpki.signed_data import read_parts, require_own_content

if TYPE_CHECKING:
    from app.jpki.certificates import TimestampingCertificate
    from app.jpki.trust import TimestampAuthorities

MAXIMUM_BYTES = 32 * 1024
CLOCK_SKEW = timedelta(minutes=5)
NONCE_BITS = 64
_VERSION = "v1"
_BINDINGS = {"signing_certificate", "signing_certificate_v2"}  # RFC 3161 §2.4.1, RFC 5816


@dataclass(frozen=True)
class VerifiedTimestamp:
    """Proof that bytes of a certain digest existed at ``generated_at``.

    ``token`` is the DER that proves it, ``certificates`` the authority's certificate and its anchor
    (DER), ``serial`` the token's number in lower-case hex.
    """

    generated_at: datetime
    serial: str
    policy: str
    token: bytes = field(repr=False)
    certificates: tuple[bytes, ...] = field(repr=False)


class Timestamper(Protocol):
    """Anything that lets a time-stamping authority say when a digest existed."""

    def stamp(self, imprint: bytes, *, at: datetime) -> VerifiedTimestamp:
        """A proved timestamp over a SHA-256 digest.

        Raises TimestampUnavailable when nobody answers, TimestampRejected when the answer proves
        nothing.
        """


def build_request(imprint: bytes, nonce: int) -> bytes:
    """The DER request for a SHA-256 digest; asks for the authority's certificate too."""
    request = {
        "version": _VERSION,
        "message_imprint": {
            "hash_algorithm": {"algorithm": "sha256"},
            "hashed_message": imprint,
        },
        "nonce": nonce,
        "cert_req": True,
    }
    return bytes(tsp.TimeStampReq(request).dump())


def read_response(
    der: bytes,
    imprint: bytes,
    authorities: TimestampAuthorities,
    *,
    nonce: int,
    at: datetime,
) -> VerifiedTimestamp:
    """The proved timestamp of an authority's answer to our request. Raises TimestampRejected."""
    if len(der) > MAXIMUM_BYTES:
        raise TimestampRejected("too long")
    token = refuse_accidents(lambda: _granted(der), TimestampRejected)
    return verify_token(token, imprint, authorities, at=at, nonce=nonce)


def verify_token(
    token: bytes,
    imprint: bytes,
    authorities: TimestampAuthorities,
    *,
    at: datetime,
    nonce: int | None = None,
) -> VerifiedTimestamp:
    """Prove from a token when a SHA-256 digest existed. Raises TimestampRejected.

    ``nonce`` is checked when the token answers a request of ours; a kept token has no request.
    """
    if len(token) > MAXIMUM_BYTES:
        raise TimestampRejected("too long")
    try:
        return refuse_accidents(
            lambda: _verified(token, imprint, authorities, at, nonce), TimestampRejected
        )
    except TimestampRejected:
        raise
    except JpkiRejected as error:
        raise TimestampRejected(error.code) from error


def _granted(der: bytes) -> bytes:
    response = tsp.TimeStampResp.load(der, strict=True)
    status = response["status"]["status"].native
    if status not in {"granted", "granted_with_mods"}:
        raise TimestampRejected(f"the authority answered {status}")
    return bytes(response["time_stamp_token"].dump())


def _verified(
    token: bytes,
    imprint: bytes,
    authorities: TimestampAuthorities,
    at: datetime,
    nonce: int | None,
) -> VerifiedTimestamp:
    parts = read_parts(token, "tst_info")
    if not parts.signed_attributes & _BINDINGS:
        raise TimestampRejected("the token does not name its certificate")
    certificate = read_timestamping_certificate(parts.certificate.dump())
    info = tsp.TSTInfo.load(require_own_content(parts), strict=True)
    _require_answer(info, imprint, authorities, nonce)
    generated_at = _generated_at(info, certificate, at)
    path = authorities.path_to_anchor(certificate, at=generated_at)
    return VerifiedTimestamp(
        generated_at=generated_at,
        serial=format(info["serial_number"].native, "x"),
        policy=info["policy"].native,
        token=token,
        certificates=(certificate.der, path.anchor.der),
    )


def _require_answer(
    info: tsp.TSTInfo, imprint: bytes, authorities: TimestampAuthorities, nonce: int | None
) -> None:
    message = info["message_imprint"]
    if message["hash_algorithm"]["algorithm"].native != "sha256":
        raise TimestampRejected("another digest algorithm")
    if not equal(message["hashed_message"].native, imprint):
        raise TimestampRejected("over other bytes")
    if info["version"].native != _VERSION or info["policy"].dotted not in authorities.policies:
        raise TimestampRejected("under another policy")
    if nonce is not None and info["nonce"].native != nonce:
        raise TimestampRejected("another nonce")
    if any(extension["critical"].native for extension in info["extensions"] or ()):
        raise TimestampRejected("an unknown critical extension")


def _generated_at(
    info: tsp.TSTInfo, certificate: TimestampingCertificate, at: datetime
) -> datetime:
    generated_at: datetime = info["gen_time"].native
    if generated_at > at + CLOCK_SKEW:
        raise TimestampRejected("from the future")
    if at > certificate.not_after:
        raise TimestampRejected("the authority's certificate has expired since")
    return generated_at


def signature_imprint(signature: bytes) -> bytes:
    """What a signature timestamp covers: SHA-256 of the signature value (RFC 3161 appendix A)."""
    return sha256(signature)


def with_signature_timestamp(cms_der: bytes, token: bytes) -> bytes:
    """The same signed document with the token as its unsigned attribute."""
    info = cms.ContentInfo.load(cms_der)
    (signer_info,) = info["content"]["signer_infos"]
    attribute = {
        "type": "signature_time_stamp_token",
        "values": [cms.ContentInfo.load(token)],
    }
    signer_info["unsigned_attrs"] = cms.CMSAttributes([attribute])
    return bytes(info.dump())
