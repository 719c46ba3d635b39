"""Card login and revocation lists, measured: ``python -m bench.jpki [--json] [--entries N]``.

Verification only, without network: the status comes from the CRL table in SQLite, with a list of a
million entries unless told otherwise. A second process takes the list in while logins go on. Beside
it, in the same run: one bare RSA verify, bare pyhanko-certvalidator, and ``openssl verify``.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import TYPE_CHECKING, Any

from app.jpki.certificates import read_authentication_certificate
from app.jpki.crl import read_crl
from app.jpki.store import CrlTable, ingest
from bench.jpki_attack import path_attack
from bench.jpki_peers import PEER_ENTRIES, bare_pyhanko, bare_rsa, openssl_verify
from bench.jpki_work import (
    LIST_FILE,
    MILLISECONDS,
    WARM_UP,
    Errand,
    Logins,
    log_in_by,
    log_in_during_ingest,
)
from bench.jpki_world import AT, World, make_list, make_world, open_database

if TYPE_CHECKING:
    from collections.abc import Callable

ENTRIES = 1_000_000
WORKERS = 2


@dataclass(frozen=True)
class Figures:
    """Times in milliseconds unless the name says otherwise. Login times are CPU time."""

    login_p50_ms: float
    login_p95_ms: float
    login_p95_wall_ms: float
    logins_per_s: float
    workers: int
    worker_rss_growth_mb: float
    look_up_p95_ms: float
    crl_entries: int
    crl_ingest_s: float
    crl_ingest_cpu_s: float
    logins_during_ingest: int
    login_during_ingest_p95_ms: float
    login_during_ingest_max_ms: float
    bare_rsa_p50_ms: float
    ratio_to_bare_rsa: float
    bare_pyhanko_p50_ms: float
    ratio_to_bare_pyhanko: float
    openssl_verify_p50_ms: float
    openssl_verify_whole_list_ms: float
    path_attack_max_ms: float


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


def measure(folder: Path, entries: int, seconds: float) -> Figures:
    """Everything in one run on one machine, so that ratios mean something."""
    world = make_world(folder)
    engine = open_database(world.database_url)
    small = make_list(world.issuer, PEER_ENTRIES, number=1)
    ingest(read_crl(small, world.trust.authentication, at=AT), at=AT)
    (folder / LIST_FILE).write_bytes(make_list(world.issuer, entries, number=2))
    errand = Errand.of(world)
    ingest_seconds, meanwhile = log_in_during_ingest(errand)
    found = log_in_by(errand, WORKERS, seconds)
    looked_up = milliseconds(_look_up(world), 500)
    peers = _peers(world, entries)
    engine.dispose()
    return _figures(found, meanwhile, looked_up, peers, ingest_seconds, entries)


def _look_up(world: World) -> Callable[[], object]:
    certificate = read_authentication_certificate(world.card.auth.der)
    path = world.trust.path_to_anchor(certificate, at=AT)
    return lambda: CrlTable().prove_not_revoked(path, at=AT)


def _peers(world: World, entries: int) -> dict[str, float]:
    return {
        "rsa": median(milliseconds(bare_rsa(world), 400)),
        "pyhanko": median(milliseconds(bare_pyhanko(world), 20)),
        "openssl": median(milliseconds(openssl_verify(world, PEER_ENTRIES), 20)),
        "openssl_whole": median(milliseconds(openssl_verify(world, entries), 1)),
        "attack": max(path_attack(count) for count in (4, 7, 8, 100)),
    }


def _figures(  # noqa: PLR0917 - private, called once
    found: list[Logins],
    meanwhile: Logins,
    looked_up: list[float],
    peers: dict[str, float],
    ingest_seconds: tuple[float, float],
    entries: int,
) -> Figures:
    return Figures(
        **_login_figures(found),
        look_up_p95_ms=_p95(looked_up),
        crl_entries=entries,
        crl_ingest_s=round(ingest_seconds[0], 3),
        crl_ingest_cpu_s=round(ingest_seconds[1], 3),
        logins_during_ingest=len(meanwhile.wall),
        login_during_ingest_p95_ms=_p95(meanwhile.wall),
        login_during_ingest_max_ms=round(max(meanwhile.wall), 1),
        **_peer_figures(peers, median(time for one in found for time in one.cpu)),
    )


def _login_figures(found: list[Logins]) -> dict[str, Any]:
    cpu = [time for one in found for time in one.cpu]
    return {
        "login_p50_ms": round(median(cpu), 3),
        "login_p95_ms": _p95(cpu),
        "login_p95_wall_ms": _p95([time for one in found for time in one.wall]),
        "logins_per_s": round(sum(len(one.cpu) / one.seconds for one in found), 1),
        "workers": len(found),
        "worker_rss_growth_mb": round(max(one.growth_mb for one in found), 1),
    }


def _peer_figures(peers: dict[str, float], login_ms: float) -> dict[str, Any]:
    return {
        "bare_rsa_p50_ms": round(peers["rsa"], 4),
        "ratio_to_bare_rsa": round(login_ms / peers["rsa"], 1),
        "bare_pyhanko_p50_ms": round(peers["pyhanko"], 3),
        "ratio_to_bare_pyhanko": round(login_ms / peers["pyhanko"], 3),
        "openssl_verify_p50_ms": round(peers["openssl"], 3),
        "openssl_verify_whole_list_ms": round(peers["openssl_whole"], 1),
        "path_attack_max_ms": round(peers["attack"], 1),
    }


def _p95(times: list[float]) -> float:
    return round(quantiles(times, n=20)[-1], 3)


def versions() -> dict[str, str]:
    """What was measured with what."""
    packages = ("cryptography", "pyhanko-certvalidator", "asn1crypto", "sqlalchemy")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}


def table(figures: Figures, used: dict[str, str]) -> str:
    """For people."""
    rows = (
        ("card login, whole verification", figures.login_p50_ms, "ms CPU p50"),
        ("", figures.login_p95_ms, "ms CPU p95"),
        ("", figures.login_p95_wall_ms, "ms p95"),
        ("", figures.logins_per_s, f"a second, {figures.workers} workers"),
        ("memory growth of a worker", figures.worker_rss_growth_mb, "MB"),
        ("status look-up", figures.look_up_p95_ms, "ms p95"),
        (f"list of {figures.crl_entries:,} taken in", figures.crl_ingest_s, "s"),
        ("", figures.crl_ingest_cpu_s, "s CPU"),
        ("logins meanwhile", figures.logins_during_ingest, ""),
        ("", figures.login_during_ingest_p95_ms, "ms p95 with one write each"),
        ("", figures.login_during_ingest_max_ms, "ms longest"),
        ("bare RSA verify", figures.bare_rsa_p50_ms, "ms p50"),
        ("login / bare RSA", figures.ratio_to_bare_rsa, "times"),
        ("bare pyhanko, list of 1,000", figures.bare_pyhanko_p50_ms, "ms p50"),
        ("login / bare pyhanko", figures.ratio_to_bare_pyhanko, "times"),
        ("openssl verify, list of 1,000", figures.openssl_verify_p50_ms, "ms p50, a process each"),
        ("openssl verify, the whole list", figures.openssl_verify_whole_list_ms, "ms"),
        ("same-named intermediates refused", figures.path_attack_max_ms, "ms CPU, the slowest"),
    )
    lines = [f"{name:34} {value:>10,} {unit}" for name, value, unit in rows]
    lines.append("with " + ", ".join(f"{name} {number}" for name, number in used.items()))
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Measure and print. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="bench.jpki", description=__doc__)
    parser.add_argument("--json", action="store_true", help="the last line is one JSON object")
    parser.add_argument("--entries", type=int, default=ENTRIES, help="lines of the CRL")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long logins are measured")
    chosen = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), chosen.entries, chosen.seconds)
    sys.stdout.write(table(figures, versions()) + "\n")
    if chosen.json:
        sys.stdout.write(json.dumps(asdict(figures) | {"versions": versions()}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
