"""Is a proved certificate revoked? Decisions only: sources are asked through one protocol.

An answer is a proof (``NotRevoked``) or an error. Not knowing is a refusal of its own kind
(``IndeterminateStatus``), and past ``nextUpdate`` there is no grace.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import structlog

from app.jpki.errors import (
    CertificateRejected,
    CertificateRevoked,
    CrlStale,
    IndeterminateStatus,
    RevocationUnknown,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from app.jpki.anchors import ProvenPath
    from app.jpki.certificates import JpkiCertificate
    from config.settings import RevocationPolicy

log = structlog.get_logger(__name__)


class StatusSource(StrEnum):
    """Who said so."""

    CRL = "crl"
    OCSP = "ocsp"


class CheckPurpose(StrEnum):
    """What a status was asked for. The Act allows the question for validity checks only (52①)."""

    LOGIN = "login"
    STEP_UP = "step-up"
    REGISTRATION = "registration"
    RENEWAL = "renewal"
    CONSENT = "consent"
    DOCUMENT = "document"
    LIVENESS = "liveness"


@dataclass(frozen=True)
class NotRevoked:
    """Proof that the certificate stood as of an instant. Kept with the audit of what relied on it.

    ``as_of`` is the source's thisUpdate, ``good_until`` its nextUpdate, ``crl_number`` the list's;
    ``ocsp_response`` the answer itself (DER), so that it can be kept as evidence.
    """

    source: StatusSource
    as_of: datetime
    good_until: datetime
    crl_number: int | None = None
    ocsp_response: bytes | None = field(default=None, repr=False)


class RevocationSource(Protocol):
    """Anything that can prove that a certificate is not revoked.

    The seam for a provider: J-LIS's own responder and lists, or a platform that is certified to ask
    them for others (公的個人認証法 17, 36). Not knowing is an IndeterminateStatus, never a proof.
    """

    def prove_not_revoked(self, path: ProvenPath[JpkiCertificate], *, at: datetime) -> NotRevoked:
        """Raises CertificateRevoked, CertificateUnknownToIssuer, or an IndeterminateStatus."""


def prove_standing(
    source: RevocationSource,
    path: ProvenPath[JpkiCertificate],
    *,
    at: datetime,
    purpose: CheckPurpose,
) -> NotRevoked:
    """Ask a source and log what was asked for and how it was answered, never about whom.

    A proof in hand is no new question. Raises as ``RevocationSource.prove_not_revoked``.
    """
    if isinstance(source, KnownStatus):
        return source.prove_not_revoked(path, at=at)
    try:
        proof = source.prove_not_revoked(path, at=at)
    except (CertificateRejected, IndeterminateStatus) as error:
        log.warning("jpki.status_checked", purpose=purpose.value, outcome=error.code)
        raise
    log.info(
        "jpki.status_checked",
        purpose=purpose.value,
        outcome="stands",
        source=proof.source.value,
        as_of=proof.as_of.isoformat(),
        good_until=proof.good_until.isoformat(),
        crl_number=None if proof.crl_number is None else str(proof.crl_number),
    )
    return proof


@dataclass(frozen=True)
class KnownStatus:
    """The source that repeats a proof already in hand, for judging the same certificate again."""

    proof: NotRevoked

    def prove_not_revoked(self, path: ProvenPath[JpkiCertificate], *, at: datetime) -> NotRevoked:
        """Raises RevocationUnknown when the proof does not reach to ``at``."""
        if at >= self.proof.good_until:
            raise RevocationUnknown("the proof in hand is too old")
        return self.proof


@dataclass(frozen=True)
class CrlAnswer:
    """What one stored list says about one serial; ``revoked_at`` is None when it is not listed."""

    number: int
    this_update: datetime
    next_update: datetime
    revoked_at: datetime | None
    reason: str | None


def judge_lists(answers: Iterable[CrlAnswer], serial: str, *, at: datetime) -> NotRevoked:
    """Listed anywhere: revoked. Not listed in a list current at ``at``: it stands.

    Raises CertificateRevoked, CrlStale when every list is past its nextUpdate, RevocationUnknown.
    """
    newest: CrlAnswer | None = None
    for answer in answers:
        if answer.revoked_at is not None:
            raise CertificateRevoked(serial, answer.revoked_at, answer.reason or "unspecified")
        if newest is None or answer.next_update > newest.next_update:
            newest = answer
    if newest is None:
        raise RevocationUnknown("no list covers this certificate")
    if at >= newest.next_update:
        raise CrlStale(newest.next_update)
    return NotRevoked(
        StatusSource.CRL, newest.this_update, newest.next_update, crl_number=newest.number
    )


@dataclass(frozen=True)
class FirstAnswer:
    """Asks sources in order. A revocation is final; only not knowing goes on to the next one."""

    sources: tuple[RevocationSource, ...]

    def prove_not_revoked(self, path: ProvenPath[JpkiCertificate], *, at: datetime) -> NotRevoked:
        """Raises the last source's IndeterminateStatus when none of them knows."""
        unknown: IndeterminateStatus = RevocationUnknown("no source is configured")
        for source in self.sources:
            try:
                return source.prove_not_revoked(path, at=at)
            except IndeterminateStatus as error:
                log.warning("jpki.status_source_silent", code=error.code)
                unknown = error
        raise unknown


@dataclass(frozen=True)
class EveryAnswer:
    """Asks every source; each has to prove it. The first one's proof is handed back."""

    sources: tuple[RevocationSource, ...]

    def prove_not_revoked(self, path: ProvenPath[JpkiCertificate], *, at: datetime) -> NotRevoked:
        """A revocation by any of them is final, even when another one is silent."""
        proofs: list[NotRevoked] = []
        unknown: IndeterminateStatus | None = None
        for source in self.sources:
            try:
                proofs.append(source.prove_not_revoked(path, at=at))
            except IndeterminateStatus as error:
                log.warning("jpki.status_source_silent", code=error.code)
                unknown = unknown or error
        if unknown is not None or not proofs:
            raise unknown or RevocationUnknown("no source is configured")
        return proofs[0]


@dataclass(frozen=True)
class PerAnchor:
    """Asks as the certificate's own anchor wants it in the trust profile, else as the setting."""

    sources: Mapping[RevocationPolicy, RevocationSource]
    default: RevocationPolicy

    def prove_not_revoked(self, path: ProvenPath[JpkiCertificate], *, at: datetime) -> NotRevoked:
        """Raises as the chosen source does."""
        chosen = self.sources[path.anchor.revocation or self.default]
        return chosen.prove_not_revoked(path, at=at)
