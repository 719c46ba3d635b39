"""Sends what the ledger holds: claim, ask once more whether it is still wanted, hand over, close.

A process may die between any two of these steps. The row then comes due again after its lease, and
what leaves the second time carries the same Message-ID or push tag.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import structlog

from app.audit import chain
from app.audit.actions import Action
from app.core import clock
from app.core.db import reading, transaction
from app.notifications import ledger, queries
from app.notifications.carriers import Message
from app.notifications.errors import AddressGone, CarrierDown
from app.notifications.models import Channel, ChannelKind, Delivery, DeliveryKind
from app.web.i18n import Language

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.crypto.sealing import Sealer
    from app.notifications.carriers import Carriers
    from app.notifications.ledger import Claim

log = structlog.get_logger(__name__)

BATCH = 100

StillWanted: TypeAlias = "Callable[[Session, Claim], bool]"
"""Whether a reminder still has something to say at the moment of sending."""

PATHS: Mapping[DeliveryKind, str] = {
    DeliveryKind.REMINDER: "/handbook/news",
    DeliveryKind.CREDENTIAL: "/account",
}


@dataclass(frozen=True)
class Sent:
    """One round."""

    sent: int = 0
    postponed: int = 0
    ended: int = 0


@dataclass(frozen=True)
class Post:
    """What sending needs. ``origin``: the portal as browsers see it."""

    carriers: Carriers
    sealer: Sealer
    origin: str
    still_wanted: StillWanted


def send_due(post: Post) -> Sent:
    """Send everything that is due, until nothing is."""
    total = {"sent": 0, "postponed": 0, "ended": 0}
    while batch := _due(tuple(post.carriers)):
        for row in batch:
            total[_send_one(post, row)] += 1
    return Sent(**total)


def read_address(channel: Channel, sealer: Sealer) -> dict[str, str]:
    """What stands in a channel's envelope: ``address``, and ``code`` until it is confirmed."""
    plain = sealer.open(channel.sealed_address, context=f"notifications.channel:{channel.id}")
    content: dict[str, str] = json.loads(plain)
    return content


def _due(kinds: tuple[ChannelKind, ...]) -> list[Delivery]:
    with reading() as session:
        return list(queries.due_deliveries(session, kinds, clock.now(), BATCH))


def _send_one(post: Post, row: Delivery) -> str:
    prepared = _prepare(post, row)
    if prepared is None:
        return "ended"
    claimed, kind, message = prepared
    try:
        post.carriers[kind].carry(message)
    except AddressGone as gone:
        take_bounce(claimed.id, gone.reply)
        return "ended"
    except CarrierDown as down:
        log.warning("delivery.postponed", delivery=str(claimed.id), reply=down.reply)
        with transaction() as session:
            ledger.postpone(session, claimed, down.reply)
        return "postponed"
    with transaction() as session:
        ledger.mark_sent(session, claimed.id)
    return "sent"


def _prepare(post: Post, row: Delivery) -> tuple[Claim, ChannelKind, Message] | None:
    """Claim the row and write the message; None when it is not ours or no longer wanted."""
    with transaction() as session:
        claimed = ledger.claim(session, row, clock.now())
        if claimed is None:
            return None
        channel = session.get_one(Channel, claimed.channel_id)
        if not _wanted(post, session, claimed, channel):
            ledger.mark_ended(session, claimed.id, "not-wanted")
            return None
        content = read_address(channel, post.sealer)
    message = Message(
        id=claimed.id,
        kind=claimed.kind,
        address=content["address"],
        language=Language(channel.language),
        link=post.origin + _path(claimed.kind, content),
    )
    return claimed, channel.kind, message


def _wanted(post: Post, session: Session, claimed: Claim, channel: Channel) -> bool:
    if claimed.kind is DeliveryKind.CONFIRMATION:
        return channel.confirmed_at is None and channel.removed_at is None
    if not channel.is_live:
        return False
    return claimed.kind is not DeliveryKind.REMINDER or post.still_wanted(session, claimed)


def _path(kind: DeliveryKind, content: dict[str, str]) -> str:
    if kind is DeliveryKind.CONFIRMATION:
        return f"/notifications/mail/{content['code']}"
    return PATHS[kind]


def take_bounce(delivery_id: UUID, reply: str) -> bool:
    """Nobody is there any more: flag the channel. False when no such delivery was made."""
    with transaction() as session:
        row = session.get(Delivery, delivery_id, with_for_update=True)
        if row is None:
            return False
        row.ended_at, row.due_at, row.failure = clock.now(), None, f"bounced {reply}"[:40]
        channel = session.get_one(Channel, row.channel_id, with_for_update=True)
        if channel.bounced_at is None:
            channel.bounced_at = clock.now()
            entity = chain.Entity("channel", channel.id)
            detail = {"kind": channel.kind.value, "reply": reply}
            chain.record(session, None, Action.CHANNEL_BOUNCED, entity, detail=detail)
    log.info("channel.bounced", delivery=str(delivery_id), reply=reply)
    return True
