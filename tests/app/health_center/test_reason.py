"""A dose the schedule speaks against is asked about first, and kept with the reason given."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.core.db import reading
from app.immunization.models import Dose

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.app.browser import Browser
    from tests.app.world import World


def doses(product: str) -> list[Dose]:
    with reading() as session:
        return list(session.scalars(select(Dose).where(Dose.product == product)))


def too_early(world: World) -> dict[str, str]:
    day = world.born_on("sakura") + timedelta(days=120)
    return {"product": "MR", "given_on": day.isoformat(), "lot": "LOT-77"}


def test_a_dose_before_its_age_is_not_recorded_without_a_reason(
    client_for: Callable[..., Browser], world: World
) -> None:
    nurse = client_for("nurse")
    page = nurse.post(f"/staff/children/{world.children['sakura']}/doses", too_early(world))
    assert page.status_code == 422
    assert "まだ記録していません" in page.text
    assert "受けられるのは" in page.text
    assert 'value="LOT-77"' in page.text
    assert doses("MR") == []


def test_with_a_reason_it_is_recorded_and_the_reason_kept(
    client_for: Callable[..., Browser], world: World
) -> None:
    nurse = client_for("nurse")
    entry = too_early(world) | {"reason": "海外で接種"}
    page = nurse.post(f"/staff/children/{world.children['sakura']}/doses", entry)
    assert page.status_code == 302
    assert [dose.reason for dose in doses("MR")] == ["海外で接種"]


def test_a_voluntary_vaccine_needs_no_reason(
    client_for: Callable[..., Browser], world: World
) -> None:
    nurse = client_for("nurse")
    day = world.born_on("sakura") + timedelta(days=200)
    entry = {"product": "FLU", "given_on": day.isoformat()}
    page = nurse.post(f"/staff/children/{world.children['sakura']}/doses", entry)
    assert page.status_code == 302
    assert len(doses("FLU")) == 1
