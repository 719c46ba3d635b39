"""Card login: what passes, and every way it does not."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from app.core.errors import Rejected, Unavailable
from app.crypto.digests import sha256
from app.jpki.authentication import UnverifiedToken, VerifiedHolder, verify_login
from app.jpki.errors import (
    AlgorithmNotAllowed,
    CertificateExpired,
    CertificateNotYetValid,
    CertificateRevoked,
    IssuerNotValid,
    RevocationUnknown,
    SignatureInvalid,
    UnknownIssuer,
    WrongPolicy,
)
from app.jpki.revocation import FirstAnswer, NotRevoked, RevocationSource
from app.jpki.signature import SignatureAlgorithm
from simulators.jlis.profile import Purpose, authority_key_identifier
from tests.forgery import altered
from tests.pki import AT, CHALLENGE, NothingRevoked, answer, issue_card, rsa_key

if TYPE_CHECKING:
    from app.jpki.anchors import ProvenPath
    from app.jpki.certificates import JpkiCertificate
    from app.jpki.challenge import Challenge
    from app.jpki.trust import TrustStore
    from simulators.jlis.card_folder import Card, Issued
    from simulators.jlis.office import Office


def log_in(
    issued: Issued,
    trust: TrustStore,
    *,
    challenge: Challenge = CHALLENGE,
    status: RevocationSource | None = None,
    at: datetime = AT,
    **changes: Any,
) -> VerifiedHolder:
    token = UnverifiedToken.from_json(answer(issued) | changes)
    return verify_login(token, challenge, trust, status or NothingRevoked(), at=at)


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_the_holder_of_a_live_card_is_named_by_issuer_and_serial(
    card: Card, trust: TrustStore
) -> None:
    holder = log_in(card.auth, trust)
    assert holder.credential.serial == card.auth.serial
    assert holder.generation == 3
    assert holder.simulated
    assert holder.not_after - AT > timedelta(days=4 * 365)


def test_every_generation_of_issuers_is_told_apart(office: Office, trust: TrustStore) -> None:
    second = log_in(issue_card(office, generation=2).auth, trust)
    third = log_in(issue_card(office, generation=3).auth, trust)
    assert (second.generation, third.generation) == (2, 3)
    assert second.credential.issuer_key_id != third.credential.issuer_key_id


def test_an_answer_for_another_origin_is_refused(card: Card, trust: TrustStore) -> None:
    elsewhere = replace(CHALLENGE, origin="http://portal.example")
    with pytest.raises(SignatureInvalid):
        log_in(card.auth, trust, challenge=elsewhere)


def test_an_answer_to_another_nonce_is_refused(card: Card, trust: TrustStore) -> None:
    with pytest.raises(SignatureInvalid):
        log_in(card.auth, trust, challenge=replace(CHALLENGE, nonce="c" * 43))


def test_another_cards_signature_is_refused(card: Card, trust: TrustStore) -> None:
    signature = encoded(
        rsa_key(2).sign(CHALLENGE.signed_bytes, padding.PKCS1v15(), hashes.SHA256())
    )
    with pytest.raises(SignatureInvalid):
        log_in(card.auth, trust, signature=signature)


def test_a_digest_info_without_null_is_refused(card: Card, trust: TrustStore) -> None:
    key = card.auth.key
    numbers = key.private_numbers()
    without_null = bytes.fromhex("302f300b0609608648016503040201") + b"\x04\x20"
    digest_info = without_null + sha256(CHALLENGE.signed_bytes)
    padded = b"\x00\x01" + b"\xff" * (256 - 3 - len(digest_info)) + b"\x00" + digest_info
    number = pow(int.from_bytes(padded, "big"), numbers.d, numbers.public_numbers.n)
    with pytest.raises(SignatureInvalid):
        log_in(card.auth, trust, signature=encoded(number.to_bytes(256, "big")))


def test_a_self_signed_certificate_with_the_victims_serial_is_refused(
    card: Card, trust: TrustStore
) -> None:
    thief = rsa_key(2)
    der = altered(card.auth.certificate, thief, public_key=thief.public_key())
    signature = thief.sign(CHALLENGE.signed_bytes, padding.PKCS1v15(), hashes.SHA256())
    with pytest.raises(UnknownIssuer):
        log_in(card.auth, trust, certificate=encoded(der), signature=encoded(signature))


def test_a_certificate_by_another_generations_key_is_refused(
    office: Office, card: Card, trust: TrustStore
) -> None:
    """Same issuer name, and the key identifier of generation 3, but generation 2 signed it."""
    der = altered(card.auth.certificate, office.authority(Purpose.AUTHENTICATION, 2))
    with pytest.raises(UnknownIssuer):
        log_in(card.auth, trust, certificate=encoded(der))


def test_a_signature_certificate_does_not_log_in(card: Card, trust: TrustStore) -> None:
    with pytest.raises(WrongPolicy):
        log_in(card.signing, trust)


def test_the_signing_hierarchy_cannot_make_an_authentication_certificate(
    office: Office, card: Card, trust: TrustStore
) -> None:
    signing = office.authority(Purpose.SIGNATURE)
    der = altered(card.auth.certificate, signing, issuer=signing.certificate.subject)
    with pytest.raises(UnknownIssuer):
        log_in(card.auth, trust, certificate=encoded(der))


def test_an_expired_certificate_says_since_when(office: Office, trust: TrustStore) -> None:
    until = AT - timedelta(seconds=1)
    card = issue_card(office, at=AT - timedelta(days=30), valid_until=until)
    with pytest.raises(CertificateExpired) as refusal:
        log_in(card.auth, trust)
    assert refusal.value.expired_at == until


def test_a_certificate_holds_to_its_last_second_and_no_longer(
    office: Office, trust: TrustStore
) -> None:
    card = issue_card(office, valid_until=AT + timedelta(minutes=1))
    log_in(card.auth, trust, at=AT + timedelta(minutes=1))
    with pytest.raises(CertificateExpired):
        log_in(card.auth, trust, at=AT + timedelta(minutes=1, microseconds=2))


def test_a_certificate_before_its_time_is_refused(office: Office, trust: TrustStore) -> None:
    card = issue_card(office, at=AT + timedelta(hours=1))
    with pytest.raises(CertificateNotYetValid):
        log_in(card.auth, trust)


def test_an_expired_anchor_proves_nothing(office: Office, trust: TrustStore) -> None:
    card = issue_card(office, generation=2)
    long_after = AT + timedelta(days=365 * 3 + 10)
    with pytest.raises(IssuerNotValid):
        log_in(card.auth, trust, at=long_after)


def test_a_first_generation_card_is_refused_because_its_issuer_expired(
    office: Office, card: Card, trust: TrustStore
) -> None:
    first = office.authority(Purpose.AUTHENTICATION, 1)
    der = altered(
        card.auth.certificate,
        first,
        extra=[(authority_key_identifier(first.certificate), False)],
    )
    with pytest.raises(IssuerNotValid):
        log_in(card.auth, trust, certificate=encoded(der))


@dataclass(frozen=True)
class Revoked:
    def prove_not_revoked(self, path: ProvenPath[JpkiCertificate], *, at: datetime) -> NotRevoked:
        raise CertificateRevoked(format(path.certificate.serial, "x"), at)


def test_a_revoked_certificate_is_refused(card: Card, trust: TrustStore) -> None:
    with pytest.raises(CertificateRevoked) as refusal:
        log_in(card.auth, trust, status=Revoked())
    assert refusal.value.serial == card.auth.serial
    assert isinstance(refusal.value, Rejected)


def test_not_knowing_the_status_is_a_refusal_of_its_own_kind(card: Card, trust: TrustStore) -> None:
    with pytest.raises(RevocationUnknown) as refusal:
        log_in(card.auth, trust, status=FirstAnswer(()))
    assert isinstance(refusal.value, Unavailable)


def test_an_algorithm_the_anchor_does_not_list_is_refused(card: Card, trust: TrustStore) -> None:
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    signature = card.auth.key.sign(CHALLENGE.signed_bytes, pss, hashes.SHA256())
    with pytest.raises(AlgorithmNotAllowed):
        log_in(card.auth, trust, algorithm="PS256", signature=encoded(signature))


def listing(trust: TrustStore, *algorithms: SignatureAlgorithm) -> TrustStore:
    anchors = tuple(
        replace(anchor, algorithms=frozenset(algorithms)) for anchor in trust.authentication.anchors
    )
    return replace(trust, authentication=replace(trust.authentication, anchors=anchors))


def test_pss_is_accepted_when_the_anchor_lists_it(card: Card, trust: TrustStore) -> None:
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    signature = card.auth.key.sign(CHALLENGE.signed_bytes, pss, hashes.SHA256())
    both = listing(trust, SignatureAlgorithm.RS256, SignatureAlgorithm.PS256)
    holder = log_in(card.auth, both, algorithm="PS256", signature=encoded(signature))
    assert holder.credential.serial == card.auth.serial


def test_a_next_generation_p384_card_is_accepted_when_the_anchor_lists_it(
    office: Office, card: Card, trust: TrustStore
) -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    der = altered(
        card.auth.certificate,
        office.authority(Purpose.AUTHENTICATION),
        public_key=key.public_key(),
    )
    r, s = decode_dss_signature(key.sign(CHALLENGE.signed_bytes, ec.ECDSA(hashes.SHA384())))
    changes: dict[str, Any] = {
        "certificate": encoded(der),
        "algorithm": "ES384",
        "signature": encoded(r.to_bytes(48, "big") + s.to_bytes(48, "big")),
    }
    holder = log_in(card.auth, listing(trust, SignatureAlgorithm.ES384), **changes)
    assert holder.credential.serial == card.auth.serial
    with pytest.raises(AlgorithmNotAllowed):
        log_in(card.auth, trust, **changes)


def test_an_algorithm_of_another_kind_of_key_is_refused(card: Card, trust: TrustStore) -> None:
    every = listing(trust, *SignatureAlgorithm)
    with pytest.raises(AlgorithmNotAllowed):
        log_in(card.auth, every, algorithm="ES384")


def test_many_threads_log_in_at_once(card: Card, trust: TrustStore) -> None:
    """The parsed anchor is shared; nothing in a verification writes to what others read."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        holders = list(pool.map(lambda _number: log_in(card.auth, trust), range(100)))
    assert {holder.credential.serial for holder in holders} == {card.auth.serial}
