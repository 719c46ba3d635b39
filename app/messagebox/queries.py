"""Reads of letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Select, func, select

from app.messagebox.models import Letter

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor


def letters_visible_to(actor: Actor) -> Select[Letter]:
    """Letters to the actor, newest first."""
    return (
        select(Letter)
        .where(Letter.account_id == actor.account_id)
        .order_by(Letter.sent_at.desc(), Letter.id.desc())
    )


def unopened_count(session: Session, actor: Actor) -> int:
    """How many letters the actor has not opened."""
    unread = letters_visible_to(actor).where(Letter.opened_at.is_(None)).order_by(None)
    return session.scalar(unread.with_only_columns(func.count())) or 0


def letters_for(
    session: Session, account_ids: Collection[UUID], occasions: Collection[str]
) -> Sequence[Letter]:
    """Letters to these people on these occasions."""
    return session.scalars(
        select(Letter).where(Letter.account_id.in_(account_ids), Letter.occasion.in_(occasions))
    ).all()


def letter_counts(session: Session) -> tuple[int, int]:
    """How many letters were sent, and how many of them were opened."""
    sent, opened = session.execute(
        select(func.count(Letter.id), func.count(Letter.opened_at))
    ).one()
    return sent, opened
