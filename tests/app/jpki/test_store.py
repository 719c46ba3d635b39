"""The revocation store: what may replace what, and what it answers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from app.core.db import reading, transaction
from app.jpki import store
from app.jpki.certificates import AuthenticationCertificate, read_authentication_certificate
from app.jpki.crl import read_crl
from app.jpki.errors import (
    CertificateRevoked,
    CrlMalformed,
    CrlReplayed,
    CrlStale,
    RevocationUnknown,
)
from app.jpki.models import Crl, CrlEntry
from app.jpki.revocation import StatusSource
from app.jpki.store import CrlTable, ingest
from simulators.jlis.profile import Purpose
from tests.app.jpki.test_crl import DAY, Draft
from tests.pki import AT, bound_tables, issue_card

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from app.jpki.anchors import ProvenPath
    from app.jpki.trust import TrustStore
    from simulators.jlis.card_folder import Card
    from simulators.jlis.office import Office

pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def tables(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    """The store's tables, on either database."""
    url = f"sqlite:///{tmp_path / 'store.sqlite'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_url")
    with bound_tables(url):
        yield


class Shelf:
    """Lists of one generation for one store."""

    def __init__(self, office: Office, trust: TrustStore) -> None:
        self.office = office
        self.trust = trust

    def take(self, draft: Draft, *, generation: int = 3, at: datetime = AT) -> bool:
        der = draft.sign(self.office.authority(Purpose.AUTHENTICATION, generation))
        return ingest(read_crl(der, self.trust.authentication, at=at), at=at)

    def path(self, card: Card) -> ProvenPath[AuthenticationCertificate]:
        certificate = read_authentication_certificate(card.auth.der)
        return self.trust.path_to_anchor(certificate, at=AT)


@pytest.fixture
def shelf(office: Office, trust: TrustStore) -> Shelf:
    return Shelf(office, trust)


def listing(card: Card, number: int = 7) -> Draft:
    return Draft(number=number, serials=(card.auth.certificate.serial_number,))


def test_a_certificate_not_listed_stands_as_of_the_list(shelf: Shelf, card: Card) -> None:
    shelf.take(Draft())
    proof = CrlTable().prove_not_revoked(shelf.path(card), at=AT)
    assert proof.source is StatusSource.CRL
    assert (proof.crl_number, proof.as_of, proof.good_until) == (
        7,
        AT - timedelta(hours=1),
        AT + DAY,
    )


def test_a_listed_certificate_is_revoked_since_when_and_why(shelf: Shelf, card: Card) -> None:
    shelf.take(listing(card))
    with pytest.raises(CertificateRevoked) as refusal:
        CrlTable().prove_not_revoked(shelf.path(card), at=AT)
    assert refusal.value.serial == card.auth.serial
    assert (refusal.value.revoked_at, refusal.value.reason) == (AT - DAY, "keyCompromise")


def test_the_same_serial_under_another_generation_does_not_count(shelf: Shelf, card: Card) -> None:
    shelf.take(listing(card), generation=2)
    shelf.take(Draft())
    assert CrlTable().prove_not_revoked(shelf.path(card), at=AT).crl_number == 7


def test_without_a_list_for_its_issuer_nothing_is_known(shelf: Shelf, card: Card) -> None:
    shelf.take(Draft(), generation=2)
    with pytest.raises(RevocationUnknown):
        CrlTable().prove_not_revoked(shelf.path(card), at=AT)


def test_a_complete_list_covers_every_municipality(shelf: Shelf, card: Card) -> None:
    shelf.take(Draft(extra=(), serials=(card.auth.certificate.serial_number,)))
    with pytest.raises(CertificateRevoked):
        CrlTable().prove_not_revoked(shelf.path(card), at=AT)


@pytest.mark.parametrize("late", [timedelta(0), timedelta(seconds=1), timedelta(days=30)])
def test_at_next_update_the_list_is_stale_without_grace(
    shelf: Shelf, card: Card, late: timedelta
) -> None:
    shelf.take(Draft())
    with pytest.raises(CrlStale) as refusal:
        CrlTable().prove_not_revoked(shelf.path(card), at=AT + DAY + late)
    assert refusal.value.next_update == AT + DAY


