"""Reads of the audit chain, scoped to the person concerned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Select, func, select

from app.audit.models import AuditEvent

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.audit.actions import Action
    from app.authz.actor import Actor


def events_visible_to(actor: Actor, *actions: Action) -> Select[AuditEvent]:
    """Events about the actor's own data, newest first; all actions when none is named."""
    about_me = (
        select(AuditEvent)
        .where(AuditEvent.person_id == actor.person_id)
        .order_by(AuditEvent.number.desc())
    )
    return about_me.where(AuditEvent.action.in_(actions)) if actions else about_me


def last_events(
    session: Session, action: Action, person_ids: Collection[UUID]
) -> dict[UUID, datetime]:
    """When this last happened to each person's data; who has none is missing.

    The caller has shown that it may know of these people.
    """
    rows = session.execute(
        select(AuditEvent.person_id, func.max(AuditEvent.recorded_at).label("at"))
        .where(AuditEvent.person_id.in_(person_ids), AuditEvent.action == action.value)
        .group_by(AuditEvent.person_id)
    )
    return {row.person_id: row.at for row in rows if row.person_id is not None}
