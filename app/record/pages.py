"""One child's record as a page shows it: handbook and forecast, put together. No tables here.

The family's pages and the staff desk show the same record; opening it is an audited act.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.audit import chain
from app.audit.actions import Action
from app.authz.policy import Permission, authorize
from app.core.db import reading, transaction
from app.family.queries import visible_child
from app.handbook import growth_chart
from app.handbook import queries as handbook
from app.handbook.growth import Point
from app.handbook.growth_reference import Measure
from app.handbook.growth_reference import Sex as CurveSex
from app.identity.models import Sex
from app.immunization import queries as immunization
from app.immunization import timeline
from app.immunization.family_copies import copies_among
from app.immunization.overview import look_over
from app.immunization.schedule import load_schedule
from app.immunization.standing import AT_EASE, Standing
from app.immunization.standing_queries import read_standings
from app.paper_book.queries import photos_of
from app.record.picture import PlanRow, plan_rows, timeline_rows
from app.record.words import group_names, in_language

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.family.models import Child
    from app.handbook.models import Checkup, Measurement
    from app.immunization.agenda import AgendaItem
    from app.immunization.models import Dose
    from app.immunization.overview import Overview
    from app.immunization.results import GroupResult
    from app.immunization.visits import Visit

GRAMS_PER_KG = 1000
MILLIMETRES_PER_CM = 10


@dataclass(frozen=True)
class ChildPage:
    """A child's overview. ``unconfirmed``: vaccines whose days rest on the family's own entries."""

    child: Child
    standing: Standing
    upcoming: tuple[AgendaItem, ...]
    unconfirmed: frozenset[str]
    weight: growth_chart.GrowthChart
    checkups: Sequence[Checkup]
    doses: Sequence[Dose]


@dataclass(frozen=True)
class VaccinationPage:
    """A child's vaccinations: the plan as a picture and as a table, what comes next, all doses.

    What is ``near`` in ``upcoming`` carries its reasons in words, ``results`` do not. ``photos``:
    of the family's own entries, by the dose's lineage. ``unconfirmed``: vaccines whose status or
    days rest on such entries.
    """

    child: Child
    standing: Standing
    results: Mapping[str, GroupResult]
    upcoming: tuple[AgendaItem, ...]
    visits: tuple[Visit, ...]
    picture: timeline.Timeline
    plan: tuple[PlanRow, ...]
    doses: Sequence[Dose]
    withdrawn: Sequence[Dose]
    photos: Mapping[UUID, UUID]
    unconfirmed: frozenset[str]


@dataclass(frozen=True)
class GrowthPage:
    """A child's growth against the 3rd to 97th percentile."""

    child: Child
    standing: Standing
    charts: tuple[growth_chart.GrowthChart, ...]


@dataclass(frozen=True)
class CheckupsPage:
    """A child's checkups."""

    child: Child
    standing: Standing
    checkups: Sequence[Checkup]


@dataclass(frozen=True)
class PrintPage:
    """The whole record of one child for paper: school, another doctor, abroad."""

    child: Child
    standing: Standing
    doses: Sequence[Dose]
    plan: tuple[PlanRow, ...]
    checkups: Sequence[Checkup]
    measured: Sequence[Measurement]
    printed_on: date
    unconfirmed: frozenset[str]


def child_page(actor: Actor, child_id: UUID) -> ChildPage:
    """Open a child's handbook: an audited act."""
    child = open_child(actor, child_id)
    with reading() as session:
        doses = immunization.doses_of(session, actor, child)
        measured = handbook.measurements_of(session, actor, child)
        checkups = handbook.checkups_of(session, actor, child)
        standing = _standing(session, actor, child)
    overview = _overview(child, doses, actor.today, standing)
    return ChildPage(
        child,
        standing,
        overview.upcoming(),
        overview.unconfirmed(),
        _chart(child, Measure.WEIGHT, measured, actor.today),
        checkups,
        doses,
    )


