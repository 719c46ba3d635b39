"""A wrong vaccination: begun from the record, written by staff in versions, listed, printed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from app.audit.actions import Action
from app.core import clock
from app.core.db import transaction
from app.immunization.incident_models import Incident, IncidentVersion
from app.immunization.models import Dose
from tests.app.ledger import all_of, events
from tests.app.world import restriction

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.app.browser import Browser
    from tests.app.world import World

ONE_DATABASE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
WHOLE = {
    "kind": "interval",
    "answer_noticed_on": "R8.11.20",
    "answer_happened": "予約のときに前回の日付を見落とした。",
    "answer_health": "症状なし（11月21日に電話で確認）。",
    "answer_family": "その日に説明し、次の日付を伝えた。",
    "answer_measures": "受付で間隔を2人で確かめる。",
    "answer_place": "つなぐ市保健センター",
    "answer_reporter": "つなぐ市 保健師 例示保子",
}


@pytest.fixture
def nurse(client_for: Callable[..., Browser]) -> Browser:
    return client_for("nurse")


def record(nurse: Browser, world: World, **form: Any) -> None:
    """A third HepB a day after the second one: too near, recorded with a reason."""
    second = max(dose.given_on for dose in all_of(Dose, product="HEPB"))
    typed = {
        "product": "HEPB",
        "given_on": (second + timedelta(days=1)).isoformat(),
        "lot": "WRONG-3",
        "reason": "接種してしまった",
    }
    page = f"/staff/children/{world.children['sakura']}/doses"
    assert nurse.post(page, typed | form).status_code == 302


@pytest.fixture
def report(nurse: Browser, world: World) -> Incident:
    """The draft that recording a wrong dose leaves behind."""
    record(nurse, world)
    (row,) = all_of(Incident)
    return row


def place(report: Incident) -> str:
    return f"/staff/incidents/{report.id}"


def test_a_wrong_dose_leaves_a_draft_that_knows_what_the_record_knows(
    nurse: Browser, report: Incident, world: World
) -> None:
    page = nurse.get(place(report)).text
    assert (report.kind, report.organisation_id) == ("interval", world.organisations["city"])
    known = ("WRONG-3", "生後3か月", "数えられる最初の日", "この日までの接種", "間の日数")
    for words in (*known, "国のものが決まり"):
        assert words in page
    assert 'selected value="interval"' in page
    assert "つなぐ市\u3000例示\u3000保子" in page
    child = nurse.get(f"/staff/children/{world.children['sakura']}").text
    assert place(report) in child
    assert len(events(Action.INCIDENT_DRAFTED)) == 1
    assert len(events(Action.INCIDENT_OPENED)) == 1


def test_a_report_is_written_in_versions_and_completed(nurse: Browser, report: Incident) -> None:
    draft = {"kind": "interval", "seen": "0", "answer_happened": "調べています。"}
    assert nurse.post(place(report), draft).status_code == 302
    assert nurse.post(place(report), WHOLE | {"seen": "1", "complete": "1"}).status_code == 302
    (row,) = all_of(Incident)
    assert row.completed_at is not None
    versions = sorted(all_of(IncidentVersion), key=lambda one: one.number)
    assert [one.completed for one in versions] == [False, True]
    assert "調べています".encode() not in versions[0].answers
    page = nurse.get(place(report)).text
    assert "調べています。" in page
    assert 'value="2026-11-20"' in page
    sheet = nurse.get(place(report) + "/sheet").text
    assert "予約のときに前回の日付を見落とした。" in sheet
    assert "接種間隔の誤り" in sheet
    assert "調べています。" not in sheet
    assert [event.detail for event in events(Action.INCIDENT_COMPLETED)] == [{"version": 2}]
    assert len(events(Action.INCIDENT_CHANGED)) == 1


@ONE_DATABASE
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"answer_health": " "}, "報告するには、ここを書いてください。"),
        ({"answer_noticed_on": ""}, "報告するには、ここを書いてください。"),
        ({"answer_noticed_on": "2026-02-30"}, "日付として読めません。"),
        ({"answer_place": "所" * 101}, "100字までです。"),
        ({"kind": "nonsense"}, "選択肢から選んでください。"),
        ({"kind": ""}, "種類を選んでください。"),
    ],
)
def test_a_report_with_a_gap_says_where(
    nurse: Browser, report: Incident, changes: dict[str, str], words: str
) -> None:
    answer = nurse.post(place(report), WHOLE | {"seen": "0", "complete": "1"} | changes)
    assert answer.status_code == 422
    assert words in answer.text
    assert "受付で間隔を2人で確かめる。" in answer.text
    assert all_of(IncidentVersion) == []


@ONE_DATABASE
def test_no_error_after_all_needs_only_what_happened(nurse: Browser, report: Incident) -> None:
    form = {"kind": "none", "seen": "0", "complete": "1"}
    assert nurse.post(place(report), form).status_code == 422
    form["answer_happened"] = "母子手帳の日付の読みまちがいで、間隔は合っていた。"
    assert nurse.post(place(report), form).status_code == 302


@ONE_DATABASE
def test_what_a_colleague_wrote_meanwhile_is_not_written_over_unseen(
    nurse: Browser, report: Incident
) -> None:
    assert nurse.post(place(report), WHOLE | {"seen": "0"}).status_code == 302
    late = nurse.post(place(report), WHOLE | {"seen": "0", "answer_health": "発熱 38度"})
    assert late.status_code == 409
    assert "ほかの人が先に書きました" in late.text
    assert "発熱 38度" in late.text
    assert len(all_of(IncidentVersion)) == 1
    assert nurse.post(place(report), WHOLE | {"seen": "1"}).status_code == 302


@ONE_DATABASE
def test_a_right_dose_leaves_no_draft_and_staff_may_begin_one_once(
    nurse: Browser, world: World
) -> None:
    record(nurse, world, product="FLU", given_on=clock.today().isoformat())
    assert all_of(Incident) == []
    (dose,) = all_of(Dose, product="FLU")
    begin = f"/staff/children/{dose.child_id}/doses/{dose.id}"
    first = nurse.post(begin + "/incident")
    assert nurse.post(begin + "/void", {"void-reason": "隣の子だった"}).status_code == 302
    assert nurse.post(begin + "/incident").location == first.location
    assert "取り消されました" in nurse.get(str(first.location)).text
    assert len(all_of(Incident)) == 1


@ONE_DATABASE
def test_a_correction_after_the_report_is_said_and_taken_in_by_saving(
    nurse: Browser, report: Incident
) -> None:
    assert nurse.post(place(report), WHOLE | {"seen": "0"}).status_code == 302
    (dose,) = all_of(Dose, lot="WRONG-3")
    form = {"product": "HEPB", "given_on": dose.given_on.isoformat(), "lot": "RIGHT-3"}
    path = f"/staff/children/{dose.child_id}/doses/{dose.id}/correct"
    assert nurse.post(path, form | {"reason": "箱を見た"}).status_code == 302
    page = nurse.get(place(report)).text
    assert "接種の記録が直されました" in page
    assert "RIGHT-3" not in page
    nurse.post(place(report), WHOLE | {"seen": "1"})
    page = nurse.get(place(report)).text
    assert "RIGHT-3" in page
    assert "接種の記録が直されました" not in page


@ONE_DATABASE
def test_the_list_holds_the_own_citys_reports(
    nurse: Browser, report: Incident, client_for: Callable[..., Browser]
) -> None:
    page = nurse.get("/staff/incidents").text
    assert place(report) in page
    assert "書きかけの報告が1件あります。" in page
    assert "/staff/incidents" in nurse.get("/staff/worklist").text
    far = client_for("far-nurse")
    assert place(report) not in far.get("/staff/incidents").text
    assert "報告はありません" in far.get("/staff/incidents").text


@ONE_DATABASE
def test_another_city_and_the_family_see_nothing(
    report: Incident, client_for: Callable[..., Browser]
) -> None:
    (dose,) = all_of(Dose, lot="WRONG-3")
    begin = f"/staff/children/{dose.child_id}/doses/{dose.id}/incident"
    far, mother = client_for("far-nurse"), client_for("mother")
    for path in (place(report), place(report) + "/sheet", f"/staff/incidents/{uuid4()}"):
        assert far.get(path).status_code == 404
        assert mother.get(path).status_code == 404
    assert far.post(place(report), WHOLE | {"seen": "0"}).status_code == 404
    assert (far.post(begin).status_code, mother.post(begin).status_code) == (404, 403)
    assert mother.get("/staff/incidents").status_code == 403
    assert all_of(IncidentVersion) == []


@ONE_DATABASE
def test_a_report_about_a_restricted_child_is_hidden_from_whom_it_is_restricted(
    nurse: Browser, report: Incident, world: World
) -> None:
    assert str(report.id) in nurse.get("/staff/incidents").text
    with transaction() as session:
        session.add(restriction(world, "nurse", "sakura"))
    assert str(report.id) not in nurse.get("/staff/incidents").text
    assert nurse.get(place(report)).status_code == 404
    assert nurse.get(f"{place(report)}/sheet").status_code == 404
