"""Use cases of one's own channels: where do I want to be told?"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from app.audit import chain
from app.audit.actions import Action
from app.authz.policy import Permission, authorize
from app.core import clock
from app.core.db import reading, transaction
from app.core.ids import new_id
from app.crypto.digests import sha256_hex
from app.crypto.tokens import new_token
from app.identity.models import Account
from app.notifications import ledger, queries
from app.notifications.errors import (
    AlreadyAdded,
    ChannelNotFound,
    ConfirmationUnknown,
    TooManyChannels,
)
from app.notifications.models import Channel, ChannelKind, DeliveryKind
from app.notifications.sending import read_address

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.crypto.sealing import Sealer
    from app.web.i18n import Language

CODE_LIFE = timedelta(hours=24)
MOST_CHANNELS = 10


@dataclass(frozen=True, repr=False)
class Place:
    """Where somebody wants to be told: a mail address or a subscription, and in what language."""

    kind: ChannelKind
    address: str
    language: Language


def add_mail(actor: Actor, place: Place, sealer: Sealer) -> None:
    """Add a mail address; nothing but the confirmation goes there until it is confirmed."""
    code, now = new_token(), clock.now()
    with transaction() as session:
        authorize(actor, Permission.CHANNEL_MANAGE, actor)
        channel = _add(session, actor, place, sealer, {"code": code})
        channel.code_hash = sha256_hex(code.encode())
        channel.code_expires_at = now + CODE_LIFE
        session.flush()
        ledger.enqueue(session, [channel], DeliveryKind.CONFIRMATION, "confirmation")
        _record(session, actor, Action.CHANNEL_ADDED, channel)


def add_push(actor: Actor, place: Place, sealer: Sealer) -> None:
    """Add this browser. That it made a subscription is its confirmation."""
    with transaction() as session:
        authorize(actor, Permission.CHANNEL_MANAGE, actor)
        channel = _add(session, actor, place, sealer, {})
        channel.confirmed_at = clock.now()
        session.flush()
        _record(session, actor, Action.CHANNEL_ADDED, channel)


def confirm_mail(code: str) -> None:
    """The mailbox's owner opened the link. Raises ``ConfirmationUnknown``."""
    now = clock.now()
    with transaction() as session:
        channel = _waiting_for(session, code)
        channel.confirmed_at = now
        channel.code_hash = channel.code_expires_at = None
        _record(session, None, Action.CHANNEL_CONFIRMED, channel)


def require_waiting(code: str) -> None:
    """Whether the link in a mail still leads somewhere. Raises ``ConfirmationUnknown``."""
    with reading() as session:
        _waiting_for(session, code)


def _waiting_for(session: Session, code: str) -> Channel:
    """The address that waits for this code. Raises ``ConfirmationUnknown``."""
    channel = queries.channel_with_code(session, sha256_hex(code.encode()))
    expired = channel is None or (channel.code_expires_at or clock.now()) <= clock.now()
    if channel is None or expired or channel.removed_at is not None:
        raise ConfirmationUnknown("no address waits for this code")
    return channel


def remove_channel(actor: Actor, channel_id: UUID) -> None:
    """Take a channel off; its address is forgotten, what waits for it is dropped when it is due."""
    with transaction() as session:
        channel = session.scalar(
            queries.channels_visible_to(actor).where(Channel.id == channel_id).with_for_update()
        )
        if channel is None:
            raise ChannelNotFound(str(channel_id))
        authorize(actor, Permission.CHANNEL_MANAGE, channel)
        channel.removed_at = clock.now()
        channel.code_hash = None
        channel.sealed_address = b""
        _record(session, actor, Action.CHANNEL_REMOVED, channel)


def _add(
    session: Session, actor: Actor, place: Place, sealer: Sealer, further: dict[str, str]
) -> Channel:
    session.get_one(Account, actor.account_id, with_for_update=True)
    known = session.scalars(queries.channels_visible_to(actor)).all()
    _require_room(known, place, sealer)
    channel_id = new_id()
    content = json.dumps({"address": place.address, **further})
    channel = Channel(
        id=channel_id,
        account_id=actor.account_id,
        kind=place.kind,
        language=place.language.value,
        sealed_address=sealer.seal(content.encode(), context=f"notifications.channel:{channel_id}"),
        added_at=clock.now(),
    )
    session.add(channel)
    return channel


def _require_room(known: Sequence[Channel], place: Place, sealer: Sealer) -> None:
    alike = [
        channel
        for channel in known
        if channel.kind is place.kind and read_address(channel, sealer)["address"] == place.address
    ]
    if any(channel.is_live or channel.bounced_at is None for channel in alike):
        raise AlreadyAdded("the same address again")
    if len(known) >= MOST_CHANNELS:
        raise TooManyChannels(f"{MOST_CHANNELS} are enough")


def _record(session: Session, actor: Actor | None, action: Action, channel: Channel) -> None:
    entity = chain.Entity("channel", channel.id, actor.person_id if actor else None)
    chain.record(session, actor, action, entity, detail={"kind": channel.kind.value})
