"""Which source is asked, and what its silence means."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from app.core.errors import TsunaguError
from app.jpki.certificates import JpkiCertificate, read_authentication_certificate
from app.jpki.errors import (
    CertificateRevoked,
    CertificateUnknownToIssuer,
    CrlStale,
    OcspFailed,
    RevocationUnknown,
)
from app.jpki.names import serial_hex
from app.jpki.revocation import (
    CheckPurpose,
    CrlAnswer,
    EveryAnswer,
    FirstAnswer,
    KnownStatus,
    NotRevoked,
    StatusSource,
    judge_lists,
    prove_standing,
)
from tests.pki import AT

if TYPE_CHECKING:
    from app.jpki.anchors import ProvenPath
    from app.jpki.trust import TrustStore
    from simulators.jlis.card_folder import Card

HOUR = timedelta(hours=1)


@dataclass
class Says:
    """A source that always says the same."""

    answer: NotRevoked | TsunaguError
    asked: int = field(default=0)

    def prove_not_revoked(self, path: ProvenPath[JpkiCertificate], *, at: datetime) -> NotRevoked:
        assert path.at == at
        self.asked += 1
        if isinstance(self.answer, TsunaguError):
            raise self.answer
        return self.answer


STANDS = NotRevoked(StatusSource.CRL, AT - HOUR, AT + HOUR, crl_number=1)


@pytest.fixture
def path(card: Card, trust: TrustStore) -> ProvenPath[JpkiCertificate]:
    return trust.path_to_anchor(read_authentication_certificate(card.auth.der), at=AT)


def test_the_first_answer_counts(path: ProvenPath[JpkiCertificate]) -> None:
    second = Says(CertificateRevoked("1", AT))
    assert FirstAnswer((Says(STANDS), second)).prove_not_revoked(path, at=AT) == STANDS
    assert second.asked == 0


def test_silence_asks_the_next_source(path: ProvenPath[JpkiCertificate]) -> None:
    sources = FirstAnswer((Says(OcspFailed("down")), Says(STANDS)))
    assert sources.prove_not_revoked(path, at=AT) == STANDS


@pytest.mark.parametrize("final", [CertificateRevoked("1", AT), CertificateUnknownToIssuer("x")])
def test_a_refusal_is_final_and_no_other_source_is_asked(
    path: ProvenPath[JpkiCertificate], final: TsunaguError
) -> None:
    second = Says(STANDS)
    with pytest.raises(type(final)):
        FirstAnswer((Says(final), second)).prove_not_revoked(path, at=AT)
    assert second.asked == 0


def test_when_every_source_is_silent_the_last_silence_is_the_refusal(
    path: ProvenPath[JpkiCertificate],
) -> None:
    sources = FirstAnswer((Says(OcspFailed("down")), Says(CrlStale(AT))))
    with pytest.raises(CrlStale):
        sources.prove_not_revoked(path, at=AT)


def test_no_source_at_all_is_a_refusal(path: ProvenPath[JpkiCertificate]) -> None:
    with pytest.raises(RevocationUnknown):
        FirstAnswer(()).prove_not_revoked(path, at=AT)


def test_every_answer_needs_every_source(path: ProvenPath[JpkiCertificate]) -> None:
    other = replace(STANDS, crl_number=2)
    assert EveryAnswer((Says(STANDS), Says(other))).prove_not_revoked(path, at=AT) == STANDS
    with pytest.raises(OcspFailed):
        EveryAnswer((Says(OcspFailed("down")), Says(STANDS))).prove_not_revoked(path, at=AT)
    with pytest.raises(RevocationUnknown):
        EveryAnswer(()).prove_not_revoked(path, at=AT)


def test_a_revocation_behind_a_silent_source_is_still_found(
    path: ProvenPath[JpkiCertificate],
) -> None:
    sources = EveryAnswer((Says(OcspFailed("down")), Says(CertificateRevoked("1", AT))))
    with pytest.raises(CertificateRevoked):
        sources.prove_not_revoked(path, at=AT)


def test_a_proof_in_hand_counts_until_it_is_too_old(path: ProvenPath[JpkiCertificate]) -> None:
    assert KnownStatus(STANDS).prove_not_revoked(path, at=AT) == STANDS
    with pytest.raises(RevocationUnknown):
        KnownStatus(STANDS).prove_not_revoked(path, at=AT + HOUR)


@pytest.mark.parametrize("purpose", list(CheckPurpose))
def test_each_check_is_logged_with_its_purpose_and_not_about_whom(
    path: ProvenPath[JpkiCertificate], purpose: CheckPurpose
) -> None:
    with capture_logs() as lines:
        prove_standing(Says(STANDS), path, at=AT, purpose=purpose)
        with pytest.raises(CertificateRevoked):
            prove_standing(Says(CertificateRevoked("1", AT)), path, at=AT, purpose=purpose)
    stood, refused = lines
    assert (stood["purpose"], stood["outcome"], stood["crl_number"]) == (purpose, "stands", "1")
    assert (refused["purpose"], refused["outcome"]) == (purpose, "certificate-revoked")
    assert serial_hex(path.certificate.serial) not in str(lines)


def listed(
    revoked_at: datetime | None, *, until: datetime = AT + HOUR, number: int = 1
) -> CrlAnswer:
    return CrlAnswer(number, AT - HOUR, until, revoked_at, None)


def test_of_two_lists_the_fresher_one_speaks() -> None:
    proof = judge_lists([listed(None, until=AT, number=1), listed(None, number=2)], "a", at=AT)
    assert proof.crl_number == 2


def test_one_list_that_names_the_serial_is_enough() -> None:
    with pytest.raises(CertificateRevoked):
        judge_lists([listed(None), listed(AT - HOUR)], "a", at=AT)


def test_no_list_is_not_a_good_list() -> None:
    with pytest.raises(RevocationUnknown):
        judge_lists([], "a", at=AT)
