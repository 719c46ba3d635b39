"""``python -m app.immunization``: ``forecast`` answers JSON Lines, ``check`` proves a schedule."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from app.immunization.faults import ScheduleInvalid
from app.immunization.jsonlines import answer_lines
from app.immunization.schedule import load_schedule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.immunization.rules import Schedule

UNUSABLE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 done (also with unreadable lines), 2 the schedule cannot be used."""
    chosen = _parser().parse_args(arguments)
    try:
        schedule = load_schedule(chosen.schedule)
    except ScheduleInvalid as problem:
        sys.stderr.write(f"{problem}\n")
        return UNUSABLE
    if chosen.command == "check":
        groups, products = len(schedule.groups), len(schedule.products)
        sys.stdout.write(
            f"{schedule.id} {schedule.edition}: {groups} groups, {products} products\n"
        )
        return 0
    return _forecast(schedule)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m app.immunization", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    forecast = commands.add_parser("forecast", help="read children from stdin, one JSON a line")
    forecast.add_argument("--schedule", type=Path, help="folder of another edition")
    check = commands.add_parser("check", help="check the files of a schedule")
    check.add_argument("schedule", type=Path, nargs="?", help="folder, by default the one in force")
    return parser


def _forecast(schedule: Schedule) -> int:
    unreadable = 0
    try:
        for text, was_read in answer_lines(schedule, sys.stdin.buffer):
            unreadable += not was_read
            sys.stdout.buffer.write(text.encode("utf-8") + b"\n")
            sys.stdout.buffer.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if unreadable:
        sys.stderr.write(f"{unreadable} line(s) could not be read\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
