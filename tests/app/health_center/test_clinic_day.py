"""A clinic day: one list, one save, all or nothing, once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from app.audit.actions import Action
from app.core import clock
from app.immunization.models import BulkEntry, Deferral, Dose
from tests.app.browser import Browser, logged_in
from tests.app.ledger import all_of, events

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from werkzeug.test import TestResponse

    from tests.app.world import World


@pytest.fixture
def nurse(client_for: Callable[..., Browser]) -> Browser:
    return client_for("nurse")


@pytest.fixture
def both(world: World) -> tuple[UUID, UUID]:
    return world.children["sakura"], world.children["yuto"]


def common(**changes: Any) -> dict[str, Any]:
    return {"product": "FLU", "given_on": clock.today().isoformat(), "lot": "F-1"} | changes


def send(browser: Browser, children: tuple[UUID, ...], **form: Any) -> TestResponse:
    sent = {"key": str(uuid4()), "child": [str(child) for child in children]}
    return browser.post("/staff/clinic-day", common(**sent) | form)


def listed(nurse: Browser, **form: Any) -> TestResponse:
    return nurse.post("/staff/clinic-day/list", common(**form))


def on_list(page: TestResponse, world: World) -> set[str]:
    return {key for key, child in world.children.items() if f'value="{child}"' in page.text}


@pytest.mark.parametrize(
    ("form", "found"),
    [
        ({"lines": "T-0001\r\nt-0002\r\n"}, {"sakura", "yuto"}),
        ({"lines": "さくら"}, {"sakura"}),
        ({"lines": "T_0003%\nT-0002"}, {"yuto"}),
        ({"born_from": "2020-01-01"}, {"sakura", "yuto"}),
        ({"born_until": "令和元年5月1日"}, set()),
        ({}, set()),
    ],
)
def test_children_are_listed_by_number_name_or_birth(
    nurse: Browser, world: World, form: dict[str, str], found: set[str]
) -> None:
    page = listed(nurse, **form)
    assert on_list(page, world) == found
    assert page.status_code == (200 if found else 422)


def test_a_line_that_is_not_one_child_is_named(nurse: Browser) -> None:
    page = listed(nurse, lines="T-0001\nみほん\nX-9999")
    assert "みほん: 2人" in page.text
    assert "X-9999: 0人" in page.text


def test_only_children_who_can_get_it(nurse: Browser, world: World) -> None:
    page = listed(nurse, product="BCG", born_from="2020-01-01", due_only="y")
    assert on_list(page, world) == {"sakura"}


def test_the_look_before_the_shot_stands_in_the_list(nurse: Browser, world: World) -> None:
    page = listed(nurse, product="MR", lines="T-0001",
                  given_on=(world.born_on("sakura") + timedelta(days=200)).isoformat())  # fmt: skip
    assert "受けられるのは" in page.text
    assert all_of(Dose, product="MR") == []


def test_one_save_records_all_with_exceptions(
    nurse: Browser, world: World, both: tuple[UUID, UUID]
) -> None:
    sakura, yuto = both
    answered = send(
        nurse,
        both,
        **{f"lot-{sakura}": "F-2", f"outcome-{yuto}": "not_given", f"reason-{yuto}": "発熱"},
    )
    assert answered.status_code == 302
    (dose,) = all_of(Dose, product="FLU")
    (shot,) = all_of(Deferral)
    assert (dose.child_id, dose.lot) == (sakura, "F-2")
    assert (shot.child_id, shot.reason, shot.product) == (yuto, "発熱", "FLU")
    page = nurse.get(answered.location).text
    assert "F-2" in page
    assert "発熱" in page
    assert "発熱" in nurse.get(f"/staff/children/{yuto}").text
    recorded = events(Action.DOSE_RECORDED, Action.SHOT_DEFERRED, Action.DOSES_RECORDED)
    assert [event.entity_kind for event in recorded] == ["dose", "deferral", "bulk_entry"]
    assert recorded[2].detail == {"doses": 1, "deferrals": 1}


def test_another_vaccine_of_one_child_by_its_name(nurse: Browser, both: tuple[UUID, UUID]) -> None:
    sakura, _ = both
    assert send(nurse, both, **{f"product-{sakura}": "フルミスト"}).status_code == 302
    assert {(dose.child_id, dose.product) for dose in all_of(Dose) if dose.bulk_entry_id} == {
        (both[0], "LAIV"),
        (both[1], "FLU"),
    }


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"outcome": "not_given"}, "受けなかった理由を書いてください。"),
        ({"product": "MR"}, "接種の間隔や時期が合いません。"),
        ({"product": "なぞのワクチン"}, "このワクチンの名前は分かりません。"),
        ({"lot": "L" * 33}, "ロット番号は32字"),
        ({"reason": "理" * 201}, "理由は200字まで"),
    ],
)
def test_one_bad_row_records_nobody_and_keeps_what_was_typed(
    nurse: Browser, both: tuple[UUID, UUID], row: dict[str, str], words: str
) -> None:
    sakura, yuto = both
    form = {f"{name}-{sakura}": value for name, value in row.items()}
    page = send(nurse, both, **form, **{f"lot-{yuto}": "KEPT-1"})
    assert page.status_code == 422
    assert words in page.text
    assert 'value="KEPT-1"' in page.text
    assert all_of(Dose, product="FLU") == []
    assert all_of(BulkEntry) == []


def test_a_dose_on_record_already_stops_the_list(nurse: Browser, both: tuple[UUID, UUID]) -> None:
    assert send(nurse, both[:1]).status_code == 302
    page = send(nurse, both)
    assert page.status_code == 422
    assert "同じワクチンの同じ日の記録が、もうあります。" in page.text
    assert len(all_of(Dose, product="FLU")) == 1


def test_sent_twice_it_is_recorded_once(nurse: Browser, both: tuple[UUID, UUID]) -> None:
    key = str(uuid4())
    answers = {send(nurse, both, key=key).location for _ in range(2)}
    assert answers == {f"/staff/clinic-day/{key}"}
    assert len(all_of(Dose, product="FLU")) == 2


def test_four_clicks_at_once_record_once(
    portal: Flask, world: World, both: tuple[UUID, UUID]
) -> None:
    key = str(uuid4())
    browsers = [logged_in(portal, world["nurse"]) for _ in range(4)]
    for browser in browsers:
        browser.csrf_token()
    with ThreadPoolExecutor(4) as clicks:
        statuses = list(clicks.map(lambda one: send(one, both, key=key).status_code, browsers))
    assert statuses == [302] * 4
    assert len(all_of(Dose, product="FLU")) == 2


def test_somebody_elses_key_is_refused(
    portal: Flask, nurse: Browser, both: tuple[UUID, UUID], world: World
) -> None:
    key = str(uuid4())
    send(nurse, both, key=key)
    far = logged_in(portal, world["far-nurse"])
    assert send(far, (world.children["momo"],), key=key).status_code == 409
    assert far.get(f"/staff/clinic-day/{key}").status_code == 404


def test_a_child_of_another_city_is_not_found(
    nurse: Browser, world: World, both: tuple[UUID, UUID]
) -> None:
    assert send(nurse, (*both, world.children["momo"])).status_code == 404
    assert all_of(BulkEntry) == []


@pytest.mark.parametrize("who", ["mother", "physician", "admin"])
def test_who_is_no_nurse_records_nothing(
    client_for: Callable[..., Browser], both: tuple[UUID, UUID], who: str
) -> None:
    assert send(client_for(who), both).status_code in {403, 404}
    assert all_of(BulkEntry) == []


@pytest.mark.parametrize("bad", [{"child": ["x"]}, {"key": "x"}, {"given_on": ""}, {"child": []}])
def test_a_list_that_is_none_of_ours_is_refused(
    nurse: Browser, both: tuple[UUID, UUID], bad: dict[str, Any]
) -> None:
    assert send(nurse, both, **bad).status_code == 422
    assert all_of(BulkEntry) == []


def test_an_undo_takes_back_exactly_these_doses(
    nurse: Browser, world: World, both: tuple[UUID, UUID]
) -> None:
    before = {dose.id for dose in all_of(Dose)}
    place = str(send(nurse, both).location)
    assert nurse.post(place + "/undo", {"reason": ""}).status_code == 422
    assert nurse.post(place + "/undo", {"reason": "日をまちがえた"}).status_code == 302
    assert nurse.post(place + "/undo", {"reason": "もう一度"}).status_code == 409
    current = {dose.id for dose in all_of(Dose, superseded_at=None, voided=False)}
    assert current == before
    assert len(all_of(Dose, product="FLU", voided=True)) == 2
    assert {event.person_id for event in events(Action.DOSE_VOIDED)} != {None}
    assert world.children
