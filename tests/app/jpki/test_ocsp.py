"""OCSP answers: what is believed, and that everything else is "not known"."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as wire
from cryptography.x509.oid import ExtendedKeyUsageOID

from app.core.errors import Rejected, Unavailable
from app.jpki.anchors import ProvenPath
from app.jpki.certificates import AuthenticationCertificate, read_authentication_certificate
from app.jpki.errors import (
    CertificateRevoked,
    CertificateUnknownToIssuer,
    OcspFailed,
    OcspMalformed,
    OcspReplayed,
    OcspSignatureInvalid,
    OcspStale,
    OcspWrongCertificate,
    OcspWrongResponder,
)
from app.jpki.ocsp import MAXIMUM_BYTES, build_request, read_response
from app.jpki.revocation import StatusSource
from simulators.jlis.profile import Purpose
from tests.forgery import altered
from tests.pki import AT, issue_card, rsa_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import rsa

    from app.jpki.trust import TrustStore
    from simulators.jlis.authority import Authority
    from simulators.jlis.card_folder import Card
    from simulators.jlis.office import Office

NONCE = b"n" * 32
Path = ProvenPath[AuthenticationCertificate]


def path_of(card: Card, trust: TrustStore) -> Path:
    return trust.path_to_anchor(read_authentication_certificate(card.auth.der), at=AT)


@pytest.fixture
def path(card: Card, trust: TrustStore) -> Path:
    return path_of(card, trust)


@pytest.fixture
def authority(office: Office) -> Authority:
    return office.authority(Purpose.AUTHENTICATION)


@dataclass(frozen=True)
class Draft:
    """An answer with everything right; a test changes one thing."""

    status: wire.OCSPCertStatus = wire.OCSPCertStatus.GOOD
    this_update: datetime = AT - timedelta(minutes=1)
    next_update: datetime | None = AT + timedelta(minutes=9)
    nonce: bytes | None = NONCE
    serial: int | None = None
    responder: x509.Certificate | None = None
    key: rsa.RSAPrivateKey | None = None
    extra: x509.ExtensionType | None = None

    def sign(self, authority: Authority, path: Path) -> bytes:
        responder = self.responder or authority.responder
        revoked = self.status is wire.OCSPCertStatus.REVOKED
        request = wire.load_der_ocsp_request(build_request(path, NONCE))
        builder = (
            wire.OCSPResponseBuilder()
            .add_response_by_hash(
                request.issuer_name_hash,
                request.issuer_key_hash,
                self.serial or path.certificate.serial,
                hashes.SHA256(),
                self.status,
                self.this_update,
                self.next_update,
                AT - timedelta(days=1) if revoked else None,
                x509.ReasonFlags.key_compromise if revoked else None,
            )
            .responder_id(wire.OCSPResponderEncoding.HASH, responder)
            .certificates([responder])
        )
        if self.nonce is not None:
            builder = builder.add_extension(x509.OCSPNonce(self.nonce), critical=False)
        if self.extra is not None:
            builder = builder.add_extension(self.extra, critical=True)
        answer = builder.sign(self.key or authority.responder_key, hashes.SHA256())
        return answer.public_bytes(Encoding.DER)


def test_the_simulated_jlis_answers_our_question(office: Office, path: Path) -> None:
    answer = office.ocsp(Purpose.AUTHENTICATION, build_request(path, NONCE), at=AT)
    proof = read_response(answer, path, NONCE, at=AT)
    assert (proof.source, proof.as_of) == (StatusSource.OCSP, AT)
    assert proof.good_until > AT


def test_a_revocation_is_told_with_time_and_reason(office: Office, card: Card, path: Path) -> None:
    office.revoke(card.name, at=AT, reason="key_compromise")
    answer = office.ocsp(Purpose.AUTHENTICATION, build_request(path, NONCE), at=AT)
    with pytest.raises(CertificateRevoked) as refusal:
        read_response(answer, path, NONCE, at=AT)
    told = refusal.value
    assert (told.serial, told.revoked_at, told.reason) == (card.auth.serial, AT, "keyCompromise")


def test_a_serial_the_issuer_does_not_know_is_refused_for_good(
    authority: Authority, path: Path
) -> None:
    answer = Draft(status=wire.OCSPCertStatus.UNKNOWN).sign(authority, path)
    with pytest.raises(CertificateUnknownToIssuer) as refusal:
        read_response(answer, path, NONCE, at=AT)
    assert isinstance(refusal.value, Rejected)


@pytest.mark.parametrize("nonce", [None, b"m" * 32, NONCE[:31]])
def test_an_answer_to_another_question_is_a_replay(
    authority: Authority, path: Path, nonce: bytes | None
) -> None:
    with pytest.raises(OcspReplayed) as refusal:
        read_response(Draft(nonce=nonce).sign(authority, path), path, NONCE, at=AT)
    assert isinstance(refusal.value, Unavailable)


@pytest.mark.parametrize(
    "draft",
    [
        Draft(this_update=AT - timedelta(hours=1, seconds=1)),
        Draft(this_update=AT + timedelta(minutes=6), next_update=AT + timedelta(hours=1)),
        Draft(next_update=AT),
        Draft(this_update=AT - timedelta(hours=2), next_update=None),
    ],
    ids=["old", "future", "past-next-update", "old-without-next-update"],
)
def test_an_answer_outside_its_time_is_stale(
    authority: Authority, path: Path, draft: Draft
) -> None:
    with pytest.raises(OcspStale):
        read_response(draft.sign(authority, path), path, NONCE, at=AT)


def test_an_answer_about_another_certificate_proves_nothing(
    authority: Authority, path: Path
) -> None:
    with pytest.raises(OcspWrongCertificate):
        read_response(Draft(serial=12345).sign(authority, path), path, NONCE, at=AT)


def test_an_answer_about_another_generation_proves_nothing(
    office: Office, trust: TrustStore, authority: Authority, path: Path
) -> None:
    older = path_of(issue_card(office, generation=2), trust)
    draft = Draft(serial=path.certificate.serial)
    with pytest.raises(OcspWrongCertificate):
        read_response(draft.sign(authority, older), path, NONCE, at=AT)


def test_the_other_generations_responder_is_not_entrusted(office: Office, path: Path) -> None:
    other = office.authority(Purpose.AUTHENTICATION, 2)
    with pytest.raises(OcspWrongResponder):
        read_response(Draft().sign(other, path), path, NONCE, at=AT)


def test_a_cards_own_key_is_no_responder(authority: Authority, card: Card, path: Path) -> None:
    draft = Draft(responder=card.auth.certificate, key=card.auth.key)
    with pytest.raises(OcspWrongResponder):
        read_response(draft.sign(authority, path), path, NONCE, at=AT)


def responder_like(authority: Authority, **changes: object) -> x509.Certificate:
    return x509.load_der_x509_certificate(
        altered(authority.responder, authority, **changes)  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"without": [x509.ExtendedKeyUsage]},
        {"extra": [(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), True)]},
        {"without": [x509.OCSPNoCheck]},
        {"not_after": AT - timedelta(seconds=1)},
        {"not_before": AT + timedelta(seconds=1)},
    ],
    ids=["no-usage", "other-usage", "no-nocheck", "expired", "not-yet"],
)
def test_a_responder_without_the_right_certificate_is_not_entrusted(
    authority: Authority, path: Path, changes: dict[str, object]
) -> None:
    draft = Draft(responder=responder_like(authority, **changes))
    with pytest.raises(OcspWrongResponder):
        read_response(draft.sign(authority, path), path, NONCE, at=AT)


def test_a_responder_certified_by_itself_is_not_entrusted(authority: Authority, path: Path) -> None:
    thief = rsa_key(2)
    der = altered(authority.responder, thief, public_key=thief.public_key())
    draft = Draft(responder=x509.load_der_x509_certificate(der), key=thief)
    with pytest.raises(OcspWrongResponder):
        read_response(draft.sign(authority, path), path, NONCE, at=AT)


def test_the_authority_itself_may_answer(authority: Authority, path: Path) -> None:
    draft = Draft(responder=authority.certificate, key=authority.key)
    proof = read_response(draft.sign(authority, path), path, NONCE, at=AT)
    assert proof.source is StatusSource.OCSP


def test_a_signature_by_another_key_does_not_hold(authority: Authority, path: Path) -> None:
    answer = bytearray(Draft().sign(authority, path))
    position = answer.index(NONCE)
    answer[position] ^= 1
    with pytest.raises(OcspSignatureInvalid):
        read_response(bytes(answer), path, b"o" + NONCE[1:], at=AT)


def test_an_unknown_critical_extension_makes_it_unreadable(
    authority: Authority, path: Path
) -> None:
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    with pytest.raises(OcspMalformed):
        read_response(Draft(extra=unknown).sign(authority, path), path, NONCE, at=AT)


def test_an_error_of_the_responder_is_not_an_answer(path: Path) -> None:
    later = wire.OCSPResponseBuilder.build_unsuccessful(wire.OCSPResponseStatus.TRY_LATER)
    with pytest.raises(OcspFailed):
        read_response(later.public_bytes(Encoding.DER), path, NONCE, at=AT)


@pytest.mark.parametrize("der", [b"", b"\x30\x00", b"HTTP", b"\x00" * (MAXIMUM_BYTES + 1)])
def test_bytes_that_are_no_answer_are_refused(path: Path, der: bytes) -> None:
    with pytest.raises(OcspMalformed):
        read_response(der, path, NONCE, at=AT)
