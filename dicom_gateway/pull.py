"""``pull``: a study is fetched from a peer now, by the running gateway; this command watches.

Exit status: 0 the study is here, 1 it could not be fetched, 2 it cannot be asked for like this,
3 no peer has it, 4 nobody has taken the pull up: it stays queued.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Final

from dicom_gateway import clock
from dicom_gateway.errors import GatewayError, PeerUnknown, PullReason
from dicom_gateway.index import pulls
from dicom_gateway.index.engine import open_index, reading
from dicom_gateway.index.layout import create_schema
from dicom_gateway.index.pulls import Standing, State
from dicom_gateway.uid import checked_uid

if TYPE_CHECKING:
    import argparse

    from sqlalchemy import Engine

    from dicom_gateway.settings import GatewaySettings

HERE, NOT_FETCHED, NOT_LIKE_THIS, NOBODY_HAS_IT, NOT_TAKEN_UP = range(5)
LOOK_SECONDS: Final = 0.3
PATIENCE_SECONDS: Final = 20.0
"""How long a queued pull may wait for a worker before it is said that none seems to run."""
IN_WORDS: Final = {
    PullReason.AWAY: "the peer does not accept an association: is it on, does it know this title?",
    PullReason.SEARCH_REFUSED: "the peer refused the search (C-FIND)",
    PullReason.REFUSED: "the peer refused to hand the study out",
    PullReason.GATEWAY_UNKNOWN: "the peer does not know this gateway as a move destination: "
    "enter its AE title, address and port there, or set pull to get",
    PullReason.BROKEN: "the association broke off",
    PullReason.SILENT: "the peer fell silent",
    PullReason.INCOMPLETE: "the peer could not send every object",
    PullReason.NOTHING_CAME: "the peer says that it sent the study, and nothing came: "
    "does this gateway's AE title lead to another address there?",
    PullReason.TROUBLE: "the gateway had trouble of its own; its log says more",
    PullReason.NOT_CONFIGURED: "the peer that was named may no longer be asked",
}


def options(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``pull``."""
    parser.add_argument("study", help="Study Instance UID")
    parser.add_argument(
        "--from", dest="source", default="", metavar="AE_TITLE", help="ask this peer only"
    )


def run(settings: GatewaySettings, chosen: argparse.Namespace) -> int:
    """Queue the study and watch until it is here or will not be."""
    try:
        study = checked_uid(chosen.study)
        _require_source(settings, chosen.source)
    except GatewayError as error:
        sys.stderr.write(f"gateway: {error}\n")
        return NOT_LIKE_THIS
    engine = open_index(settings.database_url, settings.var)
    create_schema(engine)
    pulls.ask(engine, study, source=chosen.source)
    try:
        return _watch(engine, study)
    except KeyboardInterrupt:
        sys.stderr.write("gateway: the pull goes on without being watched\n")
        return NOT_TAKEN_UP


def _require_source(settings: GatewaySettings, ae_title: str) -> None:
    titles = [row.ae_title for row in settings.peers.sources]
    if not titles:
        raise PeerUnknown('no [[peer]] may be asked for studies: write pull = "move" or "get"')
    if ae_title and ae_title not in titles:
        raise PeerUnknown(
            f"{ae_title} is no peer that may be asked; these are: {', '.join(titles)}"
        )


def _watch(engine: Engine, study: str) -> int:
    """Tell every change until the pull is at rest."""
    pause, told, since = threading.Event(), "", clock.monotonic()
    while True:
        with reading(engine) as connection:
            now = pulls.standing(connection, study)
        if now is None or not now.is_active:
            return _ending(now)
        line = _line(now)
        if line != told:
            sys.stderr.write(f"{line}\n")
            told, since = line, clock.monotonic()
        is_waiting = now.state is State.QUEUED and not now.attempts
        if is_waiting and clock.monotonic() - since > PATIENCE_SECONDS:
            sys.stderr.write("gateway: nobody takes it up; does the service run? It stays queued\n")
            return NOT_TAKEN_UP
        pause.wait(LOOK_SECONDS)


def _line(now: Standing) -> str:
    if now.state is State.RUNNING:
        return f"fetching: {now.arrived:,} of {now.expected or '?'} objects"
    if now.state is State.LISTING:
        return f"{now.arrived:,} objects came and are being listed"
    if now.reason:
        words = IN_WORDS[PullReason(now.reason)]
        return f"attempt {now.attempts} of {pulls.MOST_ATTEMPTS}: {words}"
    return "queued"


def _ending(now: Standing | None) -> int:
    if now is not None and now.state is State.DONE:
        sys.stdout.write(f"{now.arrived:,} objects are here\n")
        return HERE
    if now is not None and now.state is State.FAILED:
        sys.stderr.write(f"gateway: not fetched: {IN_WORDS[PullReason(now.reason)]}\n")
        return NOT_FETCHED
    sys.stderr.write("gateway: no peer has this study\n")
    return NOBODY_HAS_IT
