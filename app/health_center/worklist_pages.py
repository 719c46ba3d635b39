"""What the worklist shows and hands out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.audit import chain
from app.audit.actions import Action
from app.authz.actor import Role
from app.authz.policy import Permission, authorize
from app.core.db import reading, transaction
from app.family.queries import district_names
from app.health_center.csv_out import csv_lines
from app.health_center.queries import count_waiting, waiting
from app.health_center.worklist_filter import Filter, Key, Tab
from app.immunization.incident_queries import count_open
from app.immunization.queries import oldest_projection
from app.immunization.schedule import load_schedule
from app.record.words import group_names, in_language
from app.web.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from uuid import UUID

    from app.authz.actor import Actor
    from app.family.models import Child
    from app.immunization.models import VaccineDue

ROWS = 50
COHORTS = 17


@dataclass(frozen=True)
class WorkRow:
    """One vaccine of one child."""

    due: VaccineDue
    child: Child


@dataclass(frozen=True)
class Worklist:
    """One page; ``next``: the filter of the page after it. ``as_of``: the day it was made.

    ``incidents``: reports of wrong vaccinations that wait to be completed.
    """

    wanted: Filter
    rows: tuple[WorkRow, ...]
    counts: dict[Tab, int]
    next: Filter | None
    as_of: date | None
    places: dict[UUID, str]
    districts: tuple[str, ...]
    cohorts: tuple[int, ...]
    vaccines: tuple[str, ...]
    incidents: int


def worklist(actor: Actor, wanted: Filter) -> Worklist:
    """One page of one list: an audited look."""
    authorize(actor, Permission.WORKLIST_READ)
    with reading() as session:
        found = session.execute(waiting(actor, wanted, actor.today).limit(ROWS + 1)).unique()
        rows = tuple(WorkRow(*pair) for pair in found)
        counts = count_waiting(session, actor, wanted, actor.today)
        as_of = oldest_projection(session)
        reports = count_open(session, actor)
        districts = district_names(session, actor, wanted.organisation_id)
    with transaction() as session:
        entity = chain.Entity("worklist")
        detail = {"list": wanted.tab.value, "rows": len(rows[:ROWS])}
        chain.record(session, actor, Action.WORKLIST_OPENED, entity, detail=detail)
    return Worklist(
        wanted,
        rows[:ROWS],
        counts,
        replace(wanted, after=_key(rows[ROWS - 1])) if len(rows) > ROWS else None,
        as_of,
        {m.organisation_id: m.organisation_name for m in actor.memberships if m.role is Role.NURSE},
        districts,
        tuple(actor.today.year - years for years in range(COHORTS)),
        tuple(code for code, group in load_schedule().groups.items() if group.follows is None),
        reports,
    )


def export(actor: Actor, wanted: Filter) -> Iterator[str]:
    """The whole list as CSV, line by line; who took it out stands in the audit."""
    authorize(actor, Permission.WORKLIST_READ)
    with reading() as session:
        found = session.execute(waiting(actor, replace(wanted, after=None), actor.today)).unique()
        rows = [WorkRow(*pair) for pair in found]
    with transaction() as session:
        entity = chain.Entity("worklist")
        detail = {"list": wanted.tab.value, "rows": len(rows)}
        chain.record(session, actor, Action.WORKLIST_EXPORTED, entity, detail=detail)
    return csv_lines([_headings(wanted.tab), *(_cells(row) for row in rows)])


def _headings(tab: Tab) -> tuple[str, ...]:
    person = (_("手帳番号"), _("お名前"), _("読み"), _("生年月日"), _("地区"))
    day = _("接種した日") if tab is Tab.REVIEW else _("最後の日")
    return (*person, _("ワクチン"), _("回"), day, _("記録"))


def _cells(row: WorkRow) -> tuple[str, ...]:
    person, due = row.child.person, row.due
    return (
        row.child.handbook_number,
        person.name,
        person.kana,
        person.born_on.isoformat(),
        row.child.district or "",
        in_language(group_names(due.vaccine)),
        str(due.next_number or ""),
        due.deadline.isoformat(),
        _("未確認の記録を含む") if due.unconfirmed else "",
    )


def _key(row: WorkRow) -> Key:
    return Key(row.due.deadline, row.due.child_id, row.due.vaccine)
