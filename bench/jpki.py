"""Card login and revocation lists, measured: ``python -m bench.jpki [--json] [--entries N]``.

Verification only, without network: the status comes from the CRL table in SQLite. Beside it, in
the same run, one bare RSA verify (``cryptography``) and a bare ``pyhanko-certvalidator`` path that
parses a list of 1,000 entries at each login.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import sys
import tempfile
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import TYPE_CHECKING

from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from pyhanko_certvalidator.authority import CertTrustAnchor
from pyhanko_certvalidator.context import ValidationContext
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import (
    CertRevTrustPolicy,
    RevocationCheckingPolicy,
    RevocationCheckingRule,
)
from pyhanko_certvalidator.validate import validate_path

from app.core import db
from app.crypto.tokens import new_token
from app.jpki.authentication import UnverifiedToken, verify_login
from app.jpki.certificates import require_known_key
from app.jpki.challenge import Challenge
from app.jpki.crl import read_crl
from app.jpki.models import Crl, CrlEntry
from app.jpki.signature import SignatureAlgorithm
from app.jpki.store import CrlTable, ingest
from app.jpki.trust import TrustStore
from simulators.jlis.holder import Holder, Sex
from simulators.jlis.index import Partition
from simulators.jlis.office import Office
from simulators.jlis.profile import Purpose
from simulators.jlis.status import build_crl

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulators.jlis.authority import Authority
    from simulators.jlis.card_folder import Card

AT = datetime(2026, 11, 1, 3, tzinfo=UTC)
HOLDER = Holder(
    "見本　太郎", datetime(1988, 2, 29, tzinfo=UTC).date(), Sex.MALE, "見本市", "131016"
)
PARTITION = Partition(Purpose.AUTHENTICATION, 3, HOLDER.municipality_code)
PEER_ENTRIES = 1_000
WARM_UP = 20
MILLISECONDS = 1000
KIBI = 1024
_SEQUENCE, _LONG = 0x30, 0x80


@dataclass(frozen=True)
class Figures:
    """Times in milliseconds unless the name says otherwise."""

    login_p50_ms: float
    login_p95_ms: float
    logins_per_s: float
    bare_rsa_p50_ms: float
    ratio_to_bare_rsa: float
    bare_pyhanko_p50_ms: float
    ratio_to_bare_pyhanko: float
    crl_entries: int
    crl_ingest_s: float
    worker_rss_growth_mb: float


@dataclass(frozen=True)
class World:
    """A card, its issuer, and what the portal holds."""

    card: Card
    issuer: Authority
    trust: TrustStore
    token: UnverifiedToken
    challenge: Challenge


def make_world(folder: Path) -> World:
    """A simulated J-LIS with one card that answered one challenge."""
    office = Office.create(folder, at=AT)
    card = office.issue("bench", HOLDER, at=AT)
    challenge = Challenge(new_token(), "http://127.0.0.1:8000")
    signature = card.auth.key.sign(challenge.signed_bytes, padding.PKCS1v15(), hashes.SHA256())
    token = UnverifiedToken(card.auth.der, SignatureAlgorithm.RS256, signature)
    issuer = office.authority(Purpose.AUTHENTICATION)
    return World(card, issuer, TrustStore.load(folder / "trust"), token, challenge)


def make_list(issuer: Authority, entries: int) -> bytes:
    """A signed list of this many serials, encoded by hand because a builder is quadratic."""
    empty = asn1_crl.CertificateList.load(build_crl(issuer, PARTITION, [], number=1, at=AT))
    tbs = empty["tbs_cert_list"]
    revoked_at = asn1_x509.Time({"utc_time": AT - timedelta(days=1)}).dump()
    lines = b"".join(
        _sequence(b"\x02\x08" + (0x4000_0000_0000_0000 + n).to_bytes(8, "big") + revoked_at)
        for n in range(entries)
    )
    head = (tbs[name].dump() for name in _HEAD)
    body = _sequence(b"".join(head) + _sequence(lines) + tbs["crl_extensions"].dump())
    signature = issuer.key.sign(body, padding.PKCS1v15(), hashes.SHA256())
    bits = b"\x03" + _length(len(signature) + 1) + b"\x00" + signature
    return _sequence(body + empty["signature_algorithm"].dump() + bits)


_HEAD = ("version", "signature", "issuer", "this_update", "next_update")


def _sequence(content: bytes) -> bytes:
    return bytes([_SEQUENCE]) + _length(len(content)) + content


def _length(number: int) -> bytes:
    if number < _LONG:
        return bytes([number])
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return bytes([_LONG | len(raw)]) + raw


def milliseconds(work: Callable[[], object], rounds: int) -> list[float]:
    """The time of each round, after warming up."""
    for _ in range(min(WARM_UP, rounds)):
        work()
    times = []
    for _ in range(rounds):
        started = perf_counter()
        work()
        times.append((perf_counter() - started) * MILLISECONDS)
    return times


def bare_pyhanko(world: World) -> Callable[[], object]:
    """Path and status by the library alone, with a list parsed at each login."""
    anchor = asn1_x509.Certificate.load(world.trust.authentication.anchors[-1].der)
    crl = make_list(world.issuer, PEER_ENTRIES)
    rule = RevocationCheckingRule.CRL_REQUIRED
    policy = CertRevTrustPolicy(RevocationCheckingPolicy(rule, rule))

    def validate() -> None:
        leaf = asn1_x509.Certificate.load(world.card.auth.der)
        context = ValidationContext(
            trust_roots=[anchor], moment=AT, crls=[crl], revinfo_policy=policy
        )
        validate_path(context, ValidationPath(CertTrustAnchor(anchor), [], leaf))

    return validate


def measure(folder: Path, entries: int, rounds: int) -> Figures:
    """Everything in one run on one machine, so that ratios mean something."""
    world = make_world(folder)
    engine = db.make_engine(f"sqlite:///{folder / 'bench.sqlite'}")
    db.Base.metadata.create_all(engine, tables=[Crl.__table__, CrlEntry.__table__])  # type: ignore[list-item]
    db.bind(engine)
    crl_der = make_list(world.issuer, entries)
    started = perf_counter()
    ingest(read_crl(crl_der, world.trust.authentication, at=AT), at=AT)
    ingest_seconds = perf_counter() - started

    def log_in() -> None:
        verify_login(world.token, world.challenge, world.trust, CrlTable(), at=AT)

    log_in()
    before = _resident_megabytes()
    logins = milliseconds(log_in, rounds)
    growth = _resident_megabytes() - before
    rsa = milliseconds(lambda: _bare_rsa(world), rounds)
    pyhanko = milliseconds(bare_pyhanko(world), max(5, rounds // 20))
    engine.dispose()
    return Figures(
        login_p50_ms=round(median(logins), 3),
        login_p95_ms=round(quantiles(logins, n=20)[-1], 3),
        logins_per_s=round(MILLISECONDS * len(logins) / sum(logins), 1),
        bare_rsa_p50_ms=round(median(rsa), 4),
        ratio_to_bare_rsa=round(median(logins) / median(rsa), 1),
        bare_pyhanko_p50_ms=round(median(pyhanko), 3),
        ratio_to_bare_pyhanko=round(median(logins) / median(pyhanko), 3),
        crl_entries=entries,
        crl_ingest_s=round(ingest_seconds, 3),
        worker_rss_growth_mb=round(growth, 1),
    )


def _bare_rsa(world: World) -> None:
    certificate = x509.load_der_x509_certificate(world.card.auth.der)
    key = require_known_key(certificate.public_key())
    if not isinstance(key, rsa.RSAPublicKey):
        raise TypeError("the card's key is not RSA")
    key.verify(
        world.token.signature, world.challenge.signed_bytes, padding.PKCS1v15(), hashes.SHA256()
    )


def _resident_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIBI


def versions() -> dict[str, str]:
    """What was measured with what."""
    packages = ("cryptography", "pyhanko-certvalidator", "asn1crypto", "sqlalchemy")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}


def table(figures: Figures, used: dict[str, str]) -> str:
    """For people."""
    rows = (
        ("card login, whole verification", figures.login_p50_ms, "ms p50"),
        ("", figures.login_p95_ms, "ms p95"),
        ("", figures.logins_per_s, "a second, one thread"),
        ("bare RSA verify", figures.bare_rsa_p50_ms, "ms p50"),
        ("login / bare RSA", figures.ratio_to_bare_rsa, "times"),
        ("bare pyhanko, list of 1,000", figures.bare_pyhanko_p50_ms, "ms p50"),
        ("login / bare pyhanko", figures.ratio_to_bare_pyhanko, "times"),
        (f"list of {figures.crl_entries:,} taken in", figures.crl_ingest_s, "s"),
        ("memory growth over the logins", figures.worker_rss_growth_mb, "MB"),
    )
    lines = [f"{name:32} {value:>10,} {unit}" for name, value, unit in rows]
    lines.append("with " + ", ".join(f"{name} {number}" for name, number in used.items()))
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Measure and print. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="bench.jpki", description=__doc__)
    parser.add_argument("--json", action="store_true", help="the last line is one JSON object")
    parser.add_argument("--entries", type=int, default=PEER_ENTRIES, help="lines of the CRL")
    parser.add_argument("--rounds", type=int, default=400, help="logins measured")
    chosen = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), chosen.entries, chosen.rounds)
    sys.stdout.write(table(figures, versions()) + "\n")
    if chosen.json:
        sys.stdout.write(json.dumps(asdict(figures) | {"versions": versions()}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
