"""A development PKI for tests: a simulated J-LIS, cards with ready keys, tokens, signed documents.

Keys come from a small pool, because an RSA key takes 50 to 150 ms to make; serials and names are
fresh for every card. Import the fixtures by name into a ``conftest.py``.
"""

from __future__ import annotations

import base64
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import count
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from app.core import db
from app.crypto.digests import sha256
from app.jpki.challenge import Challenge
from app.jpki.models import Crl, CrlEntry
from app.jpki.revocation import NotRevoked, StatusSource
from app.jpki.timestamp import VerifiedTimestamp, build_request, read_response
from app.jpki.trust import TrustStore
from simulators.jlis.authority import new_key
from simulators.jlis.holder import Holder, Sex
from simulators.jlis.office import Office
from simulators.jlis.server import JlisServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from app.jpki.anchors import ProvenPath
    from app.jpki.certificates import JpkiCertificate
    from simulators.jlis.card_folder import Card, Issued

AT = datetime(2026, 11, 1, 3, 0, tzinfo=UTC)
ORIGIN = "http://127.0.0.1:8000"
CHALLENGE = Challenge(nonce="b" * 43, origin=ORIGIN)
HOLDER = Holder(
    name="見本　太郎",
    born_on=date(1988, 2, 29),
    sex=Sex.MALE,
    address="東京都見本市見本町１丁目２番３号",
    municipality_code="131016",
)
CHILD = replace(HOLDER, name="見本　花", born_on=date(2020, 5, 5), sex=Sex.FEMALE)
_numbers = count(1)


@cache
def rsa_key(number: int = 0) -> rsa.RSAPrivateKey:
    """The key of this number in this process's pool; always the same one."""
    assert number >= 0
    return new_key()


def make_office(folder: Path, *, at: datetime = AT, port: int = 8200) -> Office:
    """A whole simulated J-LIS below ``folder``, with its trust profile in ``folder/trust``."""
    return Office.create(folder, at=at, port=port)


def issue_card(office: Office, holder: Holder = HOLDER, **options: Any) -> Card:
    """A fresh card with pooled keys; ``at`` is AT unless given."""
    chosen: dict[str, Any] = {"at": AT, "keys": (rsa_key(0), rsa_key(1))} | options
    return office.issue(f"card-{next(_numbers)}", holder, **chosen)


def sign_rs256(key: rsa.RSAPrivateKey, data: bytes) -> bytes:
    """RSASSA-PKCS1-v1_5 with SHA-256, as the card makes it."""
    return key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def answer(
    issued: Issued, challenge: Challenge = CHALLENGE, *, signature: bytes | None = None
) -> dict[str, Any]:
    """The ``token`` message a card agent sends for this challenge."""
    made = sign_rs256(issued.key, challenge.signed_bytes) if signature is None else signature
    return {
        "type": "token",
        "version": 1,
        "certificate": base64.b64encode(issued.der).decode(),
        "algorithm": "RS256",
        "signature": base64.b64encode(made).decode(),
    }


@dataclass(frozen=True)
class NothingRevoked:
    """A source for tests that are about something else: every certificate stands."""

    def prove_not_revoked(self, path: ProvenPath[JpkiCertificate], *, at: datetime) -> NotRevoked:
        """Always proves."""
        assert path.at <= at
        return NotRevoked(StatusSource.CRL, at, at + timedelta(hours=1), crl_number=1)


@dataclass(frozen=True)
class LocalTimestamps:
    """The office's time-stamping authority without HTTP; its clock is the caller's."""

    office: Office
    trust: TrustStore

    def stamp(self, imprint: bytes, *, at: datetime) -> VerifiedTimestamp:
        """A proved timestamp of ``at``."""
        assert self.trust.timestamping is not None
        answer = self.office.timestamps.answer(build_request(imprint, 7), at=at)
        return read_response(answer, imprint, self.trust.timestamping, nonce=7, at=at)


def sign_document(
    issued: Issued,
    text: str,
    *,
    at: datetime = AT,
    attributes: Sequence[dict[str, Any]] | None = None,
    signature: bytes | None = None,
) -> bytes:
    """CMS SignedData over a text, as the card agent makes it. DER."""
    certificate = asn1_x509.Certificate.load(issued.der)
    content = text.encode()
    signed_attributes = cms.CMSAttributes(
        [
            {"type": "content_type", "values": ["data"]},
            {"type": "message_digest", "values": [sha256(content)]},
            {"type": "signing_time", "values": [cms.Time({"utc_time": at})]},
            *(attributes or ()),
        ]
    )
    made = signature or sign_rs256(issued.key, signed_attributes.dump())
    signer = {
        "version": "v1",
        "sid": {
            "issuer_and_serial_number": {
                "issuer": certificate.issuer,
                "serial_number": certificate.serial_number,
            }
        },
        "digest_algorithm": {"algorithm": "sha256"},
        "signed_attrs": signed_attributes,
        "signature_algorithm": {"algorithm": "rsassa_pkcs1v15"},
        "signature": made,
    }
    signed = {
        "version": "v1",
        "digest_algorithms": [{"algorithm": "sha256"}],
        "encap_content_info": {"content_type": "data", "content": content},
        "certificates": [certificate],
        "signer_infos": [signer],
    }
    info = {"content_type": "signed_data", "content": cms.SignedData(signed)}
    return bytes(cms.ContentInfo(info).dump())


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """One simulated J-LIS a test process. Cards are cheap: issue one per test."""
    return make_office(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="session")
def trust(office: Office) -> TrustStore:
    """The trust profile that pins it."""
    return TrustStore.load(office.var / "trust")


@contextmanager
def bound_tables(url: str) -> Iterator[None]:
    """Make the revocation store's tables in this database and work on it."""
    engine = db.make_engine(url)
    db.Base.metadata.create_all(engine, tables=[Crl.__table__, CrlEntry.__table__])  # type: ignore[list-item]
    db.bind(engine)
    try:
        yield
    finally:
        engine.dispose()


@pytest.fixture
def revocation_tables(tmp_path: Path) -> Iterator[None]:
    """The tables of the revocation store in a database of their own."""
    with bound_tables(f"sqlite:///{tmp_path / 'revocation.sqlite'}"):
        yield


@pytest.fixture
def card(office: Office) -> Card:
    """A grown-up's card, valid at AT."""
    return issue_card(office)


@pytest.fixture
def jlis_server(office: Office) -> Iterator[JlisServer]:
    """CRL, OCSP and timestamps of that J-LIS on a free loopback port."""
    with JlisServer(office, 0) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(timeout=5)