def test_until_next_update_the_list_counts(shelf: Shelf, card: Card) -> None:
    shelf.take(Draft())
    last = AT + DAY - timedelta(seconds=1)
    assert CrlTable().prove_not_revoked(shelf.path(card), at=last).good_until == AT + DAY


def test_a_stale_list_still_tells_of_a_revocation(shelf: Shelf, card: Card) -> None:
    shelf.take(listing(card))
    with pytest.raises(CertificateRevoked):
        CrlTable().prove_not_revoked(shelf.path(card), at=AT + 2 * DAY)


def test_a_newer_list_takes_the_older_ones_place(shelf: Shelf, card: Card) -> None:
    shelf.take(Draft(number=7))
    assert shelf.take(listing(card, number=8))
    with pytest.raises(CertificateRevoked):
        CrlTable().prove_not_revoked(shelf.path(card), at=AT)
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(Crl)) == 1
        assert session.scalar(select(func.count()).select_from(CrlEntry)) == 1


def test_an_older_number_is_an_alarm_and_changes_nothing(shelf: Shelf, card: Card) -> None:
    shelf.take(listing(card, number=8))
    with pytest.raises(CrlReplayed) as alarm:
        shelf.take(Draft(number=7))
    assert (alarm.value.held, alarm.value.offered) == (8, 7)
    with pytest.raises(CertificateRevoked):
        CrlTable().prove_not_revoked(shelf.path(card), at=AT)


def test_the_same_number_with_other_bytes_is_an_alarm(shelf: Shelf, card: Card) -> None:
    shelf.take(listing(card, number=7))
    with pytest.raises(CrlReplayed):
        shelf.take(Draft(number=7))


def test_the_same_list_again_is_no_work(shelf: Shelf, office: Office, trust: TrustStore) -> None:
    der = Draft().sign(office.authority(Purpose.AUTHENTICATION))
    crl = read_crl(der, trust.authentication, at=AT)
    assert ingest(crl, at=AT)
    assert not ingest(crl, at=AT)
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(Crl)) == 1


def test_numbers_are_compared_as_numbers_even_beyond_64_bits(shelf: Shelf) -> None:
    shelf.take(Draft(number=9))
    assert shelf.take(Draft(number=10))
    assert shelf.take(Draft(number=1 << 150))
    with pytest.raises(CrlReplayed):
        shelf.take(Draft(number=(1 << 150) - 1))


def test_a_list_that_cannot_be_used_leaves_the_old_one_in_place(shelf: Shelf, card: Card) -> None:
    shelf.take(listing(card, number=7))
    with pytest.raises(CrlMalformed):
        shelf.take(Draft(number=8, serials=(5, 5)))
    with pytest.raises(CertificateRevoked):
        CrlTable().prove_not_revoked(shelf.path(card), at=AT)
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(Crl)) == 1


def test_a_long_list_is_written_and_replaced_in_batches(
    shelf: Shelf, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "BATCH", 4)
    victim = issue_card(office)
    serials = (*range(1, 22), victim.auth.certificate.serial_number)
    shelf.take(Draft(number=1, serials=serials))
    with pytest.raises(CertificateRevoked):
        CrlTable().prove_not_revoked(shelf.path(victim), at=AT)
    shelf.take(Draft(number=2, serials=(3,)))
    with reading() as session:
        assert list(session.scalars(select(CrlEntry.serial))) == ["3"]


def test_what_a_broken_refresh_left_behind_is_cleared_away(shelf: Shelf, card: Card) -> None:
    shelf.take(Draft(number=1))
    with reading() as session:
        held = session.scalars(select(Crl)).one()
    with transaction() as session:
        leftover = {
            column.name: getattr(held, column.name)
            for column in Crl.__table__.columns
            if column.name != "id"
        }
        session.add(Crl(**leftover | {"current": False, "number": "2"}))
    shelf.take(Draft(number=3), at=AT + timedelta(hours=2))
    with reading() as session:
        assert list(session.scalars(select(Crl.number))) == ["3"]
