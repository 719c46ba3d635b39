"""Wherever days rest on what only the family has written, that is said, until staff confirm it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.core import clock
from app.core.db import transaction
from app.core.ids import new_id
from app.core.provenance import Source
from app.family.standing import QuietPeriod, QuietReason
from app.immunization.models import Dose, VaccineDue
from app.immunization.objections import Refusal
from app.immunization.results import Status
from app.immunization.worklist import rebuild
from app.jobs.work import Office, one_round
from app.messagebox.models import Letter
from app.notifications.sending import Post
from app.reminders.wanted import still_wanted
from tests.app.fhir.test_export import download, resources
from tests.app.ledger import all_of, changing

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.app.browser import Browser
    from tests.app.world import World

pytestmark = pytest.mark.usefixtures("portal")
ONE_DATABASE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
MARK = "未確認の記録による"
BRING = "母子健康手帳をお持ちください。"


def only_written(world: World, *, child: str = "sakura", product: str = "HEPB") -> Dose:
    """The last dose of a vaccine is one that only the family has written."""
    *_, dose = all_of(Dose, child_id=world.children[child], product=product)
    with changing(Dose, id=dose.id) as row:
        row.source, row.organisation_id = Source.GUARDIAN, None
    rebuild(clock.today())
    return dose


def of_family(world: World, page: str = "/vaccinations") -> str:
    return f"/handbook/children/{world.children['sakura']}{page}"


@ONE_DATABASE
@pytest.mark.parametrize("who", ["mother", "nurse"])
def test_pages_of_the_child_say_it_until_it_is_confirmed(
    world: World, client_for: Callable[..., Browser], who: str
) -> None:
    dose = only_written(world)
    sakura, browser = world.children["sakura"], client_for(who)
    place = of_family(world) if who == "mother" else f"/staff/children/{sakura}"
    assert "をもとにしたワクチン: B型肝炎" in browser.get(place).text
    assert MARK in browser.get(place).text
    what_helps = "手帳を見て確認するまで" if who == "nurse" else BRING
    assert what_helps in browser.get(place).text
    client_for("nurse").post(f"/staff/children/{sakura}/own-doses/{dose.id}/confirm")
    assert MARK not in browser.get(place).text
    assert "をもとにしたワクチン" not in browser.get(place).text


@ONE_DATABASE
def test_every_page_of_the_family_with_days_to_come_says_it(
    world: World, client_for: Callable[..., Browser]
) -> None:
    for product in ("HEPB", "RV1", "PCV20", "DPT_IPV_HIB"):
        only_written(world, product=product)
    mother = client_for("mother")
    for page in ("/handbook/schedule", of_family(world, ""), of_family(world)):
        assert MARK in mother.get(page).text
    assert BRING in mother.get(of_family(world, "/print")).text


@ONE_DATABASE
@pytest.mark.parametrize("silent", [True, False])
def test_in_silence_and_of_what_was_refused_nothing_is_said(
    world: World, client_for: Callable[..., Browser], *, silent: bool
) -> None:
    only_written(world)
    known = {"id": new_id(), "child_id": world.children["sakura"], "from_on": clock.today()}
    quiet = QuietPeriod(reason=QuietReason.LOSS, **known)
    with transaction() as session:
        session.add(quiet if silent else Refusal(group="HEPB", **known))
    page = client_for("mother").get(of_family(world)).text
    assert MARK not in page
    assert "をもとにしたワクチン" not in page
    told = resources(download(client_for("mother"), world), "ImmunizationRecommendation")
    names = [one["vaccineCode"][0]["text"] for ahead in told for one in ahead["recommendation"]]
    assert "B型肝炎" not in names
    assert bool(names) is not silent
    assert resources(download(client_for("nurse"), world), "ImmunizationRecommendation")


def test_the_worklist_marks_it_filters_it_and_shows_what_is_complete_by_it(
    world: World, client_for: Callable[..., Browser]
) -> None:
    nurse, sakura = client_for("nurse"), world.children["sakura"]
    rebuild(clock.today())
    assert {row.unconfirmed for row in all_of(VaccineDue)} == {False}
    assert Status.COMPLETE not in {row.status for row in all_of(VaccineDue)}
    shot = {"product": "BCG", "given_on": clock.today().isoformat(), "certain": "y"}
    sent = client_for("mother").post(
        f"/handbook/children/{sakura}/own-doses", shot,
        content_type="multipart/form-data",
    )  # fmt: skip
    assert sent.status_code == 302
    (bcg,) = all_of(VaccineDue, child_id=sakura, vaccine="BCG")
    assert (bcg.status, bcg.unconfirmed) == (Status.COMPLETE, True)
    listed = nurse.get("/staff/worklist?tab=review&unconfirmed=only").text
    assert f"/staff/children/{sakura}" in listed
    assert "済み" in listed
    assert MARK in listed
    assert MARK not in nurse.get("/staff/worklist?tab=due").text.partition("<table")[2]
    file = nurse.post("/staff/worklist/export?tab=review&unconfirmed=only").text
    assert "未確認の記録を含む" in file
    (own,) = all_of(Dose, child_id=sakura, product="BCG")
    nurse.post(f"/staff/children/{sakura}/own-doses/{own.id}/confirm")
    assert all_of(VaccineDue, child_id=sakura, vaccine="BCG") == []


@ONE_DATABASE
def test_a_file_for_other_systems_says_which_answer_rests_on_it(
    world: World, client_for: Callable[..., Browser]
) -> None:
    only_written(world)
    [ahead] = resources(download(client_for("mother"), world), "ImmunizationRecommendation")
    marked = {
        one["vaccineCode"][0]["text"]
        for one in ahead["recommendation"]
        for reason in one["forecastReason"]
        if reason["coding"][0]["code"] == "unconfirmed-record"
    }
    assert marked == {"B型肝炎"}


@ONE_DATABASE
def test_a_letter_in_the_box_and_on_paper_asks_for_the_book(
    world: World, client_for: Callable[..., Browser], portal: Flask
) -> None:
    post = Post({}, portal.extensions["sealer"], "http://127.0.0.1:8000", still_wanted)
    one_round(Office(post, first_hour=0))
    (row,) = all_of(Letter, account_id=world["father"].account_id)
    father, nurse = client_for("father"), client_for("nurse")
    for browser, page in ((father, f"/letters/{row.id}"), (nurse, "/staff/reminders/paper")):
        assert BRING not in browser.get(page).text
    for product in ("HEPB", "PCV20", "DPT_IPV_HIB"):
        only_written(world, product=product)
    for browser, page in ((father, f"/letters/{row.id}"), (nurse, "/staff/reminders/paper")):
        assert BRING in browser.get(page).text
