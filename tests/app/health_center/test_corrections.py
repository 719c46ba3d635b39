"""Corrections are versions; a wrong child's dose is taken back or moved; families see it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from app.audit.actions import Action
from app.core import clock
from app.immunization.models import Dose
from tests.app.ledger import all_of, events

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.test import TestResponse

    from tests.app.browser import Browser
    from tests.app.world import World


@pytest.fixture
def nurse(client_for: Callable[..., Browser]) -> Browser:
    return client_for("nurse")


@pytest.fixture
def dose(nurse: Browser, world: World) -> Dose:
    """A flu shot of today, recorded for Sakura."""
    form = {"product": "FLU", "given_on": clock.today().isoformat(), "lot": "WRONG-1"}
    nurse.post(f"/staff/children/{world.children['sakura']}/doses", form)
    return all_of(Dose, product="FLU")[0]


def act(browser: Browser, dose: Dose, deed: str, **form: Any) -> TestResponse:
    return browser.post(f"/staff/children/{dose.child_id}/doses/{dose.id}/{deed}", form)


def correct(browser: Browser, dose: Dose, **changes: Any) -> TestResponse:
    form = {"product": "FLU", "given_on": clock.today().isoformat(), "lot": "WRONG-1"}
    return act(browser, dose, "correct", **form | {"reason": "書きまちがい"} | changes)


def family_page(client_for: Callable[..., Browser], world: World, child: str) -> str:
    path = f"/handbook/children/{world.children[child]}/vaccinations"
    return client_for("mother").get(path).text


def test_a_correction_is_the_next_version_and_the_family_sees_it(
    nurse: Browser, dose: Dose, client_for: Callable[..., Browser], world: World
) -> None:
    yesterday = clock.today() - timedelta(days=1)
    assert correct(nurse, dose, lot="RIGHT-2", given_on=yesterday.isoformat()).status_code == 302
    first, second = sorted(all_of(Dose, lineage_id=dose.lineage_id), key=lambda row: row.version)
    assert (first.lot, second.lot, second.version) == ("WRONG-1", "RIGHT-2", 2)
    assert first.superseded_at is not None
    assert (second.given_on, second.reason) == (yesterday, "書きまちがい")
    family = family_page(client_for, world, "sakura")
    assert "RIGHT-2" in family
    assert "WRONG-1" not in family
    assert "に直しました" in family
    history = nurse.get(f"/staff/children/{dose.child_id}/doses/{second.id}").text
    assert "WRONG-1" in history
    (event,) = events(Action.DOSE_CORRECTED)
    assert (event.entity_id, event.detail) == (second.id, {})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "今の記録と同じ内容です。"),
        ({"lot": "X", "reason": " "}, "直す理由を書いてください。"),
        ({"given_on": "2999-01-01"}, "今日より先の日付です。"),
        ({"given_on": "2001-01-01"}, "生まれる前の日付です。"),
        ({"given_on": "いつか"}, "日付として読めません。"),
        ({"product": ""}, "ワクチンを選んでください。"),
    ],
)
def test_a_correction_with_a_mistake_says_which(
    nurse: Browser, dose: Dose, changes: dict[str, str], words: str
) -> None:
    page = correct(nurse, dose, **changes)
    assert page.status_code == 422
    assert words in page.text
    assert len(all_of(Dose, lineage_id=dose.lineage_id)) == 1


def test_a_correction_does_not_repeat_another_dose(nurse: Browser, dose: Dose) -> None:
    other = next(d for d in all_of(Dose, child_id=dose.child_id) if d.product == "HEPB")
    page = correct(nurse, dose, product="HEPB", given_on=other.given_on.isoformat())
    assert page.status_code == 422
    assert "同じワクチンの同じ日の記録が、もうあります。" in page.text


def test_an_old_version_cannot_be_corrected_again(nurse: Browser, dose: Dose) -> None:
    correct(nurse, dose, lot="NEW")
    assert correct(nurse, dose, lot="NEWER").status_code == 404


def test_a_void_is_said_plainly_to_the_family(
    nurse: Browser, dose: Dose, client_for: Callable[..., Browser], world: World
) -> None:
    assert act(nurse, dose, "void").status_code == 422
    assert act(nurse, dose, "void", **{"void-reason": "隣の子だった"}).status_code == 302
    family = family_page(client_for, world, "sakura")
    assert "取り消されました" in family
    assert "隣の子だった" not in family
    assert "隣の子だった" in nurse.get(f"/staff/children/{dose.child_id}").text
    assert len(events(Action.DOSE_VOIDED)) == 1


def test_a_dose_moves_to_the_right_child(
    nurse: Browser, dose: Dose, client_for: Callable[..., Browser], world: World
) -> None:
    moved = act(nurse, dose, "move", **{"move-number": "t-0002", "move-reason": "きょうだい"})
    assert moved.status_code == 302
    (now,) = all_of(Dose, product="FLU", superseded_at=None, voided=False)
    assert (now.child_id, now.lot, now.version) == (world.children["yuto"], "WRONG-1", 1)
    assert "取り消されました" in family_page(client_for, world, "sakura")
    assert "WRONG-1" in family_page(client_for, world, "yuto")
    assert [len(events(action)) for action in (Action.DOSE_VOIDED, Action.DOSE_MOVED)] == [1, 1]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("X-1", "この番号のお子さんは見つかりません。"),
        ("T_0003%", "この番号のお子さんは見つかりません。"),
        ("T-0001", "同じお子さんの番号です。"),
        ("", "手帳番号を入れてください。"),
    ],
)
def test_a_move_to_nobody_changes_nothing(
    nurse: Browser, dose: Dose, number: str, words: str
) -> None:
    page = act(nurse, dose, "move", **{"move-number": number, "move-reason": "理由"})
    assert page.status_code == 422
    assert words in page.text
    assert len(all_of(Dose, lineage_id=dose.lineage_id)) == 1


@pytest.mark.parametrize(("who", "status"), [("far-nurse", 404), ("mother", 403)])
@pytest.mark.parametrize("deed", ["correct", "void", "move"])
def test_only_the_citys_own_staff_correct(
    dose: Dose, client_for: Callable[..., Browser], who: str, status: int, deed: str
) -> None:
    form = {"product": "FLU", "given_on": "2026-11-01", "reason": "r", "void-reason": "r",
            "move-reason": "r", "move-number": "T_0003%"}  # fmt: skip
    assert act(client_for(who), dose, deed, **form).status_code == status
    assert len(all_of(Dose, lineage_id=dose.lineage_id)) == 1


def test_a_dose_of_another_child_is_not_found(nurse: Browser, dose: Dose, world: World) -> None:
    wrong = f"/staff/children/{world.children['yuto']}/doses/{dose.id}"
    assert nurse.get(wrong).status_code == 404
    assert nurse.get(f"/staff/children/{dose.child_id}/doses/{uuid4()}").status_code == 404
