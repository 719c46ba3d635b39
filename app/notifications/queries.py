"""Reads of channels and deliveries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Select, func, select

from app.notifications.models import Channel, ChannelKind, Delivery

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor


def channels_visible_to(actor: Actor) -> Select[Channel]:
    """The actor's own channels, oldest first."""
    return (
        select(Channel)
        .where(Channel.account_id == actor.account_id, Channel.removed_at.is_(None))
        .order_by(Channel.added_at, Channel.id)
    )


def channel_with_code(session: Session, code_hash: str) -> Channel | None:
    """The address that waits for this code, held until the transaction ends."""
    return session.scalar(select(Channel).where(Channel.code_hash == code_hash).with_for_update())


def live_channels(session: Session, account_ids: Collection[UUID]) -> Sequence[Channel]:
    """Where these people want to be told and can be."""
    return session.scalars(
        select(Channel)
        .where(
            Channel.account_id.in_(account_ids),
            Channel.confirmed_at.is_not(None),
            Channel.bounced_at.is_(None),
            Channel.removed_at.is_(None),
        )
        .order_by(Channel.id)
    ).all()


def channel_kinds(session: Session, account_ids: Collection[UUID]) -> Sequence[Channel]:
    """Every channel of these people that was not taken off: how the family can be reached."""
    return session.scalars(
        select(Channel)
        .where(Channel.account_id.in_(account_ids), Channel.removed_at.is_(None))
        .order_by(Channel.id)
    ).all()


def due_deliveries(
    session: Session, kinds: Collection[ChannelKind], at: datetime, limit: int
) -> Sequence[Delivery]:
    """Deliveries that may be claimed now, oldest first."""
    return session.scalars(
        select(Delivery)
        .join(Channel, Channel.id == Delivery.channel_id)
        .where(Delivery.due_at <= at, Channel.kind.in_(kinds))
        .order_by(Delivery.due_at, Delivery.id)
        .limit(limit)
    ).all()


def deliveries_for(
    session: Session, account_ids: Collection[UUID], occasions: Collection[str]
) -> Sequence[tuple[Delivery, Channel]]:
    """What was told to these people on these occasions, and through which channel."""
    rows = session.execute(
        select(Delivery, Channel)
        .join(Channel, Channel.id == Delivery.channel_id)
        .where(Delivery.account_id.in_(account_ids), Delivery.occasion.in_(occasions))
        .order_by(Delivery.created_at, Delivery.id)
    )
    return [(delivery, channel) for delivery, channel in rows]


def delivery_counts(session: Session) -> Mapping[str, int]:
    """How many deliveries wait, were sent, bounced or were dropped."""
    waiting, sent, every = session.execute(
        select(func.count(Delivery.due_at), func.count(Delivery.sent_at), func.count(Delivery.id))
    ).one()
    return {"waiting": waiting, "sent": sent, "ended": every - waiting - sent}


def oldest_waiting(session: Session) -> datetime | None:
    """When the delivery that has waited longest was written."""
    return session.scalar(select(func.min(Delivery.created_at)).where(Delivery.due_at.is_not(None)))
