"""Assembles the actor of a request from what identity and the registry know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.authz.actor import Actor, Assurance, Membership
from app.core import clock
from app.core.db import reading
from app.identity import queries as identity
from app.registry import queries as registry

if TYPE_CHECKING:
    from uuid import UUID


def load_actor(account_id: UUID, assurance: Assurance) -> Actor | None:
    """The actor with memberships and licences of today; None when the account is closed."""
    today = clock.today()
    with reading() as session:
        account = identity.open_account(session, account_id)
        if account is None:
            return None
        rows = identity.memberships_on(session, account.id, today)
        ids = {row.organisation_id for row in rows}
        names = registry.organisation_names(session, ids) if ids else {}
        return Actor(
            account_id=account.id,
            person_id=account.person_id,
            name=account.person.name,
            assurance=assurance,
            today=today,
            memberships=tuple(
                Membership(row.organisation_id, names[row.organisation_id], row.role)
                for row in rows
            ),
            licenses=registry.licenses_of(session, account.person_id),
        )


def is_staff(account_id: UUID) -> bool:
    """Whether the account works anywhere today: shorter idle time then."""
    actor = load_actor(account_id, Assurance.NONE)
    return bool(actor and actor.memberships)
