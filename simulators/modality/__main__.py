"""``python -m simulators.modality send | schedule``: a simulated modality, never in production."""

from __future__ import annotations

import argparse
import logging
import re
import signal
import sys
import threading
from typing import TYPE_CHECKING

import structlog

from config.settings import Mode, simulator_settings
from simulators.modality.demo import for_patient, hospital_a, hospital_b
from simulators.modality.sending import CALLING_AE_TITLE, NotAccepted, Peer, answers, send_all

if TYPE_CHECKING:
    from simulators.modality.studies import Study

log = structlog.get_logger()

_TARGET = re.compile(r"([^@]{1,16})@([^@]+):([0-9]{1,5})", re.ASCII)
_PAUSE_SECONDS = 0.5
_REFUSAL = "modality: simulated: TSUNAGU_SIMULATOR_MODE is not development or test\n"


def peer(text: str) -> Peer:
    """``AE_TITLE@host:port``."""
    match = _TARGET.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError("a target is AE_TITLE@host:port")
    return Peer(match[1], match[2], int(match[3]))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m simulators.modality", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    send = commands.add_parser("send", help="send hospital A's studies to one gateway and end")
    send.add_argument("--host", default="127.0.0.1")
    send.add_argument("--port", type=int, required=True)
    send.add_argument("--aet", required=True)
    send.add_argument("--calling-aet", default=CALLING_AE_TITLE)
    send.add_argument("--patient-id", help="send under this patient id instead")
    schedule = commands.add_parser(
        "schedule", help="wait for the gateways of hospital A and clinic B, send, stay"
    )
    schedule.add_argument("targets", nargs="+", type=peer, metavar="AE_TITLE@host:port")
    return top


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Returns the exit status."""
    chosen = parser().parse_args(arguments)
    if simulator_settings().mode is Mode.PRODUCTION:
        sys.stderr.write(_REFUSAL)
        return 2
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)
    log.info("modality.simulated", notice="simulated modality, fictional patients")
    if chosen.command == "schedule":
        return run_schedule(chosen.targets)
    target = Peer(chosen.aet, chosen.host, chosen.port)
    studies = hospital_a()
    if chosen.patient_id:
        studies = [for_patient(study, chosen.patient_id) for study in studies]
    try:
        send_studies(target, studies, chosen.calling_aet)
    except NotAccepted as error:
        sys.stderr.write(f"modality: {error} (status 0x{error.status:04X})\n")
        return 1
    return 0


def send_studies(target: Peer, studies: list[Study], calling: str = CALLING_AE_TITLE) -> None:
    """Send studies one after the other and say so."""
    for study in studies:
        sent = send_all(target, study, calling)
        log.info("modality.sent", to=target.ae_title, study=study.plan.description, objects=sent)


def run_schedule(targets: list[Peer]) -> int:
    """Send each hospital its studies as soon as it answers; then stay until told to stop."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    for target, studies in zip(targets, (hospital_a(), hospital_b()), strict=False):
        while not stop.is_set() and not _delivered(target, studies):
            stop.wait(_PAUSE_SECONDS)
    if not stop.is_set():
        log.info("modality.done", notice="all studies sent")
    stop.wait()
    return 0


def _delivered(target: Peer, studies: list[Study]) -> bool:
    """One attempt; objects that arrived before are acknowledged again without effect."""
    if not answers(target):
        return False
    try:
        send_studies(target, studies)
    except NotAccepted as error:
        log.warning("modality.retries", to=target.ae_title, reason=str(error))
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
