"""Hostile DER: ``python -m bench.fuzz_jpki [--mutations N] [--seed S]``.

Good certificates, lists, OCSP answers, timestamps, signed texts and PDFs, each with a few bytes
set, cut, doubled or inserted. Every answer must be one of our own refusals (or a verdict on bytes
that still hold), and each within 50 ms of CPU.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from time import thread_time
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from app.core.errors import TsunaguError
from app.jpki.authentication import UnverifiedToken, verify_login
from app.jpki.certificates import read_authentication_certificate, read_signature_certificate
from app.jpki.cms_draft import assemble, prepare_text
from app.jpki.crl import read_crl
from app.jpki.document import verify_document
from app.jpki.evidence_page import write_pages
from app.jpki.ocsp import build_request, read_response
from app.jpki.pades import finish_pdf, prepare_pdf, read_pdf
from app.jpki.revocation import KnownStatus, NotRevoked, StatusSource
from app.jpki.signature import SignatureAlgorithm
from app.jpki.timestamp import build_request as build_timestamp_request
from app.jpki.timestamp import read_response as read_timestamp_response
from bench.jpki_world import AT, PARTITION, make_world, open_database
from simulators.jlis.office import Office
from simulators.jlis.profile import Purpose

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.jpki_world import World

MUTATIONS = 10_000
LIMIT_MS = 50.0
MILLISECONDS = 1000
TEXT = "本文"
IMPRINT = b"\x07" * 32
NONCE = b"n" * 32
RS256 = SignatureAlgorithm.RS256


@dataclass(frozen=True)
class Target:
    """Good bytes, and what reads them."""

    name: str
    original: bytes
    read: Callable[[bytes], object]


@dataclass
class Outcome:
    """What came of all mutations."""

    kinds: Counter[str] = field(default_factory=Counter)
    foreign: list[str] = field(default_factory=list)
    slowest_ms: float = 0.0
    slowest: str = ""


def mutate(original: bytes, chance: random.Random) -> bytes:
    """A copy with one to four changes."""
    data = bytearray(original)
    for _ in range(chance.randint(1, 4)):
        at, length = chance.randrange(len(data) + 1), chance.randint(1, 40)
        match chance.randrange(4):
            case 0:
                data[at : at + 1] = chance.randbytes(1)
            case 1 if len(data) > length:
                del data[at : at + length]
            case 2:
                data[at:at] = chance.randbytes(length)
            case _:
                data[at:at] = data[at : at + length]
    return bytes(data)


def targets(world: World) -> list[Target]:
    """Everything that reads bytes from outside."""
    office = Office.create(world.folder, at=AT)
    trust, status = (
        world.trust,
        KnownStatus(NotRevoked(StatusSource.CRL, AT, AT.replace(year=2030))),
    )
    path = trust.path_to_anchor(read_authentication_certificate(world.card.auth.der), at=AT)
    crl = office.crl(PARTITION, at=AT)
    answer = office.ocsp(Purpose.AUTHENTICATION, build_request(path, NONCE), at=AT)

    def log_in(der: bytes) -> object:
        token = UnverifiedToken(der, RS256, world.token.signature)
        return verify_login(token, world.challenge, trust, status, at=AT)

    return [
        Target("login certificate", world.card.auth.der, log_in),
        Target("signature certificate", world.card.signing.der, read_signature_certificate),
        Target("list", crl, lambda der: list(read_crl(der, trust.authentication, at=AT).entries())),
        Target("OCSP answer", answer, lambda der: read_response(der, path, NONCE, at=AT)),
        *_signed(world, office, status),
    ]


def _signed(world: World, office: Office, status: KnownStatus) -> list[Target]:
    trust, authorities = world.trust, world.trust.timestamping
    if authorities is None:
        raise LookupError("the simulated profile names a timestamp authority")
    stamp = office.timestamps.answer(build_timestamp_request(IMPRINT, 1), at=AT)
    return [
        Target(
            "timestamp",
            stamp,
            lambda der: read_timestamp_response(der, IMPRINT, authorities, nonce=1, at=AT),
        ),
        Target(
            "signed text",
            _document(world),
            lambda der: verify_document(der, TEXT, trust, status, at=AT),
        ),
        Target("signed PDF", _pdf(world), read_pdf),
    ]


def _document(world: World) -> bytes:
    draft = prepare_text(TEXT, world.card.signing.der, RS256, signing_time=AT)
    return assemble(draft, _sign(world, draft.to_be_signed))


def _pdf(world: World) -> bytes:
    pages = write_pages(TEXT, TEXT, [], subject=TEXT, font=Path("none"))
    draft = prepare_pdf(pages, world.card.signing.der, RS256, at=AT)
    return finish_pdf(draft, _sign(world, draft.cms.to_be_signed))


def _sign(world: World, data: bytes) -> bytes:
    return world.card.signing.key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def run(world: World, mutations: int, seed: int) -> Outcome:
    """Mutate and read, each target in turn."""
    chance, found = random.Random(seed), Outcome()  # noqa: S311 - reproducible, not secret
    all_targets = targets(world)
    for number in range(mutations):
        target = all_targets[number % len(all_targets)]
        _try(target, mutate(target.original, chance), found)
    return found


def _try(target: Target, der: bytes, found: Outcome) -> None:
    started = thread_time()
    try:
        target.read(der)
        kind = "still holds"
    except TsunaguError as error:
        kind = error.code
    except Exception as error:  # noqa: BLE001 - what this program looks for
        kind = "FOREIGN"
        found.foreign.append(f"{target.name}: {error!r}")
    spent = (thread_time() - started) * MILLISECONDS
    found.kinds[f"{target.name}: {kind}"] += 1
    if spent > found.slowest_ms:
        found.slowest_ms, found.slowest = spent, target.name


def main(argv: list[str] | None = None) -> int:
    """Fuzz and print. Returns 1 after a foreign exception or a slow answer."""
    parser = argparse.ArgumentParser(prog="bench.fuzz_jpki", description=__doc__)
    parser.add_argument("--mutations", type=int, default=MUTATIONS)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        world = make_world(Path(folder))
        open_database(world.database_url).dispose()
        found = run(world, chosen.mutations, chosen.seed)
    for kind, count in sorted(found.kinds.items()):
        sys.stdout.write(f"{count:7,} {kind}\n")
    sys.stdout.write("".join(f"foreign: {line}\n" for line in found.foreign))
    sys.stdout.write(
        f"{chosen.mutations:,} mutations, {len(found.foreign)} foreign exceptions, "
        f"slowest {found.slowest_ms:.1f} ms CPU ({found.slowest})\n"
    )
    return int(bool(found.foreign) or found.slowest_ms > LIMIT_MS)


if __name__ == "__main__":
    sys.exit(main())
