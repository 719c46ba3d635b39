"""Reads of the audit chain, scoped to the person concerned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Select, select

from app.audit.models import AuditEvent

if TYPE_CHECKING:
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
