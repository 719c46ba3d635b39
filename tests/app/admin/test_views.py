"""The operator's desk tells whether everything is sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update

from app.audit.models import AuditEvent
from app.core import clock
from app.core.db import transaction
from app.registry.models import Gateway
from tests.app.ledger import changing

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.app.browser import Browser
    from tests.app.world import World


def test_a_sound_chain_and_every_gateway_are_shown(
    client_for: Callable[..., Browser], world: World
) -> None:
    hospital = world.gateways["hospital"]
    with changing(Gateway, id=hospital.id) as row:
        row.seen_at = clock.now()
    page = client_for("admin").get("/admin/").text
    assert "監査の記録は、つながっています" in page
    assert hospital.base_url in page
    assert page.count("まだありません") == 1, "the clinic's gateway has not reported yet"


def test_a_broken_chain_is_told_by_its_number(
    client_for: Callable[..., Browser], world: World
) -> None:
    for _ in range(3):
        client_for("mother").get(f"/handbook/children/{world.children['sakura']}")
    with transaction() as session:
        session.execute(update(AuditEvent).where(AuditEvent.number == 2).values(detail={"a": 1}))
    page = client_for("admin").get("/admin/").text
    assert "監査の記録が 2 番で切れています" in page
