"""What the page of one's own channels shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.authz.policy import Permission, authorize
from app.core.db import reading
from app.notifications import queries
from app.notifications.models import ChannelKind
from app.notifications.sending import read_address
from app.web.i18n import Language

if TYPE_CHECKING:
    from uuid import UUID

    from app.authz.actor import Actor
    from app.crypto.sealing import Sealer
    from app.notifications.models import Channel


@dataclass(frozen=True, repr=False)
class ShownChannel:
    """One channel. ``where``: the mail address, or the host of the browser's push service."""

    id: UUID
    kind: ChannelKind
    where: str
    language: Language
    confirmed: bool
    bounced: bool


def channels(actor: Actor, sealer: Sealer) -> tuple[ShownChannel, ...]:
    """The actor's own channels."""
    authorize(actor, Permission.CHANNEL_MANAGE, actor)
    with reading() as session:
        rows = session.scalars(queries.channels_visible_to(actor)).all()
    return tuple(_shown(row, sealer) for row in rows)


def _shown(row: Channel, sealer: Sealer) -> ShownChannel:
    address = read_address(row, sealer)["address"]
    return ShownChannel(
        id=row.id,
        kind=row.kind,
        where=address if row.kind is ChannelKind.MAIL else _service_of(address),
        language=Language(row.language),
        confirmed=row.confirmed_at is not None,
        bounced=row.bounced_at is not None,
    )


def _service_of(subscription: str) -> str:
    endpoint = subscription.partition('"endpoint": "')[2].partition('"')[0]
    return urlsplit(endpoint).hostname or ""
