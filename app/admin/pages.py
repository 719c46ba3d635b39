"""What the operator's desk shows: is everything sound?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.audit.chain import ChainReport, verify_chain
from app.authz.policy import Permission, authorize
from app.core import clock
from app.core.db import reading
from app.registry.queries import all_gateways

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from app.authz.actor import Actor
    from app.registry.models import Gateway


@dataclass(frozen=True)
class OperationsPage:
    """Gateways with their last report, and the audit chain."""

    gateways: Sequence[Gateway]
    chain: ChainReport
    checked_at: datetime


def overview(actor: Actor) -> OperationsPage:
    """Read the state of operations."""
    authorize(actor, Permission.OPERATIONS_READ)
    with reading() as session:
        return OperationsPage(all_gateways(session), verify_chain(session), clock.now())
