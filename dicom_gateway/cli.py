"""``tsunagu-gateway COMMAND``: every program and every tool of the gateway."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dicom_gateway import caretaker, desk, enrolment, programs, pull, push, service
from dicom_gateway.assembly import check
from dicom_gateway.check import run as check_links
from dicom_gateway.errors import Misconfigured
from dicom_gateway.journal import start_log
from dicom_gateway.media import command as media
from dicom_gateway.settings import (
    DEFAULT_FILE,
    VERSION,
    GatewaySettings,
    choose_file,
    gateway_settings,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def _no_options(_parser: argparse.ArgumentParser) -> None:
    """Most commands have none."""


@dataclass(frozen=True)
class Command:
    """One command: ``run`` returns the exit status, ``options`` describes its arguments."""

    name: str
    help: str
    run: Callable[[GatewaySettings, argparse.Namespace], int]
    options: Callable[[argparse.ArgumentParser], None] = _no_options


@dataclass(frozen=True)
class Tool:
    """A command that needs no configuration yet."""

    name: str
    help: str
    run: Callable[[argparse.Namespace], int]
    options: Callable[[argparse.ArgumentParser], None] = _no_options


TOOLS = (
    Tool("enrol", "join the portal with a one-time code", enrolment.run, enrolment.options),
    Tool("unit", "print the systemd unit of this installation", service.print_unit),
)
COMMANDS = (
    Command("run", "everything at once, as a service runs it", programs.run_all),
    Command("dimse", "receive objects over DIMSE, with the worker beside", programs.run_dimse),
    Command("web", "serve DICOMweb", programs.run_web),
    Command("page", "the administrator's page and metrics", programs.run_page),
    Command("worker", "list, prepare and announce; started by dimse", programs.run_worker),
    Command("check", "prove every link by real traffic", check_links),
    Command("quarantine", "objects kept aside: list, release, reject", desk.run, desk.options),
    Command("import", "take in a CD or folder", media.run, media.options),
    Command("scrub", "read and compare every kept byte", caretaker.run_scrub),
    Command("backup", "copy index and objects", caretaker.run_backup, caretaker.backup_options),
    Command("restore", "bring a backup back", caretaker.run_restore, caretaker.folder_options),
    Command("expire", "forget old copies", caretaker.run_expire, caretaker.days_options),
    Command("push", "send a study to a peer under the local patient id", push.run, push.options),
    Command("pull", "fetch a study from a peer now", pull.run, pull.options),
    Command("status", "counts and queues, without names", programs.run_status),
)


def main(arguments: list[str] | None = None, *, file: Path | None = None) -> int:
    """Run one command. ``file`` is read when no other is chosen. Returns the exit status."""
    options = _parser().parse_args(arguments)
    chosen: Path | None = options.config or file
    if chosen is not None:
        choose_file(chosen)
    command: Command | Tool = options.command
    try:
        return command.run(options) if isinstance(command, Tool) else _run(command, options)
    except Misconfigured as error:
        for line in str(error).splitlines():
            sys.stderr.write(f"gateway: {line}\n")
        return 2


def _run(command: Command, options: argparse.Namespace) -> int:
    settings = gateway_settings()
    start_log(settings)
    check(settings)
    try:
        return command.run(settings, options)
    except OSError as error:
        sys.stderr.write(f"gateway: {error.strerror}: {error.filename or _address(settings)}\n")
        return 1


def installed() -> int:
    """The entry point ``tsunagu-gateway``: reads the file of the service unless told otherwise."""
    return main(file=DEFAULT_FILE)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tsunagu-gateway", description=__doc__)
    parser.add_argument("--version", action="version", version=f"%(prog)s {VERSION}")
    parser.add_argument("--config", type=Path, metavar="FILE", help=f"instead of {DEFAULT_FILE}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (*TOOLS, *COMMANDS):
        one = commands.add_parser(command.name, help=command.help, description=command.help)
        command.options(one)
        one.set_defaults(command=command)
    return parser


def _address(settings: GatewaySettings) -> str:
    return f"DICOM port {settings.dicom_port}, HTTP port {settings.http_port}"
