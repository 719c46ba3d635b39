"""The desk keeps vaccine, lot, place and day in mind, and reads boxes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app.core import clock
from app.immunization.models import Dose, VaccineLot
from tests.app.ledger import all_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.test import TestResponse

    from tests.app.browser import Browser
    from tests.app.world import World

GTIN = "04912345678904"


@pytest.fixture
def nurse(client_for: Callable[..., Browser]) -> Browser:
    return client_for("nurse")


def record(nurse: Browser, world: World, **form: Any) -> TestResponse:
    typed = {"product": "FLU", "given_on": clock.today().isoformat(), "lot": "F-1"}
    return nurse.post(f"/staff/children/{world.children['sakura']}/doses", typed | form)


def page(nurse: Browser, world: World, child: str = "sakura") -> str:
    return nurse.get(f"/staff/children/{world.children[child]}").text


def scan(nurse: Browser, world: World, code: str) -> str:
    back = str(world.children["sakura"])
    answered = nurse.post("/staff/scan", {"code": code, "back": back})
    assert answered.location == f"/staff/children/{back}"
    return nurse.get(answered.location).text


def test_the_next_child_starts_from_the_last_entry(nurse: Browser, world: World) -> None:
    yesterday = (clock.today() - timedelta(days=1)).isoformat()
    assert record(nurse, world, facility="にしセンター", given_on=yesterday).status_code == 302
    other = page(nurse, world, "yuto")
    assert '<option selected value="FLU">' in other
    for kept in ("F-1", "にしセンター", yesterday):
        assert f'value="{kept}"' in other


def test_another_person_starts_empty(
    nurse: Browser, client_for: Callable[..., Browser], world: World
) -> None:
    record(nurse, world)
    assert 'value="F-1"' not in page(client_for("nurse"), world).split("<datalist")[0]


def test_a_day_in_japanese_years_is_understood(nurse: Browser, world: World) -> None:
    today = clock.today()
    typed = f"令和{today.year - 2018}年{today.month}月{today.day}日"
    assert record(nurse, world, given_on=typed).status_code == 302
    (dose,) = all_of(Dose, product="FLU")
    assert dose.given_on == today


def test_a_box_fills_lot_and_last_day_and_its_vaccine_is_learnt(
    nurse: Browser, world: World
) -> None:
    last = clock.today() + timedelta(days=90)
    code = f"01{GTIN}17{last:%y%m%d}" + "10F-77"
    first = scan(nurse, world, code)
    for filled in ("F-77", last.isoformat(), GTIN):
        assert f'value="{filled}"' in first
    record(nurse, world, lot="F-77", expires_on=last.isoformat(), gtin=GTIN)
    (lot,) = all_of(VaccineLot, lot="F-77")
    assert (lot.product, lot.gtin, lot.expires_on) == ("FLU", GTIN, last)
    again = scan(nurse, world, f"01{GTIN}17{last:%y%m%d}" + "10F-78")
    assert '<option selected value="FLU">' in again


def test_a_bad_barcode_is_answered_and_changes_nothing(nurse: Browser, world: World) -> None:
    said = scan(nurse, world, "0104912345678905")
    assert "商品コードの検査数字が合いません。" in said


def test_an_expired_lot_is_asked_about(nurse: Browser, world: World) -> None:
    past = (clock.today() - timedelta(days=1)).isoformat()
    refused = record(nurse, world, expires_on=past)
    assert refused.status_code == 422
    assert "までしか使えません。" in refused.text
    assert all_of(Dose, product="FLU") == []
    assert record(nurse, world, expires_on=past, reason="確認済み").status_code == 302


def test_a_known_lot_is_known_to_be_expired(nurse: Browser, world: World) -> None:
    today = clock.today()
    record(nurse, world, expires_on=(today - timedelta(days=3)).isoformat(),
           given_on=(today - timedelta(days=5)).isoformat())  # fmt: skip
    assert record(nurse, world).status_code == 422


def test_the_lots_of_another_city_stay_there(
    nurse: Browser, client_for: Callable[..., Browser], world: World
) -> None:
    record(nurse, world, lot="CITY-LOT")
    assert "CITY-LOT" in page(nurse, world)
    assert "CITY-LOT" not in page(client_for("far-nurse"), world, "momo")


@pytest.mark.parametrize(
    ("back", "place"),
    [("clinic-day", "/staff/clinic-day"), ("https://evil.example/", "/staff/"), ("", "/staff/")],
)
def test_a_scan_leads_back_only_to_our_own_desk(nurse: Browser, back: str, place: str) -> None:
    assert nurse.post("/staff/scan", {"code": "10AB1", "back": back}).location == place
