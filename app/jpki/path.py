"""Certificate path validation (RFC 5280 §6.1) behind one wrapper around pyhanko-certvalidator.

Two doors. ``prove_one_tier`` is JPKI's: a pinned root and a leaf, no search, and revocation left to
our own store (the type of what it returns is what the status check takes). ``validate`` is the
general one: few intermediates, revocation lists in hand and required for every certificate.
Any accident inside the library is a refusal, never a decision.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from pyhanko_certvalidator import errors as library
from pyhanko_certvalidator.authority import CertTrustAnchor
from pyhanko_certvalidator.context import ValidationContext
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import (
    CertRevTrustPolicy,
    PKIXValidationParams,
    RevocationCheckingPolicy,
    RevocationCheckingRule,
)
from pyhanko_certvalidator.validate import async_validate_path

from app.jpki.accidents import refuse_accidents
from app.jpki.anchors import CertificateT, ProvenPath, TrustAnchor
from app.jpki.certificates import (
    MAXIMUM_BYTES,
    PARSE_ERRORS,
    JpkiCertificate,
)
from app.jpki.errors import (
    AlgorithmNotAllowed,
    CertificateExpired,
    CertificateNotYetValid,
    CertificateRevoked,
    CrlStale,
    IssuerNotValid,
    MalformedCertificate,
    PathNotProved,
    PathTooLong,
    RevocationUnknown,
    UnknownIssuer,
    ValidationTimeExceeded,
)
from app.jpki.names import serial_hex
from app.jpki.signature import SignatureAlgorithm

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from app.core.errors import TsunaguError
    from app.jpki.policies import PolicyInputs

MAXIMUM_INTERMEDIATES = 4  # the library's search is exponential in same-named intermediates
MAXIMUM_PATHS = 8  # candidates tried; an honest chain needs one, a re-issued authority a few
TIME_BUDGET_SECONDS = 0.2
_TOLERANCE = timedelta(microseconds=1)
_ANY_POLICY = "2.5.29.32.0"
_HASHES = {"sha256", "sha384"}
_RSA_ALGORITHMS = {SignatureAlgorithm.RS256, SignatureAlgorithm.PS256}
_NOT_CHECKED_HERE = RevocationCheckingPolicy(
    RevocationCheckingRule.NO_CHECK, RevocationCheckingRule.NO_CHECK
)
_CRL_REQUIRED = RevocationCheckingPolicy(
    RevocationCheckingRule.CRL_REQUIRED, RevocationCheckingRule.CRL_REQUIRED
)
_workers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="path-validation")


def prove_one_tier(
    certificate: CertificateT, anchor: TrustAnchor, policies: frozenset[str], *, at: datetime
) -> ProvenPath[CertificateT]:
    """Validate the path anchor → leaf, without revocation; one of ``policies`` must hold.

    Without ``policies`` any will do: time-stamping authorities have no agreed one.

    Raises IssuerNotValid, CertificateExpired, CertificateNotYetValid, AlgorithmNotAllowed,
    PathNotProved, MalformedCertificate.
    """
    anchor.require_valid(at)
    _require_validity(certificate, at)
    _require_algorithms(certificate, anchor)
    with_policies = PKIXValidationParams(
        user_initial_policy_set=policies or frozenset({"any_policy"}),
        initial_explicit_policy=bool(policies),
    )
    _guarded(lambda: _one_tier(certificate.der, anchor.der, with_policies, at))
    return ProvenPath(certificate, anchor, at)


def validate(  # noqa: PLR0917 - the published interface of validators
    leaf_der: bytes,
    intermediates_der: Sequence[bytes],
    trust_anchors_der: Sequence[bytes],
    crls_der: Sequence[bytes],
    at_time: datetime,
    policies: PolicyInputs,
    *,
    budget_seconds: float = TIME_BUDGET_SECONDS,
) -> None:
    """Prove a path to one of the anchors with a current CRL for every certificate in it.

    Returns None when the path is proved. Raises PathTooLong, ValidationTimeExceeded and what
    ``prove_one_tier`` raises, and CertificateRevoked, CrlStale, RevocationUnknown, UnknownIssuer.
    """
    if len(intermediates_der) > MAXIMUM_INTERMEDIATES:
        raise PathTooLong(f"{len(intermediates_der)} intermediates")
    for der in (leaf_der, *intermediates_der):
        _require_readable(der)
    inputs = _Inputs(leaf_der, intermediates_der, trust_anchors_der, crls_der, at_time, policies)
    job = _workers.submit(_guarded, lambda: _search(inputs))
    try:
        job.result(timeout=budget_seconds)
    except FutureTimeout as error:
        job.cancel()
        raise ValidationTimeExceeded(f"not judged in {budget_seconds} s") from error


def _require_validity(certificate: JpkiCertificate, at: datetime) -> None:
    if at < certificate.not_before:
        raise CertificateNotYetValid(certificate.not_before)
    if at > certificate.not_after:
        raise CertificateExpired(certificate.not_after)


def _require_algorithms(certificate: JpkiCertificate, anchor: TrustAnchor) -> None:
    is_rsa = isinstance(certificate.public_key, rsa.RSAPublicKey)
    if not anchor.algorithms & (_RSA_ALGORITHMS if is_rsa else {SignatureAlgorithm.ES384}):
        raise AlgorithmNotAllowed("this anchor's trust profile does not list the key's algorithm")
    try:
        digest = x509.load_der_x509_certificate(certificate.der).signature_hash_algorithm
    except PARSE_ERRORS as error:
        raise AlgorithmNotAllowed("the certificate's own signature") from error
    if digest is None or digest.name not in _HASHES:
        raise AlgorithmNotAllowed("the certificate's own signature")


def _require_readable(der: bytes) -> None:
    if len(der) > MAXIMUM_BYTES:
        raise MalformedCertificate("too long")
    try:
        x509.load_der_x509_certificate(der).extensions  # noqa: B018 - reading refuses duplicates
    except PARSE_ERRORS as error:
        raise MalformedCertificate(type(error).__name__) from error


@lru_cache(maxsize=32)
def _pinned(anchor_der: bytes) -> asn1_x509.Certificate:
    """A pinned anchor, parsed to the last field, so that threads share it without writing to it."""
    anchor = asn1_x509.Certificate.load(anchor_der, strict=True)
    _ = anchor.native, anchor.subject.hashable, anchor.key_usage_value, anchor.public_key.sha1
    return anchor


def _one_tier(
    leaf_der: bytes, anchor_der: bytes, parameters: PKIXValidationParams, at: datetime
) -> None:
    anchor = _pinned(anchor_der)
    leaf = asn1_x509.Certificate.load(leaf_der, strict=True)
    context = _context([anchor], [], [], at, _NOT_CHECKED_HERE)
    path = ValidationPath(CertTrustAnchor(anchor), [], leaf)
    _finish(async_validate_path(context, path, parameters))


@dataclass(frozen=True)
class _Inputs:
    leaf: bytes
    intermediates: Sequence[bytes]
    anchors: Sequence[bytes]
    crls: Sequence[bytes]
    at: datetime
    policies: PolicyInputs


def _search(inputs: _Inputs) -> None:
    leaf = asn1_x509.Certificate.load(inputs.leaf, strict=True)
    others = [asn1_x509.Certificate.load(der, strict=True) for der in inputs.intermediates]
    anchors = [asn1_x509.Certificate.load(der, strict=True) for der in inputs.anchors]
    crls = [asn1_crl.CertificateList.load(der, strict=True) for der in inputs.crls]
    valid_anchors = [anchor for anchor in anchors if _is_valid_anchor(anchor, inputs.at)]
    if not valid_anchors:
        raise IssuerNotValid("no anchor is valid at this time")
    context = _context(valid_anchors, others, crls, inputs.at, _CRL_REQUIRED)
    _finish(_first_valid_path(context, leaf, _parameters(inputs.policies)))


async def _first_valid_path(
    context: ValidationContext, leaf: asn1_x509.Certificate, parameters: PKIXValidationParams
) -> None:
    refusal: Exception | None = None
    tried = 0
    async for path in context.path_builder.async_build_paths_lazy(leaf):
        tried += 1
        if tried > MAXIMUM_PATHS:
            raise PathTooLong(f"more than {MAXIMUM_PATHS} candidate paths")
        try:
            await async_validate_path(context, path, parameters)
        except library.ValidationError as error:
            refusal = refusal or error
        else:
            return
    raise refusal or UnknownIssuer("no path to an anchor")


def _parameters(policies: PolicyInputs) -> PKIXValidationParams:
    wanted = frozenset(
        "any_policy" if policy == _ANY_POLICY else policy for policy in policies.initial_policy_set
    )
    return PKIXValidationParams(
        user_initial_policy_set=wanted,
        initial_explicit_policy=policies.initial_explicit_policy,
        initial_policy_mapping_inhibit=policies.initial_policy_mapping_inhibit,
        initial_any_policy_inhibit=policies.initial_any_policy_inhibit,
    )


def _context(
    anchors: list[asn1_x509.Certificate],
    others: list[asn1_x509.Certificate],
    crls: list[asn1_crl.CertificateList],
    at: datetime,
    rule: RevocationCheckingPolicy,
) -> ValidationContext:
    return ValidationContext(
        trust_roots=anchors,
        other_certs=others,
        moment=at,
        allow_fetching=False,
        crls=crls,
        ocsps=[],
        revinfo_policy=CertRevTrustPolicy(rule),
        time_tolerance=_TOLERANCE,
    )


def _is_valid_anchor(anchor: asn1_x509.Certificate, at: datetime) -> bool:
    usage, constraints = anchor.key_usage_value, anchor.basic_constraints_value
    may_issue = usage is None or "key_cert_sign" in usage.native
    is_authority = constraints is not None and constraints["ca"].native
    return bool(
        may_issue and is_authority and anchor.not_valid_before <= at <= anchor.not_valid_after
    )


def _finish(coroutine: Coroutine[Any, Any, object]) -> None:
    """Run to its end a coroutine that has nothing to wait for: fetching is off."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise RuntimeError("path validation tried to wait for something")


def _guarded(work: Callable[[], None]) -> None:
    def judged() -> None:
        try:
            work()
        except library.ValidationError as error:
            raise _refusal(error) from error
        except library.PathBuildingError as error:
            raise UnknownIssuer("no path to an anchor") from error

    refuse_accidents(judged, MalformedCertificate)


def _refusal(  # noqa: PLR0911 - one line per kind
    error: library.ValidationError,
) -> TsunaguError:
    match error:
        case library.RevokedError():
            return _revoked(error)
        case library.StaleRevinfoError():
            return CrlStale(error.time_cutoff)
        case library.InsufficientRevinfoError():
            return RevocationUnknown("no current revocation list covers the path")
        case library.ExpiredError():
            return CertificateExpired(error.expired_dt)
        case library.NotYetValidError():
            return CertificateNotYetValid(error.valid_from)
        case library.DisallowedAlgorithmError():
            return AlgorithmNotAllowed(error.failure_msg)
        case _:
            return PathNotProved(error.failure_msg)


def _revoked(error: library.RevokedError) -> CertificateRevoked:
    leaf = error.current_path.leaf
    serial = "" if leaf is None else serial_hex(int(leaf.serial_number))
    return CertificateRevoked(serial, error.revocation_dt, str(error.reason.native))
