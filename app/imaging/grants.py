"""When a grant is in force. Pure: time is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

TOKEN_LIFE = timedelta(minutes=5)


@dataclass(frozen=True)
class GrantAt:
    """A grant as it stands at one instant: what the policy table is asked about."""

    id: UUID
    account_id: UUID
    organisation_id: UUID
    until_at: datetime
    ended_at: datetime | None
    at: datetime

    @property
    def in_force(self) -> bool:
        """Given, not withdrawn, and its time is not over."""
        ended = self.ended_at is not None and self.ended_at <= self.at
        return not ended and self.at < self.until_at

    @property
    def token_expires_at(self) -> datetime:
        """End of a token issued now: never past the grant itself."""
        return min(self.at + TOKEN_LIFE, self.until_at)
