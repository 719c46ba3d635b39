"""Which source is asked, and what its silence means."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from app.core.errors import TsunaguError
from app.jpki.certificates import JpkiCertificate, read_authentication_certificate
from app.jpki.errors import (
    CertificateRevoked,
    CertificateUnknownToIssuer,
    CrlStale,
    OcspFailed,
    RevocationUnknown,
)
from app.jpki.revocation import CrlAnswer, FirstAnswer, NotRevoked, StatusSource, judge_lists
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
