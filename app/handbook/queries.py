"""Reads of the handbook, scoped to the actor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Select, select

from app.family.models import Child
from app.family.queries import children_visible_to
from app.handbook.models import Checkup, Measurement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor


def measurements_visible_to(actor: Actor) -> Select[Measurement]:
    """Current measurements of children the actor may see, oldest first."""
    children = children_visible_to(actor).with_only_columns(Child.id)
    return (
        select(Measurement)
        .where(
            Measurement.child_id.in_(children),
            Measurement.superseded_at.is_(None),
            Measurement.voided.is_(False),
        )
        .order_by(Measurement.measured_on)
    )


def checkups_visible_to(actor: Actor) -> Select[Checkup]:
    """Current checkups of children the actor may see, newest first."""
    children = children_visible_to(actor).with_only_columns(Child.id)
    return (
        select(Checkup)
        .where(
            Checkup.child_id.in_(children),
            Checkup.superseded_at.is_(None),
            Checkup.voided.is_(False),
        )
        .order_by(Checkup.performed_on.desc())
    )


def measurements_of(session: Session, actor: Actor, child: Child) -> Sequence[Measurement]:
    """Current measurements of one child."""
    return session.scalars(
        measurements_visible_to(actor).where(Measurement.child_id == child.id)
    ).all()


def checkups_of(session: Session, actor: Actor, child: Child) -> Sequence[Checkup]:
    """Current checkups of one child."""
    return session.scalars(checkups_visible_to(actor).where(Checkup.child_id == child.id)).all()
