"""Judging a signed text as ETSI EN 319 102-1 does: passed, failed, or not to be known.

``verify_document`` answers at once or refuses; this one tells a clerk, perhaps years later, what
holds and what does not. A timestamp proves that the signature existed by then; a nonce of ours
inside the text (``not_before``) proves that it did not exist earlier. INDETERMINATE is no pass.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from asn1crypto import cms, core

from app.jpki.accidents import refuse_accidents
from app.jpki.document import claimed_time, read_document, require_text, signer_path
from app.jpki.errors import (
    CertificateExpired,
    CertificateRevoked,
    IndeterminateStatus,
    JpkiRejected,
    MalformedDocument,
)
from app.jpki.evidence_errors import TimestampRejected
from app.jpki.indications import Indication, SubIndication, sub_indication_of
from app.jpki.pades import read_pdf
from app.jpki.revocation import CheckPurpose, prove_standing
from app.jpki.timestamp import signature_imprint, verify_token

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import TypeAlias

    from app.jpki.anchors import ProvenPath
    from app.jpki.certificates import SignatureCertificate
    from app.jpki.revocation import NotRevoked, RevocationSource
    from app.jpki.signed_data import SignedParts
    from app.jpki.timestamp import VerifiedTimestamp
    from app.jpki.trust import TrustStore

    _Steps: TypeAlias = tuple["tuple[Step, Callable[[Examination], Examination]]", ...]


class Step(StrEnum):
    """The constraints that are checked, in their order."""

    FORMAT = "format"
    CONTENT = "content-and-signature"
    TIMESTAMP = "signature-timestamp"
    CERTIFICATE = "certificate-path"
    REVOCATION = "revocation-status"


@dataclass(frozen=True)
class Check:
    """How one step ended; ``sub_indication`` is None when it passed."""

    step: Step
    indication: Indication
    sub_indication: SubIndication | None = None


@dataclass(frozen=True)
class Revocation:
    """When and why the certificate was withdrawn (``reason`` as in RFC 5280 §5.3.1)."""

    revoked_at: datetime
    reason: str


@dataclass(frozen=True)
class Examination:
    """The verdict on one signed text and the facts behind it. Nothing in it names the signer."""

    indication: Indication
    sub_indication: SubIndication | None
    examined_at: datetime
    text: bytes = field(repr=False)
    checks: tuple[Check, ...] = ()
    parts: SignedParts | None = field(default=None, repr=False)
    claimed_at: datetime | None = None
    stamp: VerifiedTimestamp | None = None
    not_before: datetime | None = None
    path: ProvenPath[SignatureCertificate] | None = field(default=None, repr=False)
    status: NotRevoked | None = None
    revocation: Revocation | None = None

    @property
    def passed(self) -> bool:
        """Whether the signature may be relied on: never when it is not to be known."""
        return self.indication is Indication.PASSED

    @property
    def best_signature_time(self) -> datetime:
        """The earliest instant at which the signature is proved to have existed."""
        return self.stamp.generated_at if self.stamp else self.examined_at


def examine_document(
    cms_der: bytes,
    text: str,
    trust: TrustStore,
    status: RevocationSource,
    *,
    at: datetime,
    not_before: datetime | None = None,
    purpose: CheckPurpose = CheckPurpose.DOCUMENT,
) -> Examination:
    """Judge a signed text. Never raises for what the document says; a refusal is the verdict."""
    begun = Examination(Indication.PASSED, None, at, text.encode(), not_before=not_before)
    steps: _Steps = (
        (Step.FORMAT, lambda so_far: _with_format(so_far, cms_der)),
        (Step.CONTENT, lambda so_far: _with_content(so_far, text)),
    )
    return _examined(begun, (*steps, *_common_steps(trust, status, purpose)))


def examine_pdf(
    pdf: bytes,
    trust: TrustStore,
    status: RevocationSource,
    *,
    at: datetime,
    not_before: datetime | None = None,
    purpose: CheckPurpose = CheckPurpose.DOCUMENT,
) -> Examination:
    """Judge a signed PDF in the same way; reading it proves its content at once."""
    begun = Examination(Indication.PASSED, None, at, pdf, not_before=not_before)
    read: _Steps = ((Step.CONTENT, lambda so_far: replace(so_far, parts=read_pdf(pdf))),)
    return _examined(begun, (*read, *_common_steps(trust, status, purpose)))


def _common_steps(trust: TrustStore, status: RevocationSource, purpose: CheckPurpose) -> _Steps:
    return (
        (Step.TIMESTAMP, lambda so_far: _with_timestamp(so_far, trust)),
        (Step.CERTIFICATE, lambda so_far: _with_path(so_far, trust)),
        (Step.REVOCATION, lambda so_far: _with_status(so_far, status, purpose)),
    )


def _examined(found: Examination, steps: _Steps) -> Examination:
    for step, work in steps:
        found = _after(step, work, found)
        if not found.passed:
            break
    return found


def _after(
    step: Step, work: Callable[[Examination], Examination], so_far: Examination
) -> Examination:
    try:
        found = work(so_far)
    except CertificateRevoked as error:
        return _judge_revocation(so_far, error)
    except TimestampRejected as error:
        verdict = sub_indication_of(error)  # an unusable timestamp proves nothing: go on without
        return _checked(so_far, Check(step, *verdict))
    except CertificateExpired as error:
        return _stopped(so_far, step, _judge_expiry(so_far, error))
    except (JpkiRejected, IndeterminateStatus) as error:
        return _stopped(so_far, step, sub_indication_of(error))
    return _checked(found, Check(step, Indication.PASSED))


def _checked(found: Examination, check: Check) -> Examination:
    return replace(found, checks=(*found.checks, check))


def _stopped(
    found: Examination, step: Step, verdict: tuple[Indication, SubIndication]
) -> Examination:
    checked = _checked(found, Check(step, *verdict))
    return replace(checked, indication=verdict[0], sub_indication=verdict[1])


def _with_format(found: Examination, cms_der: bytes) -> Examination:
    parts = read_document(cms_der)
    return replace(found, parts=parts, claimed_at=claimed_time(parts))


def _with_content(found: Examination, text: str) -> Examination:
    require_text(_parts(found), text)
    return found


def _with_timestamp(found: Examination, trust: TrustStore) -> Examination:
    parts = _parts(found)
    token = refuse_accidents(lambda: _token(parts), TimestampRejected)
    if token is None:
        return found
    if trust.timestamping is None:
        raise TimestampRejected("no authority is pinned")
    imprint = signature_imprint(parts.signature)
    return replace(
        found, stamp=verify_token(token, imprint, trust.timestamping, at=found.examined_at)
    )


def _token(parts: SignedParts) -> bytes | None:
    attributes = parts.signer_info["unsigned_attrs"]
    if isinstance(attributes, core.Void):
        return None
    tokens = [
        value
        for attribute in attributes
        if attribute["type"].native == "signature_time_stamp_token"
        for value in attribute["values"]
    ]
    if len(tokens) > 1:
        raise TimestampRejected("more than one timestamp")
    return bytes(cms.ContentInfo.load(tokens[0].dump()).dump()) if tokens else None


def _with_path(found: Examination, trust: TrustStore) -> Examination:
    path = signer_path(_parts(found), trust, at=found.best_signature_time)
    if found.examined_at > path.certificate.not_after:
        # lists forget expired certificates: silence about one proves nothing any more
        raise CertificateExpired(path.certificate.not_after)
    return replace(found, path=path)


def _with_status(
    found: Examination, status: RevocationSource, purpose: CheckPurpose
) -> Examination:
    if found.path is None:
        raise MalformedDocument("no path")
    proof = prove_standing(status, found.path, at=found.examined_at, purpose=purpose)
    return replace(found, status=proof)


def _judge_revocation(found: Examination, error: CertificateRevoked) -> Examination:
    known = replace(found, revocation=Revocation(error.revoked_at, error.reason))
    if found.stamp is not None and found.stamp.generated_at < error.revoked_at:
        return _checked(known, Check(Step.REVOCATION, Indication.PASSED))
    if found.not_before is not None and error.revoked_at <= found.not_before:
        verdict = Indication.FAILED, SubIndication.REVOKED
    else:
        verdict = Indication.INDETERMINATE, SubIndication.REVOKED_NO_POE
    return _stopped(known, Step.REVOCATION, verdict)


def _judge_expiry(
    found: Examination, error: CertificateExpired
) -> tuple[Indication, SubIndication]:
    if found.not_before is not None and error.expired_at < found.not_before:
        return Indication.FAILED, SubIndication.EXPIRED
    return Indication.INDETERMINATE, SubIndication.OUT_OF_BOUNDS_NO_POE


def _parts(found: Examination) -> SignedParts:
    if found.parts is None:
        raise MalformedDocument("unread")
    return found.parts
