"""``python -m simulators.jlis init|issue|renew|revoke|serve``: the simulated J-LIS by command."""

from __future__ import annotations

import argparse
import signal
import sys
from datetime import date, datetime

import structlog

from config.settings import Mode, SimulatorSettings, simulator_settings
from simulators.jlis import clock
from simulators.jlis.card_folder import CardFace, NoSuchCard
from simulators.jlis.holder import Holder, Sex
from simulators.jlis.office import NEWEST_GENERATION, Office
from simulators.jlis.profile import Purpose
from simulators.jlis.server import JlisServer

log = structlog.get_logger(__name__)
_SEXES = {"male": Sex.MALE, "female": Sex.FEMALE, "unknown": Sex.UNKNOWN}
_REASONS = (
    "unspecified",
    "key_compromise",
    "affiliation_changed",
    "superseded",
    "cessation_of_operation",
)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="simulators.jlis", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    commands.add_parser("init", help="make the authorities and the trust profile")
    commands.add_parser("serve", help="answer CRL and OCSP on loopback")
    _describe_issue(commands.add_parser("issue", help="hand out a card"))
    renew = commands.add_parser("renew", help="new certificates on an existing card")
    renew.add_argument("name")
    _describe_revoke(commands.add_parser("revoke", help="withdraw certificates of a card"))
    return top


def _describe_issue(issue: argparse.ArgumentParser) -> None:
    issue.add_argument("name")
    issue.add_argument("--holder", required=True, help="full name, full-width space between")
    issue.add_argument("--born", required=True, type=date.fromisoformat)
    issue.add_argument("--sex", choices=_SEXES, default="unknown")
    issue.add_argument("--address", required=True)
    issue.add_argument("--municipality", default="131016", help="six-digit code")
    issue.add_argument("--auth-pin", default=CardFace.auth_pin)
    issue.add_argument("--sign-pin", default=CardFace.sign_pin)
    issue.add_argument("--label", default="")
    issue.add_argument("--generation", type=int, choices=(1, 2, 3), default=NEWEST_GENERATION)
    issue.add_argument("--phone", action="store_true", help="certificates of a phone")
    issue.add_argument("--valid-until", type=datetime.fromisoformat, help="aware; may be past")


def _describe_revoke(revoke: argparse.ArgumentParser) -> None:
    revoke.add_argument("card_or_serial")
    which = revoke.add_mutually_exclusive_group()
    which.add_argument("--auth", action="store_true", help="the authentication certificate only")
    which.add_argument("--sign", action="store_true", help="the signature certificate only")
    revoke.add_argument("--reason", choices=_REASONS, default="unspecified")


def main(argv: list[str] | None = None) -> int:
    """Run one command. Returns the exit status."""
    chosen = parser().parse_args(argv)
    settings = simulator_settings()
    if settings.mode is Mode.PRODUCTION:
        log.error(
            "jlis.refused", why="simulated: TSUNAGU_SIMULATOR_MODE is not development or test"
        )
        return 2
    office = Office.create(settings.var, at=clock.now(), port=settings.jlis_port)
    log.info("jlis.simulated", folder=str(settings.var), notice="simulated J-LIS, not JPKI")
    try:
        return _run(chosen, office, settings)
    except NoSuchCard as error:
        log.error("jlis.no_such_card", card=str(error))  # noqa: TRY400 - said in one line
        return 1


def _run(chosen: argparse.Namespace, office: Office, settings: SimulatorSettings) -> int:
    match chosen.command:
        case "serve":
            return _serve(office, settings.jlis_port)
        case "issue":
            _issue(office, chosen)
        case "renew":
            card = office.renew(chosen.name, at=clock.now())
            log.info("jlis.renewed", card=card.name, auth_serial=card.auth.serial)
        case "revoke":
            _revoke(office, chosen)
        case _:
            log.info("jlis.ready", trust=str(settings.var / "trust" / "trust.json"))
    return 0


def _issue(office: Office, chosen: argparse.Namespace) -> None:
    holder = Holder(
        chosen.holder, chosen.born, _SEXES[chosen.sex], chosen.address, chosen.municipality
    )
    card = office.issue(
        chosen.name,
        holder,
        at=clock.now(),
        face=CardFace(chosen.label, chosen.auth_pin, chosen.sign_pin),
        generation=chosen.generation,
        valid_until=chosen.valid_until,
        phone=chosen.phone,
    )
    log.info("jlis.issued", card=card.name, folder=str(card.folder), auth_serial=card.auth.serial)


def _revoke(office: Office, chosen: argparse.Namespace) -> None:
    purposes = tuple(Purpose)
    if chosen.auth or chosen.sign:
        purposes = (Purpose.AUTHENTICATION if chosen.auth else Purpose.SIGNATURE,)
    rows = office.revoke(
        chosen.card_or_serial, at=clock.now(), purposes=purposes, reason=chosen.reason
    )
    for row in rows:
        log.info("jlis.revoked", purpose=row.purpose.value, serial=row.serial, card=row.card)


def _serve(office: Office, port: int) -> int:
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    with JlisServer(office, port) as server:
        log.info("jlis.serving", address=f"http://127.0.0.1:{server.port}")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            log.info("jlis.stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