def vaccination_page(actor: Actor, child_id: UUID, *, for_family: bool = True) -> VaccinationPage:
    """Open a child's vaccinations: what the family is told of, or all that staff has to know."""
    child = open_child(actor, child_id)
    with reading() as session:
        doses = immunization.doses_of(session, actor, child)
        withdrawn = immunization.withdrawn_from(session, actor, child)
        photos = photos_of(session, actor, child)
        standing = _standing(session, actor, child) if for_family else AT_EASE
    overview = _overview(child, doses, actor.today, standing)
    born_on, plan = child.person.born_on, overview.plan()
    rows = timeline_rows(plan, born_on=born_on, name_of=_group_name)
    return VaccinationPage(
        child,
        standing,
        overview.results,
        tuple(_with_words(item, overview) for item in overview.upcoming()),
        overview.visits(),
        timeline.lay_out(rows, today_days=None if standing.quiet else (actor.today - born_on).days),
        plan_rows(plan, overview.copies),
        doses,
        withdrawn,
        photos,
        overview.unconfirmed(),
    )


def print_page(actor: Actor, child_id: UUID) -> PrintPage:
    """Open everything on record about one child, for paper."""
    child = open_child(actor, child_id)
    with reading() as session:
        doses = immunization.doses_of(session, actor, child)
        checkups = handbook.checkups_of(session, actor, child)
        measured = handbook.measurements_of(session, actor, child)
        standing = _standing(session, actor, child)
    overview = _overview(child, doses, actor.today, standing)
    coming = tuple(row for row in plan_rows(overview.plan()) if row.on is None)
    return PrintPage(
        child,
        standing,
        doses,
        coming,
        checkups,
        measured,
        actor.today,
        overview.unconfirmed(),
    )


def growth_page(actor: Actor, child_id: UUID) -> GrowthPage:
    """Open a child's growth curves."""
    child = open_child(actor, child_id)
    with reading() as session:
        measured = handbook.measurements_of(session, actor, child)
        standing = _standing(session, actor, child)
    charts = tuple(_chart(child, measure, measured, actor.today) for measure in Measure)
    return GrowthPage(child, standing, charts)


def checkups_page(actor: Actor, child_id: UUID) -> CheckupsPage:
    """Open a child's checkups."""
    child = open_child(actor, child_id)
    with reading() as session:
        standing = _standing(session, actor, child)
        return CheckupsPage(child, standing, handbook.checkups_of(session, actor, child))


def open_child(actor: Actor, child_id: UUID) -> Child:
    """The child, if the actor may see it; the opening is written down before anything is shown.

    Only the event itself is written in a transaction: of many families that open their pages at
    once, each keeps the others from writing no longer than that.
    """
    with reading() as session:
        child = visible_child(session, actor, child_id)
        authorize(actor, Permission.CHILD_READ, child)
    with transaction() as session:
        entity = chain.Entity("child", child.id, child.person_id)
        chain.record(session, actor, Action.CHILD_OPENED, entity)
    return child


def _standing(session: Session, actor: Actor, child: Child) -> Standing:
    return read_standings(session, [child.id], actor.today).get(child.id, AT_EASE)


def _overview(child: Child, doses: Sequence[Dose], today: date, standing: Standing) -> Overview:
    return look_over(
        load_schedule(),
        born_on=child.person.born_on,
        sex=immunization.schedule_sex(child),
        given=immunization.given_doses(doses),
        as_of=today,
        standing=standing,
        copies=immunization.given_doses(copies_among(doses)),
    )


def _with_words(item: AgendaItem, overview: Overview) -> AgendaItem:
    """Reasons are said where they are shown: what is far off stands in the plan alone."""
    return replace(item, result=overview.explained(item.group)) if item.near else item


def _group_name(code: str) -> str:
    return in_language(group_names(code))


def _chart(
    child: Child, measure: Measure, measured: Sequence[Measurement], today: date
) -> growth_chart.GrowthChart:
    per_unit = GRAMS_PER_KG if measure is Measure.WEIGHT else MILLIMETRES_PER_CM
    points = [
        Point(row.measured_on, row.value / per_unit, row.source)
        for row in measured
        if row.measure == measure
    ]
    sex = None if child.person.sex == Sex.NOT_KNOWN else CurveSex(child.person.sex)
    return growth_chart.draw(measure, sex, born_on=child.person.born_on, points=points, as_of=today)
