"""The indications of ETSI EN 319 102-1 §5.1.3, and which of our refusals stands for which."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from app.core.errors import TsunaguError


class Indication(StrEnum):
    """The main indication, as TS 119 102-2 names it."""

    PASSED = "total-passed"
    FAILED = "total-failed"
    INDETERMINATE = "indeterminate"


class SubIndication(StrEnum):
    """Why it did not pass, as TS 119 102-2 names it."""

    FORMAT_FAILURE = "FORMAT_FAILURE"
    HASH_FAILURE = "HASH_FAILURE"
    SIG_CRYPTO_FAILURE = "SIG_CRYPTO_FAILURE"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    SIG_CONSTRAINTS_FAILURE = "SIG_CONSTRAINTS_FAILURE"
    CHAIN_CONSTRAINTS_FAILURE = "CHAIN_CONSTRAINTS_FAILURE"
    CERTIFICATE_CHAIN_GENERAL_FAILURE = "CERTIFICATE_CHAIN_GENERAL_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE = "CRYPTO_CONSTRAINTS_FAILURE"
    NO_CERTIFICATE_CHAIN_FOUND = "NO_CERTIFICATE_CHAIN_FOUND"
    REVOKED_NO_POE = "REVOKED_NO_POE"
    OUT_OF_BOUNDS_NO_POE = "OUT_OF_BOUNDS_NO_POE"
    TIMESTAMP_NOT_PROVED = "NO_POE"
    TRY_LATER = "TRY_LATER"


_FAILED, _UNKNOWN = Indication.FAILED, Indication.INDETERMINATE
_CHAIN = _UNKNOWN, SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE
_CONSTRAINTS = _UNKNOWN, SubIndication.CHAIN_CONSTRAINTS_FAILURE
_CODES: Final = {
    "malformed-document": (_FAILED, SubIndication.FORMAT_FAILURE),
    "content-altered": (_FAILED, SubIndication.HASH_FAILURE),
    "wrong-document": (_FAILED, SubIndication.HASH_FAILURE),
    "altered-after-signing": (_FAILED, SubIndication.HASH_FAILURE),
    "signature-invalid": (_FAILED, SubIndication.SIG_CRYPTO_FAILURE),
    "algorithm-not-allowed": (_UNKNOWN, SubIndication.CRYPTO_CONSTRAINTS_FAILURE),
    "timestamp-rejected": (_UNKNOWN, SubIndication.TIMESTAMP_NOT_PROVED),
    "unknown-issuer": (_UNKNOWN, SubIndication.NO_CERTIFICATE_CHAIN_FOUND),
    "certificate-expired": (_UNKNOWN, SubIndication.OUT_OF_BOUNDS_NO_POE),
    "certificate-not-yet-valid": (_FAILED, SubIndication.NOT_YET_VALID),
    "certificate-revoked": (_UNKNOWN, SubIndication.REVOKED_NO_POE),
    "not-a-signature-certificate": _CONSTRAINTS,
    "wrong-key-usage": _CONSTRAINTS,
    "unexpected-extension": _CONSTRAINTS,
    "path-not-proved": _CONSTRAINTS,
}
"""``certificate-not-yet-valid`` fails for good: the signature existed before the certificate."""


def sub_indication_of(error: TsunaguError) -> tuple[Indication, SubIndication]:
    """Main and sub-indication of a refusal. Not knowing the status now is TRY_LATER."""
    if error.code.startswith(("ocsp-", "crl-", "revocation-")):
        return _UNKNOWN, SubIndication.TRY_LATER
    return _CODES.get(error.code, _CHAIN)
