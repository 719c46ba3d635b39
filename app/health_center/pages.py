"""What the staff desk shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.audit import chain
from app.audit.actions import Action
from app.authz.policy import Permission, authorize
from app.core.db import reading, transaction
from app.family.queries import district_names
from app.health_center.queries import LIMIT, children_matching, children_numbered
from app.health_center.search import split_birth_date
from app.immunization import incident_queries, queries
from app.immunization.models import Deferral, Dose
from app.record.pages import VaccinationPage, open_child, vaccination_page

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from app.authz.actor import Actor
    from app.family.models import Child
    from app.health_center.barcode import Scanned
    from app.immunization.incident_models import Incident
    from app.immunization.models import VaccineLot

LOTS = 20
DEFERRALS = 5


@dataclass(frozen=True)
class SearchPage:
    """Answer to a search; ``more`` says that the list was cut."""

    words: str
    children: Sequence[Child]
    more: bool


@dataclass(frozen=True)
class ChildDesk:
    """A child's record with what the desk needs beside it: the lots used last, shots put off.

    ``reports``: those about wrong doses, by dose (``lineage_id``). ``districts``: names in use.
    """

    record: VaccinationPage
    lots: tuple[VaccineLot, ...]
    put_off: tuple[Deferral, ...]
    reports: dict[UUID, Incident]
    districts: tuple[str, ...]


@dataclass(frozen=True)
class DosePage:
    """One dose of one child."""

    child: Child
    versions: tuple[Dose, ...]


def search(actor: Actor, typed: str) -> SearchPage:
    """Children of the municipality by name, reading, number or birth date (20260401)."""
    authorize(actor, Permission.CHILD_SEARCH)
    words, born_on = split_birth_date(typed)
    with reading() as session:
        children = session.scalars(children_matching(actor, words, born_on)).unique().all()
    if typed:
        with transaction() as session:
            entity = chain.Entity("children")
            detail = {"found": len(children)}
            chain.record(session, actor, Action.CHILDREN_SEARCHED, entity, detail=detail)
    return SearchPage(typed, children, len(children) == LIMIT)


def child(actor: Actor, child_id: UUID) -> ChildDesk:
    """One child at the desk: for staff, not for the child's own family."""
    authorize(actor, Permission.CHILD_SEARCH)
    record = vaccination_page(actor, child_id, for_family=False)
    shown = [dose.lineage_id for dose in (*record.doses, *record.withdrawn)]
    with reading() as session:
        put_off = queries.deferrals_visible_to(actor).where(Deferral.child_id == child_id)
        return ChildDesk(
            record,
            tuple(session.scalars(queries.lots_visible_to(actor).limit(LOTS))),
            tuple(session.scalars(put_off.limit(DEFERRALS))),
            incident_queries.reported_among(session, shown),
            district_names(session, actor, record.child.municipality_id),
        )


def dose(actor: Actor, child_id: UUID, dose_id: UUID) -> DosePage:
    """One current dose with its earlier versions, the newest first."""
    authorize(actor, Permission.CHILD_SEARCH)
    child = open_child(actor, child_id)
    with reading() as session:
        now = queries.current_dose(session, actor, child, dose_id)
        versions = session.scalars(
            queries.versions_visible_to(actor).where(Dose.lineage_id == now.lineage_id)
        )
        return DosePage(child, tuple(versions))


def child_numbered(actor: Actor, number: str) -> UUID | None:
    """The child with this handbook number, if it is one of the desk's."""
    authorize(actor, Permission.CHILD_SEARCH)
    with reading() as session:
        found = session.scalars(children_numbered(actor, [number.strip()])).unique().first()
        return found.id if found else None


def product_of_box(actor: Actor, box: Scanned) -> str | None:
    """The vaccine in a box, by what was recorded here under its product number before."""
    authorize(actor, Permission.CHILD_SEARCH)
    if box.gtin is None:
        return None
    with reading() as session:
        return queries.product_with_gtin(session, actor, box.gtin)
