"""What the JPKI measurements stand on: a card, an answered challenge, a list of many entries."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from app.core import db
from app.crypto.tokens import new_token
from app.jpki.authentication import UnverifiedToken
from app.jpki.challenge import Challenge
from app.jpki.models import Crl, CrlEntry
from app.jpki.signature import SignatureAlgorithm
from app.jpki.trust import TrustStore
from simulators.jlis.holder import Holder, Sex
from simulators.jlis.index import Partition
from simulators.jlis.office import Office
from simulators.jlis.profile import Purpose
from simulators.jlis.status import build_crl

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from simulators.jlis.authority import Authority
    from simulators.jlis.card_folder import Card

AT = datetime(2026, 11, 1, 3, tzinfo=UTC)
HOLDER = Holder(
    "見本　太郎", datetime(1988, 2, 29, tzinfo=UTC).date(), Sex.MALE, "見本市", "131016"
)
PARTITION = Partition(Purpose.AUTHENTICATION, 3, HOLDER.municipality_code)
KIBI = 1024
_SEQUENCE, _LONG = 0x30, 0x80
_HEAD = ("version", "signature", "issuer", "this_update", "next_update")
_SPREAD = 0x9E37_79B9_7F4A_7C15  # odd: every serial comes once, in no order a table would like
_SERIAL_MASK, _SERIAL_BIT = (1 << 62) - 1, 1 << 62


@dataclass(frozen=True)
class World:
    """A card, its issuer, and what the portal holds."""

    folder: Path
    card: Card
    issuer: Authority
    trust: TrustStore
    token: UnverifiedToken
    challenge: Challenge

    @property
    def database_url(self) -> str:
        """Where the lists are kept."""
        return f"sqlite:///{self.folder / 'bench.sqlite'}"


def make_world(folder: Path) -> World:
    """A simulated J-LIS with one card that answered one challenge."""
    office = Office.create(folder, at=AT)
    card = office.issue("bench", HOLDER, at=AT)
    challenge = Challenge(new_token(), "http://127.0.0.1:8000")
    signature = card.auth.key.sign(challenge.signed_bytes, padding.PKCS1v15(), hashes.SHA256())
    token = UnverifiedToken(card.auth.der, SignatureAlgorithm.RS256, signature)
    issuer = office.authority(Purpose.AUTHENTICATION)
    return World(folder, card, issuer, TrustStore.load(folder / "trust"), token, challenge)


def open_database(url: str) -> Engine:
    """Bind this process to the bench's database; log lines are made but not shown."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(StringIO()))
    engine = db.make_engine(url)
    db.Base.metadata.create_all(engine, tables=[Crl.__table__, CrlEntry.__table__])  # type: ignore[list-item]
    db.bind(engine)
    return engine


def make_list(issuer: Authority, entries: int, *, number: int = 1) -> bytes:
    """A signed list of this many serials, encoded by hand because a builder is quadratic."""
    empty = asn1_crl.CertificateList.load(build_crl(issuer, PARTITION, [], number=number, at=AT))
    tbs = empty["tbs_cert_list"]
    revoked_at = asn1_x509.Time({"utc_time": AT - timedelta(days=1)}).dump()
    lines = b"".join(
        _sequence(b"\x02\x08" + _serial(n).to_bytes(8, "big") + revoked_at) for n in range(entries)
    )
    head = (tbs[name].dump() for name in _HEAD)
    body = _sequence(b"".join(head) + _sequence(lines) + tbs["crl_extensions"].dump())
    signature = issuer.key.sign(body, padding.PKCS1v15(), hashes.SHA256())
    bits = b"\x03" + _length(len(signature) + 1) + b"\x00" + signature
    return _sequence(body + empty["signature_algorithm"].dump() + bits)


def resident_megabytes() -> float:
    """Memory of this process that is in RAM now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / KIBI / KIBI


def _serial(number: int) -> int:
    return _SERIAL_BIT | ((number * _SPREAD) & _SERIAL_MASK)


def _sequence(content: bytes) -> bytes:
    return bytes([_SEQUENCE]) + _length(len(content)) + content


def _length(number: int) -> bytes:
    if number < _LONG:
        return bytes([number])
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return bytes([_LONG | len(raw)]) + raw
