"""The verdict on a signed text: passed, failed, or not to be known, and why in plain Japanese."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from app.jpki.document import read_document
from app.jpki.errors import CertificateRevoked, JpkiRejected, RevocationUnknown
from app.jpki.examination import Examination, Step, examine_document
from app.jpki.indications import Indication, SubIndication, sub_indication_of
from app.jpki.reasons import plain_reason, words_for
from app.jpki.revocation import FirstAnswer, NotRevoked
from app.jpki.timestamp import signature_imprint, with_signature_timestamp
from simulators.jlis.card_folder import Issued
from tests.forgery import altered
from tests.pki import AT, LocalTimestamps, NothingRevoked, issue_card, rsa_key, sign_document

if TYPE_CHECKING:
    from app.jpki.anchors import ProvenPath
    from app.jpki.certificates import JpkiCertificate
    from app.jpki.revocation import RevocationSource
    from app.jpki.trust import TrustStore
    from simulators.jlis.card_folder import Card
    from simulators.jlis.office import Office

TEXT = "同意書\n番号: 1\n"
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class RevokedAt:
    """A source that knows one revocation."""

    revoked_at: datetime

    def prove_not_revoked(self, path: ProvenPath[JpkiCertificate], *, at: datetime) -> NotRevoked:
        """Always revoked."""
        assert path.at <= at
        raise CertificateRevoked("1", self.revoked_at, "superseded")


@pytest.fixture
def stamped(office: Office, card: Card, trust: TrustStore) -> bytes:
    """Signed and timestamped at AT."""
    return stamped_document(sign_document(card.signing, TEXT), office, trust)


def stamped_document(document: bytes, office: Office, trust: TrustStore) -> bytes:
    imprint = signature_imprint(read_document(document).signature)
    stamp = LocalTimestamps(office, trust).stamp(imprint, at=AT)
    return with_signature_timestamp(document, stamp.token)


def examined(
    document: bytes,
    trust: TrustStore,
    status: RevocationSource | None = None,
    *,
    at: datetime = AT,
    not_before: datetime | None = None,
) -> Examination:
    return examine_document(
        document, TEXT, trust, status or NothingRevoked(), at=at, not_before=not_before
    )


def verdict(found: Examination) -> tuple[Indication, SubIndication | None]:
    return found.indication, found.sub_indication


def test_a_good_signature_passes_every_step(stamped: bytes, trust: TrustStore) -> None:
    found = examined(stamped, trust)
    assert (found.passed, found.sub_indication) == (True, None)
    assert [check.step for check in found.checks] == list(Step)
    assert plain_reason(found) == "署名は有効です。 2026年11月1日12時00分には署名されていました。"


def test_revoked_after_the_timestamp_still_passes_and_says_so(
    stamped: bytes, trust: TrustStore
) -> None:
    found = examined(stamped, trust, RevokedAt(AT + HOUR), at=AT + 9 * HOUR)
    assert found.passed
    reason = plain_reason(found)
    assert "2026年11月1日13時00分に失効しましたが" in reason
    assert "2026年11月1日12時00分で、失効より前です" in reason


@pytest.mark.parametrize("revoked_at", [AT, AT - HOUR])
def test_revoked_by_the_time_of_the_timestamp_is_not_to_be_known(
    stamped: bytes, trust: TrustStore, revoked_at: datetime
) -> None:
    found = examined(stamped, trust, RevokedAt(revoked_at), at=AT + HOUR)
    assert verdict(found) == (Indication.INDETERMINATE, SubIndication.REVOKED_NO_POE)
    assert not found.passed
    assert "有効とは認められません" in plain_reason(found)


def test_without_a_timestamp_a_later_revocation_leaves_it_open(
    card: Card, trust: TrustStore
) -> None:
    document = sign_document(card.signing, TEXT)
    found = examined(document, trust, RevokedAt(AT + HOUR), at=AT + 2 * HOUR)
    assert verdict(found) == (Indication.INDETERMINATE, SubIndication.REVOKED_NO_POE)


def test_revoked_before_the_text_could_be_signed_fails_for_good(
    stamped: bytes, trust: TrustStore
) -> None:
    found = examined(stamped, trust, RevokedAt(AT - 2 * HOUR), not_before=AT - HOUR)
    assert verdict(found) == (Indication.FAILED, SubIndication.REVOKED)
    assert "2026年11月1日10時00分に失効し、署名はそれより後です" in plain_reason(found)


def test_an_unknown_status_says_try_later(stamped: bytes, trust: TrustStore) -> None:
    found = examined(stamped, trust, FirstAnswer(()))
    assert verdict(found) == (Indication.INDETERMINATE, SubIndication.TRY_LATER)


def test_another_text_an_altered_one_and_another_key_fail(
    office: Office, card: Card, trust: TrustStore
) -> None:
    other = sign_document(card.signing, "別の文書")
    changed = sign_document(card.signing, TEXT).replace(b": 1", b": 2")
    forged = sign_document(Issued(card.signing.certificate, rsa_key(2)), TEXT)
    wanted = {
        other: SubIndication.HASH_FAILURE,
        changed: SubIndication.HASH_FAILURE,
        forged: SubIndication.SIG_CRYPTO_FAILURE,
        b"\x30\x00": SubIndication.FORMAT_FAILURE,
    }
    for document, sub_indication in wanted.items():
        assert verdict(examined(document, trust)) == (Indication.FAILED, sub_indication)


def test_certificates_that_do_not_fit_are_not_to_be_known(
    office: Office, card: Card, trust: TrustStore
) -> None:
    thief = rsa_key(2)
    self_made = altered(card.signing.certificate, thief, public_key=thief.public_key())
    stranger = Issued(x509.load_der_x509_certificate(self_made), thief)
    wanted = {
        sign_document(stranger, TEXT): SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
        sign_document(card.auth, TEXT): SubIndication.CHAIN_CONSTRAINTS_FAILURE,
    }
    for document, sub_indication in wanted.items():
        assert verdict(examined(document, trust)) == (Indication.INDETERMINATE, sub_indication)


def test_an_expired_certificate_is_not_to_be_known_unless_it_expired_before_signing(
    office: Office, trust: TrustStore
) -> None:
    card = issue_card(office, at=AT - 9 * HOUR, valid_until=AT + HOUR)
    document = stamped_document(sign_document(card.signing, TEXT), office, trust)
    late = AT + 2 * HOUR
    found = examined(document, trust, at=late)
    assert verdict(found) == (Indication.INDETERMINATE, SubIndication.OUT_OF_BOUNDS_NO_POE)
    plain = sign_document(card.signing, TEXT)
    found = examined(plain, trust, at=late, not_before=AT + HOUR + HOUR / 2)
    assert verdict(found) == (Indication.FAILED, SubIndication.EXPIRED)


def test_a_signature_older_than_its_certificate_fails(office: Office, trust: TrustStore) -> None:
    card = issue_card(office, at=AT + HOUR)
    found = examined(sign_document(card.signing, TEXT), trust)
    assert verdict(found) == (Indication.FAILED, SubIndication.NOT_YET_VALID)


def test_a_timestamp_over_something_else_proves_nothing_but_does_not_fail_the_rest(
    office: Office, card: Card, trust: TrustStore
) -> None:
    stamp = LocalTimestamps(office, trust).stamp(signature_imprint(b"other"), at=AT)
    document = with_signature_timestamp(sign_document(card.signing, TEXT), stamp.token)
    found = examined(document, trust)
    assert (found.passed, found.stamp) == (True, None)
    assert found.checks[2].indication is Indication.INDETERMINATE
    unpinned = examined(document, replace(trust, timestamping=None))
    assert unpinned.stamp is None


def test_every_sub_indication_has_words() -> None:
    for one in SubIndication:
        assert words_for(one)
    assert words_for(None) == "署名は有効です。"


def every_refusal(kind: type[Exception]) -> set[type[Exception]]:
    return {kind} | {one for child in kind.__subclasses__() for one in every_refusal(child)}


def test_no_refusal_ever_reads_as_a_pass() -> None:
    for kind in every_refusal(JpkiRejected):
        error = kind.__new__(kind)
        assert isinstance(error, JpkiRejected)
        assert sub_indication_of(error)[0] is not Indication.PASSED
    assert sub_indication_of(RevocationUnknown("x"))[1] is SubIndication.TRY_LATER
