"""The staff desk: finding a child, recording a dose."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app.audit.actions import Action
from app.core import clock
from app.core.provenance import Source
from app.immunization.models import Dose
from tests.app.browser import Browser, logged_in
from tests.app.ledger import all_of, events

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from flask import Flask
    from werkzeug.test import TestResponse

    from tests.app.world import World


@pytest.fixture
def nurse(client_for: Callable[..., Browser]) -> Browser:
    return client_for("nurse")


def doses_of(child: UUID) -> int:
    return len(all_of(Dose, child_id=child))


def record(browser: Browser, child: UUID, **form: Any) -> TestResponse:
    """Send the form for a flu shot of today unless told otherwise."""
    typed = {"product": "FLU", "given_on": clock.today().isoformat(), "reason": "流行のため"}
    return browser.post(f"/staff/children/{child}/doses", typed | form)


def test_a_recorded_dose_is_seen_by_the_mother_at_once(
    nurse: Browser, client_for: Callable[..., Browser], world: World
) -> None:
    sakura = world.children["sakura"]
    mother = client_for("mother")
    page = f"/handbook/children/{sakura}/vaccinations"
    assert "LOT-77" not in mother.get(page).text
    answered = record(nurse, sakura, lot=" LOT-77 ", facility="つなぐ市保健センター")
    assert answered.location == f"/staff/children/{sakura}"
    assert "接種を記録しました。" in nurse.get(answered.location).text
    assert "LOT-77" in mother.get(page).text


def test_a_dose_says_who_wrote_it_where(nurse: Browser, world: World) -> None:
    sakura = world.children["sakura"]
    record(nurse, sakura)
    (dose,) = all_of(Dose, child_id=sakura, product="FLU")
    assert (dose.source, dose.version, dose.lineage_id) == (Source.HEALTH_CENTER, 1, dose.id)
    assert dose.recorded_by == world["nurse"].account_id
    assert dose.organisation_id == world.organisations["city"]
    (event,) = events(Action.DOSE_RECORDED)
    assert (event.entity_id, event.agent_id) == (dose.id, world["nurse"].account_id)
    assert event.detail == {}


BAD_DOSES: tuple[tuple[dict[str, str], str], ...] = (
    ({"product": ""}, "ワクチンを選んでください。"),
    ({"product": "NOSUCH"}, "選択肢から選んでください。"),
    ({"given_on": ""}, "接種した日を入れてください。"),
    ({"given_on": "yesterday"}, "日付として読めません。"),
    ({"given_on": "2026-02-30"}, "日付として読めません。"),
    ({"given_on": "令和8年2月30日"}, "日付として読めません。"),
    ({"expires_on": "someday"}, "日付として読めません。"),
    ({"gtin": "1" * 15}, "文字までで入力してください。"),
    ({"lot": "L" * 33}, "32字までです。"),
    ({"facility": "所" * 101}, "100字までです。"),
    ({"reason": "理" * 201}, "200字までです。"),
)


@pytest.mark.parametrize(("change", "words"), BAD_DOSES, ids=range(len(BAD_DOSES)))
def test_a_form_with_a_mistake_says_which_and_keeps_the_rest(
    nurse: Browser, world: World, change: dict[str, str], words: str
) -> None:
    sakura = world.children["sakura"]
    before = doses_of(sakura)
    page = record(nurse, sakura, **{"lot": "TYPED-1"} | change)
    assert page.status_code == 422
    assert words in page.text
    if "lot" not in change:
        assert 'value="TYPED-1"' in page.text
    assert doses_of(sakura) == before


def test_a_day_after_today_is_refused(nurse: Browser, world: World) -> None:
    tomorrow = (clock.today() + timedelta(days=1)).isoformat()
    page = record(nurse, world.children["sakura"], given_on=tomorrow)
    assert page.status_code == 422
    assert "今日より先の日付です。" in page.text
    assert f'value="{tomorrow}"' in page.text


def test_a_day_before_the_birth_is_refused(nurse: Browser, world: World) -> None:
    before = (world.born_on("sakura") - timedelta(days=1)).isoformat()
    page = record(nurse, world.children["sakura"], given_on=before)
    assert page.status_code == 422
    assert "生まれる前の日付です。" in page.text


def test_the_same_vaccine_on_the_same_day_is_refused(nurse: Browser, world: World) -> None:
    sakura = world.children["sakura"]
    assert record(nurse, sakura).status_code == 302
    page = record(nurse, sakura)
    assert page.status_code == 422
    assert "同じワクチンの同じ日の記録が、もうあります。" in page.text
    assert len(all_of(Dose, child_id=sakura, product="FLU")) == 1


def test_two_clicks_record_one_dose(portal: Flask, world: World) -> None:
    sakura = world.children["sakura"]
    browsers = [logged_in(portal, world["nurse"]) for _ in range(4)]
    for browser in browsers:
        browser.csrf_token()
    with ThreadPoolExecutor(4) as clicks:
        statuses = sorted(clicks.map(lambda one: record(one, sakura).status_code, browsers))
    assert statuses == [302, 422, 422, 422]
    assert len(all_of(Dose, child_id=sakura, product="FLU")) == 1


def test_a_dose_against_the_schedule_needs_a_reason(nurse: Browser, world: World) -> None:
    """Two days after the dose before it is too early to count."""
    sakura = world.children["sakura"]
    too_early = (world.born_on("sakura") + timedelta(days=97)).isoformat()
    form = {"product": "HEPB", "given_on": too_early, "reason": ""}
    page = record(nurse, sakura, **form)
    assert page.status_code == 422
    assert "記録する前に、確かめてください" in page.text
    assert 'name="reason"' in page.text
    assert record(nurse, sakura, **form | {"reason": "かかりつけ医の判断"}).status_code == 302
    (dose,) = [d for d in all_of(Dose, child_id=sakura) if d.given_on.isoformat() == too_early]
    assert dose.reason == "かかりつけ医の判断"


@pytest.mark.parametrize(("who", "status"), [("far-nurse", 404), ("mother", 403), ("father", 403)])
def test_only_the_citys_own_staff_record(
    client_for: Callable[..., Browser], world: World, who: str, status: int
) -> None:
    sakura = world.children["sakura"]
    before = doses_of(sakura)
    assert record(client_for(who), sakura).status_code == status
    assert doses_of(sakura) == before
    assert not events(Action.DOSE_RECORDED)


SEARCHES: tuple[tuple[str, set[str]], ...] = (
    ("さくら", {"sakura"}),
    ("見本", {"sakura", "yuto"}),
    ("みほん", {"sakura", "yuto"}),
    ("見本 さくら", {"sakura"}),
    ("さくら ゆうと", set()),
    ("T-0002", {"yuto"}),
    ("t-0002", {"yuto"}),
    ("T", {"sakura", "yuto"}),
    ("もも", set()),
    ("T_0003", set()),
    ("%", set()),
    ("_", set()),
    ("T_0001", set()),
    ("\\", set()),
    ("'; DROP TABLE child; --", set()),
    ("", {"sakura", "yuto"}),
    ("   ", {"sakura", "yuto"}),
)


def found(page: str, world: World) -> set[str]:
    return {key for key, child in world.children.items() if f"/staff/children/{child}" in page}


@pytest.mark.parametrize(("words", "children"), SEARCHES, ids=[row[0] for row in SEARCHES])
def test_a_search_finds_the_citys_children_by_its_words(
    nurse: Browser, world: World, words: str, children: set[str]
) -> None:
    page = nurse.get("/staff/", query_string={"q": words})
    assert page.status_code == 200
    assert found(page.text, world) == children


def test_signs_of_a_pattern_are_letters_like_any_other(
    client_for: Callable[..., Browser], world: World
) -> None:
    far = client_for("far-nurse")
    for words, children in (("T_0003%", {"momo"}), ("_", {"momo"}), ("%", {"momo"}), ("-", set())):
        page = far.get("/staff/", query_string={"q": words}).text
        assert found(page, world) == children, words


@pytest.mark.parametrize("form", ["%Y%m%d", "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d"])
def test_a_birth_date_finds_the_child(nurse: Browser, world: World, form: str) -> None:
    typed = world.born_on("yuto").strftime(form)
    assert found(nurse.get("/staff/", query_string={"q": typed}).text, world) == {"yuto"}
    both = {"q": f"さくら {typed}"}
    assert found(nurse.get("/staff/", query_string=both).text, world) == set()


def test_a_day_that_does_not_exist_finds_nobody(nurse: Browser, world: World) -> None:
    assert found(nurse.get("/staff/?q=20260230").text, world) == set()


def test_a_search_is_written_down_without_its_words(nurse: Browser) -> None:
    nurse.get("/staff/", query_string={"q": "さくら"})
    nurse.get("/staff/")
    (event,) = events(Action.CHILDREN_SEARCHED)
    assert event.detail == {"found": 1}
