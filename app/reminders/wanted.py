"""Whether a reminder still has something to say at the moment its mail or push leaves."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from app.core import clock
from app.reminders import queries
from app.reminders.facts import Unreadable, plan_for, read_facts
from app.reminders.plan import NOTHING_SAID

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.notifications.ledger import Claim


def still_wanted(session: Session, claimed: Claim) -> bool:
    """Whether anything the letter of that day said to this person is still to be said today."""
    today = clock.today()
    mine = [
        child_id
        for account_id, child_id in queries.recipients(
            session, accounts=[claimed.account_id], day=today
        )
        if account_id == claimed.account_id
    ]
    day = date.fromisoformat(claimed.occasion.partition(":")[2])
    said = set(queries.said_on(session, mine, day))
    children = queries.children_by_id(session, mine)
    for facts in read_facts(session, children, mine, today):
        planned = plan_for(facts, today, NOTHING_SAID)
        if isinstance(planned, Unreadable):
            continue
        if any((facts.child.id, notice.group, notice.target) in said for notice in planned):
            return True
    return False
