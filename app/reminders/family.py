"""A family, as far as one letter reaches: children and the people who are told of them.

Through shared guardians one child leads to others; whoever is reached that way gets one letter
about all of them, so a family is closed under "is told of".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.reminders import queries

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Family:
    """``pairs``: account and child, for everybody who may be told of a child on that day."""

    children: frozenset[UUID]
    pairs: frozenset[tuple[UUID, UUID]]

    @property
    def accounts(self) -> frozenset[UUID]:
        """Everybody who may be told of one of the children."""
        return frozenset(account_id for account_id, _child in self.pairs)

    def told_of(self, child_id: UUID) -> frozenset[UUID]:
        """Who may be told of one child."""
        return frozenset(account_id for account_id, child in self.pairs if child == child_id)


def family_of(session: Session, child_id: UUID, day: date) -> Family:
    """The family of one child on one day."""
    children: frozenset[UUID] = frozenset({child_id})
    pairs: frozenset[tuple[UUID, UUID]] = frozenset()
    while True:
        accounts = frozenset(account_id for account_id, _child in pairs)
        found = queries.recipients(session, children=children, accounts=accounts, day=day)
        if frozenset(found) == pairs:
            return Family(children, pairs)
        pairs = frozenset(found)
        children |= {child for _account, child in pairs}
