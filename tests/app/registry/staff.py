"""Staff of the tests' world: invitations written straight into the database, and further roles."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from app.authz.actor import Role
from app.core import clock
from app.core.db import transaction
from app.core.ids import new_id
from app.crypto.digests import sha256_hex
from app.crypto.tokens import new_token
from app.identity.models import MembershipRow, StaffInvitation

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from tests.app.browser import Browser
    from tests.app.world import World

CODE = "k" * 43


def invited(
    world: World, *, code: str = "", role: Role = Role.NURSE, **changes: Any
) -> StaffInvitation:
    """An open invitation of the city's administrator; ``changes`` are columns."""
    now = clock.now()
    columns: dict[str, Any] = {
        "organisation_id": world.organisations["city"],
        "invited_by": world["admin"].account_id,
        "invited_at": now,
        "expires_at": now + timedelta(days=7),
        "from_on": clock.today(),
        "code_hash": sha256_hex(code or new_token()),
    }
    row = StaffInvitation(id=new_id(), role=role, **columns | changes)
    with transaction() as session:
        session.add(row)
    return row


def works(world: World, who: str, place: str, role: Role, *, until_on: date | None = None) -> UUID:
    """Give somebody a further role from today; returns the membership's id."""
    row = MembershipRow(
        id=new_id(),
        account_id=world[who].account_id,
        organisation_id=world.organisations[place],
        role=role,
        from_on=clock.today() - timedelta(days=30),
        until_on=until_on,
    )
    with transaction() as session:
        session.add(row)
    return row.id


def opened(browser: Browser, code: str = CODE) -> Browser:
    """The browser after its person clicked the link."""
    answer = browser.get(f"/invitation/{code}")
    assert (answer.status_code, answer.location) == (303, "/invitation")
    return browser
