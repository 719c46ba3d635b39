"""What a family copied meets the desk, a clinic day and a file: one shot stays one record."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from app.core.provenance import Source
from app.immunization.entry import DoseEntry
from app.immunization.models import BulkEntry, Dose
from app.paper_book import service as paper_book
from app.paper_book.service import Copied
from tests.app.health_center.test_import import ONE_DATABASE, run, to_the_end, until_ready
from tests.app.health_center.test_import import half as half  # noqa: PLC0414 - a fixture
from tests.app.imaging.sharing import actor_of
from tests.app.ledger import all_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from werkzeug.test import TestResponse

    from tests.app.browser import Browser
    from tests.app.world import World


@pytest.fixture
def nurse(client_for: Callable[..., Browser]) -> Browser:
    return client_for("nurse")


@pytest.fixture
def sakura(world: World) -> UUID:
    return world.children["sakura"]


@pytest.fixture
def copies(portal: Flask, world: World, sakura: UUID) -> Callable[..., Dose]:
    """The mother copies a BCG shot of the 170th day of life, or of some days later."""

    def copied(days: int = 0, lot: str | None = "KW1") -> Dose:
        entry = DoseEntry("BCG", day(world, days), lot, "みほん小児科")
        actor, sealer = actor_of(world["mother"]), portal.extensions["sealer"]
        return paper_book.enter_dose(actor, sakura, Copied(entry, certain=True), sealer)

    return copied


@pytest.fixture
def withdraws(world: World, sakura: UUID) -> Callable[[Dose], None]:
    """The mother takes her entry back."""
    return lambda dose: paper_book.withdraw_dose(actor_of(world["mother"]), sakura, dose.id)


def day(world: World, days: int = 0) -> date:
    return world.born_on("sakura") + timedelta(days=170 + days)


def current(child: UUID, product: str = "BCG") -> list[Dose]:
    return list(all_of(Dose, child_id=child, product=product, superseded_at=None, voided=False))


def said(dose: Dose) -> tuple[Any, ...]:
    who = (dose.source, dose.organisation_id, dose.recorded_by, dose.bulk_entry_id)
    return (dose.product, dose.given_on, dose.lot, dose.facility, *who)


def at_desk(nurse: Browser, world: World, **form: Any) -> TestResponse:
    typed = {"product": "BCG", "given_on": day(world).isoformat(), "lot": "KW1"}
    return nurse.post(f"/staff/children/{world.children['sakura']}/doses", typed | form)


def clinic_day(nurse: Browser, world: World, **form: Any) -> TestResponse:
    common = {"product": "BCG", "given_on": day(world).isoformat(), "lot": "KW1"}
    child = str(world.children["sakura"])
    return nurse.post("/staff/clinic-day", common | {"key": str(uuid4()), "child": child} | form)


def row(world: World, days: int = 0, lot: str = "KW1") -> str:
    born = world.born_on("sakura").isoformat()
    return f"T-0001,{born},BCG,{day(world, days).isoformat()},{lot},つなぐ医院"


@ONE_DATABASE
def test_the_desk_asks_where_the_familys_day_differs(
    nurse: Browser, world: World, sakura: UUID, copies: Callable[..., Dose]
) -> None:
    theirs = copies(days=2)
    page = at_desk(nurse, world)
    assert page.status_code == 422
    assert "保護者の記入と少しちがいます" in page.text
    assert "べつの接種（両方残す）" in page.text
    assert [dose.id for dose in current(sakura)] == [theirs.id]
    assert at_desk(nurse, world, about_copy="take").status_code == 302
    (now,) = current(sakura)
    assert (now.lineage_id, now.version, now.given_on) == (theirs.lineage_id, 2, day(world))
    assert now.source is Source.HEALTH_CENTER


@ONE_DATABASE
def test_the_desk_can_leave_the_familys_entry_beside_another_shot(
    nurse: Browser, world: World, sakura: UUID, copies: Callable[..., Dose]
) -> None:
    copies(days=-2)
    asked = at_desk(nurse, world, about_copy="further")
    assert "記録する前に、確かめてください" in asked.text
    assert 'value="further" selected' in asked.text
    answered = at_desk(nurse, world, about_copy="further", reason="控えで確認")
    assert answered.status_code == 302
    assert {dose.source for dose in current(sakura)} == {Source.GUARDIAN, Source.HEALTH_CENTER}


@ONE_DATABASE
def test_two_shots_of_one_vaccine_on_one_day_are_not_offered(
    nurse: Browser, world: World, sakura: UUID, copies: Callable[..., Dose]
) -> None:
    copies(lot="XY-9")
    page = at_desk(nurse, world)
    assert page.status_code == 422
    assert "べつの接種（両方残す）" not in page.text
    assert at_desk(nurse, world, about_copy="further").status_code == 422
    assert at_desk(nurse, world, about_copy="keep").status_code == 302
    assert [(dose.lot, dose.version) for dose in current(sakura)] == [("XY-9", 2)]
    assert "XY-9" not in nurse.get("/staff/clinic-day").text


def test_a_clinic_day_confirms_what_the_family_copied_and_counts_it(
    nurse: Browser, world: World, sakura: UUID, copies: Callable[..., Dose]
) -> None:
    theirs = copies()
    common = {"product": "BCG", "given_on": day(world).isoformat(), "lot": "KW1"}
    listed = nurse.post("/staff/clinic-day/list", common | {"lines": "T-0001", "due_only": "y"})
    assert "保護者の記入を確認済みにします" in listed.text
    place = str(clinic_day(nurse, world).location)
    (now,) = current(sakura)
    assert (now.lineage_id, now.version) == (theirs.lineage_id, 2)
    assert (now.source, now.organisation_id) == (
        Source.HEALTH_CENTER,
        world.organisations["city"],
    )
    assert "保護者の記入を確認済みにした 1" in nurse.get(place).text


@ONE_DATABASE
def test_a_clinic_day_stops_at_an_entry_nearly_the_same(
    nurse: Browser, world: World, sakura: UUID, copies: Callable[..., Dose]
) -> None:
    copies(days=-2)
    common = {"product": "BCG", "given_on": day(world).isoformat(), "lot": "KW1"}
    listed = nurse.post("/staff/clinic-day/list", common | {"lines": "T-0001", "due_only": "y"})
    assert f'name="about-copy-{sakura}"' in listed.text
    stopped = clinic_day(nurse, world)
    assert stopped.status_code == 422
    assert "同じ接種かどうかを選んでください。" in stopped.text
    assert all_of(BulkEntry) == []
    chosen = {f"about-copy-{sakura}": "take", f"lot-{sakura}": "L" * 33}
    again = clinic_day(nurse, world, **chosen)
    assert 'value="take" selected' in again.text
    assert clinic_day(nurse, world, **{f"about-copy-{sakura}": "take"}).status_code == 302
    assert [(dose.given_on, dose.version) for dose in current(sakura)] == [(day(world), 2)]


def test_an_undone_clinic_day_gives_the_family_its_entry_back_as_it_was(
    nurse: Browser, world: World, sakura: UUID, copies: Callable[..., Dose]
) -> None:
    theirs = copies(days=2)
    place = str(clinic_day(nurse, world, **{f"about-copy-{sakura}": "take"}).location)
    assert nurse.post(place + "/undo", {"reason": "日をまちがえた"}).status_code == 302
    (now,) = current(sakura)
    assert said(now) == said(theirs)
    assert (now.lineage_id, now.version) == (theirs.lineage_id, 3)
    assert "保護者の記入を確認済みにした 1" in nurse.get(place).text


def test_a_file_confirms_what_the_family_copied_and_an_undo_gives_it_back(
    nurse: Browser, world: World, sakura: UUID, copies: Callable[..., Dose]
) -> None:
    theirs = copies()
    place = until_ready(nurse, [row(world), row(world)])
    page = nurse.get(place).text
    assert "保護者の記入を確認済みにします" in page
    done = str(run(nurse, place).location)
    (now,) = current(sakura)
    assert (now.lineage_id, now.version, now.source) == (theirs.lineage_id, 2, Source.CLINIC)
    assert (now.facility, now.bulk_entry_id is None) == ("つなぐ医院", False)
    assert "保護者の記入を確認済みにした 1" in nurse.get(done).text
    assert nurse.post(done + "/undo", {"reason": "ちがうファイル"}).status_code == 302
    (now,) = current(sakura)
    assert said(now) == said(theirs)


@ONE_DATABASE
@pytest.mark.parametrize(
    ("choice", "left"),
    [
        ("", [(2, Source.GUARDIAN, 1)]),
        ("take", [(0, Source.CLINIC, 2)]),
        ("keep", [(2, Source.CLINIC, 2)]),
        ("further", [(0, Source.CLINIC, 1), (2, Source.GUARDIAN, 1)]),
    ],
)
def test_a_row_that_differs_is_written_as_staff_decide(
    nurse: Browser,
    world: World,
    copies: Callable[..., Dose],
    choice: str,
    left: list[tuple[int, Source, int]],
) -> None:
    copies(days=2)
    place = until_ready(nurse, [row(world)])
    line = {"about-copy-2": choice}
    assert 'name="about-copy-2"' in nurse.get(place).text
    if choice:
        assert run(nurse, place, **line).status_code == 422
    assert run(nurse, place, reason="手帳と見くらべた", **line).status_code == 302
    found = sorted(current(world.children["sakura"]), key=lambda dose: dose.given_on)
    apart = [((dose.given_on - day(world)).days, dose.source, dose.version) for dose in found]
    assert apart == left


@ONE_DATABASE
def test_each_row_of_a_file_finds_its_own_entry_first(
    nurse: Browser, world: World, sakura: UUID, copies: Callable[..., Dose]
) -> None:
    copies(days=10)
    page = nurse.get(until_ready(nurse, [row(world), row(world, 10)])).text
    assert "保護者の記入とちがう行" not in page


@pytest.mark.parametrize("family", ["copied meanwhile", "took back meanwhile"])
def test_what_a_family_does_while_a_file_is_written_counts_when_it_is_published(
    request: pytest.FixtureRequest, nurse: Browser, world: World, family: str
) -> None:
    sakura, copies = world.children["sakura"], request.getfixturevalue("copies")
    before = copies(lot=None) if family == "took back meanwhile" else None
    place = request.getfixturevalue("half")
    if before is None:
        copies(lot=None)
    else:
        page = nurse.get(f"/staff/children/{sakura}/doses/{before.id}").text
        assert "B-1" not in page
        request.getfixturevalue("withdraws")(before)
    to_the_end(nurse, place)
    (now,) = current(sakura)
    assert (now.lot, now.source, now.version) == ("B-1", Source.CLINIC, 1 if before else 2)
