"""Hears that somebody's ways to log in changed, and tells the person wherever they can be told."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from app.core.db import transaction
from app.notifications import ledger, queries
from app.notifications.models import DeliveryKind

if TYPE_CHECKING:
    from app.core.outbox import Told

CREDENTIAL_CHANGED = "identity.credential_changed"


def tell_credential_change(told: Told) -> None:
    """One delivery for each live channel of the account; a second time changes nothing."""
    account_id = UUID(told.payload["account_id"])
    with transaction() as session:
        channels = queries.live_channels(session, [account_id])
        ledger.enqueue(session, channels, DeliveryKind.CREDENTIAL, f"credential:{told.id}")
