"""Every way a certificate, a signature or its status can fail to convince us, one type each.

``code`` names the refusal in pages, logs and audit. Facts stand in fields; none of them is a name,
an address or anything else the certificate says about a person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.errors import Rejected, Unavailable

if TYPE_CHECKING:
    from datetime import datetime


class JpkiRejected(Rejected):
    """A JPKI proof was offered and does not hold."""

    code = "jpki-rejected"


class MalformedToken(JpkiRejected):
    """The answer to the challenge is not a token of the agreed form (config/wire)."""

    code = "malformed-token"


class MalformedDocument(JpkiRejected):
    """The signed document is not CMS SignedData of the agreed form (RFC 5652, one signer)."""

    code = "malformed-document"


class SignatureInvalid(JpkiRejected):
    """The signature was not made by this certificate's key over these bytes."""

    code = "signature-invalid"


class ContentAltered(SignatureInvalid):
    """The signed digest is another one than that of the content."""

    code = "content-altered"


class AlgorithmNotAllowed(JpkiRejected):
    """The algorithm does not fit the key, or the issuer's trust profile does not list it."""

    code = "algorithm-not-allowed"


class WrongDocument(JpkiRejected):
    """A valid signature, but over another text than the one shown."""

    code = "wrong-document"


class CertificateRejected(JpkiRejected):
    """The card's certificate cannot be relied on."""

    code = "certificate-rejected"


class MalformedCertificate(CertificateRejected):
    """Not a certificate, too long, an extension twice, or a field we cannot read."""

    code = "malformed-certificate"


class MalformedAttributes(CertificateRejected):
    """The four attributes (基本4情報) of a signature certificate are missing or unreadable."""

    code = "malformed-attributes"


class WrongPolicy(CertificateRejected):
    """Not an authentication certificate (利用者証明用): its policy is another one."""

    code = "wrong-policy"


class NotASignatureCertificate(CertificateRejected):
    """Not a signature certificate (署名用): its policy is another one."""

    code = "not-a-signature-certificate"


class WrongKeyUsage(CertificateRejected):
    """The key may be used for something else than this profile allows."""

    code = "wrong-key-usage"


class UnexpectedExtension(CertificateRejected):
    """A critical extension we do not process (RFC 5280 §4.2: must be refused)."""

    code = "unexpected-extension"


class UnknownIssuer(CertificateRejected):
    """No pinned anchor of this purpose made this certificate."""

    code = "unknown-issuer"


class IssuerNotValid(CertificateRejected):
    """The pinned anchor itself is outside its validity, or may not issue certificates."""

    code = "issuer-not-valid"


class PathNotProved(CertificateRejected):
    """The path to the anchor breaks a rule of RFC 5280 §6.1. ``reason`` says which."""

    code = "path-not-proved"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PathTooLong(CertificateRejected):
    """More intermediates were offered than any honest path needs."""

    code = "path-too-long"


class ValidationTimeExceeded(CertificateRejected):
    """The path could not be judged within its time budget."""

    code = "validation-time-exceeded"


class CertificateExpired(CertificateRejected):
    """Past its notAfter."""

    code = "certificate-expired"

    def __init__(self, expired_at: datetime) -> None:
        super().__init__("certificate expired")
        self.expired_at = expired_at


class CertificateNotYetValid(CertificateRejected):
    """Before its notBefore."""

    code = "certificate-not-yet-valid"

    def __init__(self, valid_from: datetime) -> None:
        super().__init__("certificate not yet valid")
        self.valid_from = valid_from


class CertificateRevoked(CertificateRejected):
    """Its issuer withdrew it. ``serial`` is lower-case hex."""

    code = "certificate-revoked"

    def __init__(self, serial: str, revoked_at: datetime, reason: str = "unspecified") -> None:
        super().__init__("certificate revoked")
        self.serial = serial
        self.revoked_at = revoked_at
        self.reason = reason


class SigningCertificateRevoked(CertificateRevoked):
    """The signature certificate alone was withdrawn, as a move or a new name does."""

    code = "signing-certificate-revoked"


class CertificateUnknownToIssuer(CertificateRejected):
    """The issuer's own responder does not know this serial (RFC 6960 §2.2 "unknown"). Final."""

    code = "certificate-unknown-to-issuer"


class IndeterminateStatus(Unavailable):
    """Whether the certificate is revoked cannot be known now: refused, trying again is right."""

    code = "revocation-indeterminate"


class RevocationUnknown(IndeterminateStatus):
    """No source covers this certificate, or every source is silent."""

    code = "revocation-unknown"


class CrlStale(IndeterminateStatus):
    """The newest revocation list we hold is past its nextUpdate. There is no grace."""

    code = "crl-stale"

    def __init__(self, next_update: datetime) -> None:
        super().__init__("revocation list past its next update")
        self.next_update = next_update


class OcspFailed(IndeterminateStatus):
    """The responder did not answer, or not with success."""

    code = "ocsp-failed"


class OcspMalformed(IndeterminateStatus):
    """The answer is not a basic OCSP response, too long, or carries an unknown critical part."""

    code = "ocsp-malformed"


class OcspReplayed(IndeterminateStatus):
    """The nonce is missing or another one: not an answer to our question."""

    code = "ocsp-replayed"


class OcspWrongResponder(IndeterminateStatus):
    """Signed by a key the issuer did not entrust with OCSP (RFC 6960 §4.2.2.2)."""

    code = "ocsp-wrong-responder"


class OcspSignatureInvalid(IndeterminateStatus):
    """The responder's signature does not hold."""

    code = "ocsp-signature-invalid"


class OcspWrongCertificate(IndeterminateStatus):
    """The answer speaks of another certificate."""

    code = "ocsp-wrong-certificate"


class OcspStale(IndeterminateStatus):
    """The answer is too old, from the future, or past its nextUpdate."""

    code = "ocsp-stale"


class CrlRefused(Rejected):
    """A fetched revocation list is not taken into the store."""

    code = "crl-refused"


class CrlMalformed(CrlRefused):
    """Not a CRL, or without crlNumber, thisUpdate or nextUpdate."""

    code = "crl-malformed"


class CrlWrongIssuer(CrlRefused):
    """Not issued under the name and key of a pinned anchor that may sign CRLs."""

    code = "crl-wrong-issuer"


class CrlSignatureInvalid(CrlRefused):
    """Its signature does not hold under the pinned key."""

    code = "crl-signature-invalid"


class CrlWrongScope(CrlRefused):
    """Delta, indirect, partial by reason, or of a kind of certificate that is not ours."""

    code = "crl-wrong-scope"


class CrlOutsideItsTime(CrlRefused):
    """Fetched after its nextUpdate or before its thisUpdate."""

    code = "crl-outside-its-time"


class CrlReplayed(CrlRefused):
    """Its number is lower than, or equal to but other bytes than, the one we hold. An alarm."""

    code = "crl-replayed"

    def __init__(self, *, held: int, offered: int) -> None:
        super().__init__(f"crlNumber {offered} offered, {held} held")
        self.held = held
        self.offered = offered
