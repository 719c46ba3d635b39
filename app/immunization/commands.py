"""``flask --app wsgi immunization diff A B``: whom a new edition of the schedule would change.

Ids only, no names. Children are read page by page, so that memory does not grow with their number.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import click
from flask.cli import AppGroup

from app.core import clock
from app.core.db import reading
from app.core.errors import Invalid
from app.immunization import queries
from app.immunization.comparison import Changes, changes
from app.immunization.faults import ScheduleInvalid
from app.immunization.schedule import edition_folder, load_schedule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.family.models import Child
    from app.immunization.results import GivenDose
    from app.immunization.rules import Schedule

PAGE = 500

immunization = AppGroup("immunization", help="The vaccination schedule and whom it concerns.")


@immunization.command("diff")
@click.argument("old")
@click.argument("new")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="the asked day; today if absent")
@click.option("--json-lines", is_flag=True, help="one JSON object a child, the counts last")
def diff(old: str, new: str, as_of: datetime | None, json_lines: bool) -> None:  # noqa: FBT001 - a flag
    """Children whose vaccines change from edition OLD to edition NEW.

    An edition is `current`, a folder below config/immunization, or any folder with its files.
    """
    before, after = _edition(old), _edition(new)
    day = clock.today() if as_of is None else as_of.date()
    counts: Counter[str] = Counter()
    for child_id, found in _compared(before, after, day):
        counts["children"] += 1
        if isinstance(found, str):
            counts["unjudged"] += 1
        elif found:
            counts["changed"] += 1
            counts.update(f"group {code}" for code in found)
        if found:
            click.echo(_as_json(child_id, found) if json_lines else _as_line(child_id, found))
    click.echo(_counts_as_json(counts) if json_lines else _counts_as_lines(counts))


def _edition(name: str) -> Schedule:
    try:
        return load_schedule(edition_folder(name))
    except ScheduleInvalid as problem:
        raise click.ClickException(f"edition {name}: {problem}") from problem


def _compared(old: Schedule, new: Schedule, day: date) -> Iterator[tuple[UUID, Changes | str]]:
    """Each child born by then, with what changes or with why an edition cannot judge it."""
    with reading() as session:
        for child, given in _children(session):
            if child.person.born_on > day:
                continue
            sex = queries.schedule_sex(child)
            try:
                yield (
                    child.id,
                    changes(
                        old, new, born_on=child.person.born_on, sex=sex, given=given, as_of=day
                    ),
                )
            except Invalid as problem:
                yield child.id, problem.code


def _children(session: Session) -> Iterator[tuple[Child, list[GivenDose]]]:
    after: UUID | None = None
    while page := queries.children_after(session, after, PAGE):
        given = queries.given_of(session, [child.id for child in page])
        for child in page:
            yield child, given[child.id]
        after = page[-1].id
        session.expunge_all()


def _as_json(child_id: UUID, found: Changes | str) -> str:
    key = "error" if isinstance(found, str) else "changes"
    return json.dumps({"child": str(child_id), key: found}, separators=(",", ":"))


def _as_line(child_id: UUID, found: Changes | str) -> str:
    if isinstance(found, str):
        return f"{child_id}  cannot be judged: {found}"
    groups = (
        f"{code} "
        + ", ".join(f"{name} {_shown(before)} -> {_shown(after)}" for name, (before, after) in rows)
        for code, rows in ((code, fields.items()) for code, fields in found.items())
    )
    return f"{child_id}  " + "; ".join(groups)


def _shown(value: object) -> str:
    if isinstance(value, list):
        return "[" + " ".join(str(one) for one in value) + "]"
    return "-" if value is None else str(value)


def _by_group(counts: Counter[str]) -> dict[str, int]:
    return {
        name.removeprefix("group "): number
        for name, number in sorted(counts.items())
        if name.startswith("group ")
    }


def _counts_as_json(counts: Counter[str]) -> str:
    figures = {name: counts[name] for name in ("children", "changed", "unjudged")}
    return json.dumps(figures | {"groups": _by_group(counts)}, separators=(",", ":"))


def _counts_as_lines(counts: Counter[str]) -> str:
    lines = [f"{counts['changed']} of {counts['children']} children change"]
    if counts["unjudged"]:
        lines.append(f"{counts['unjudged']} cannot be judged by one of the editions")
    lines += [f"{code:10} {number}" for code, number in _by_group(counts).items()]
    return "\n".join(lines)
