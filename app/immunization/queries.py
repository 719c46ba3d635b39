"""Reads of doses, scoped to the actor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Select, select

from app.authz.actor import Role
from app.family.models import Child
from app.family.queries import children_visible_to
from app.identity.models import Sex
from app.immunization.forecast import evaluate_child
from app.immunization.models import Dose, VaccineLot
from app.immunization.results import GivenDose
from app.immunization.schedule import load_schedule

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.immunization.results import GroupResult
    from app.immunization.rules import Sex as ScheduleSex


def doses_visible_to(actor: Actor) -> Select[Dose]:
    """Current doses of children the actor may see, oldest first."""
    children = children_visible_to(actor).with_only_columns(Child.id)
    return (
        select(Dose)
        .where(Dose.child_id.in_(children), Dose.superseded_at.is_(None), Dose.voided.is_(False))
        .order_by(Dose.given_on, Dose.recorded_at)
    )


def doses_of(session: Session, actor: Actor, child: Child) -> Sequence[Dose]:
    """Current doses of one child."""
    return session.scalars(doses_visible_to(actor).where(Dose.child_id == child.id)).all()


def forecast_of(session: Session, actor: Actor, child: Child) -> dict[str, GroupResult]:
    """Every vaccine of a child as of today, from the doses on record."""
    return evaluate_child(
        load_schedule(),
        born_on=child.person.born_on,
        sex=schedule_sex(child),
        given=given_doses(doses_of(session, actor, child)),
        as_of=actor.today,
    )


def lots_visible_to(actor: Actor) -> Select[VaccineLot]:
    """Lots of the health centers where the actor works, the one used last first."""
    return (
        select(VaccineLot)
        .where(VaccineLot.organisation_id.in_(actor.organisations(Role.NURSE)))
        .order_by(VaccineLot.used_on.desc(), VaccineLot.id.desc())
    )


def lot_named(
    session: Session, actor: Actor, organisation_id: UUID, product: str, lot: str
) -> VaccineLot | None:
    """One lot of one health center."""
    return session.scalar(
        lots_visible_to(actor).where(
            VaccineLot.organisation_id == organisation_id,
            VaccineLot.product == product,
            VaccineLot.lot == lot,
        )
    )


def product_with_gtin(session: Session, actor: Actor, gtin: str) -> str | None:
    """The product whose boxes carry this number, as far as it was recorded here before."""
    known = session.scalars(lots_visible_to(actor).where(VaccineLot.gtin == gtin).limit(1)).first()
    return known.product if known else None


def given_doses(doses: Sequence[Dose]) -> list[GivenDose]:
    """Records as the engine reads them."""
    return [GivenDose(dose.product, dose.given_on) for dose in doses]


def schedule_sex(child: Child) -> ScheduleSex:
    """The schedule knows girls and everybody else (HPV)."""
    return "F" if child.person.sex == Sex.FEMALE else "M"
