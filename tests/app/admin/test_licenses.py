"""A physician sees images once an administrator has seen the licence; nobody confirms their own."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.audit.actions import Action
from app.authz.actor import Role
from app.core import clock
from app.identity.models import MembershipRow
from app.registry.models import LicenseRow, Practitioner
from tests.app.ledger import all_of, changing, events
from tests.app.registry.staff import works

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.test import TestResponse

    from tests.app.browser import Browser
    from tests.app.world import World

NOTICE = "は、免許の確認が済むまで"


@pytest.fixture
def desk(client_for: Callable[..., Browser], world: World) -> Browser:
    """The browser of an administrator of the clinic."""
    works(world, "reception-b", "clinic", Role.ADMINISTRATOR)
    return client_for("reception-b")


def path_of(world: World, who: str) -> str:
    rows = all_of(MembershipRow, account_id=world[who].account_id, role=Role.PHYSICIAN)
    return f"/admin/staff/{rows[0].id}/license"


def confirm(browser: Browser, path: str, **form: str) -> TestResponse:
    """Send the form: number 123456, seen today, unless said otherwise."""
    today = clock.today().isoformat()
    return browser.post(path, {"number": "123456", "confirmed_on": today, **form})


def licences_of(world: World, who: str) -> list[LicenseRow]:
    found = all_of(Practitioner, person_id=world[who].person_id)
    return [row for one in found for row in all_of(LicenseRow, practitioner_id=one.id)]


def test_a_confirmed_licence_opens_the_worklist(
    desk: Browser, client_for: Callable[..., Browser], world: World
) -> None:
    physician, path = client_for("unlicensed"), path_of(world, "unlicensed")
    assert physician.get("/imaging/").status_code == 403
    page = desk.get("/admin/staff").text
    assert world["unlicensed"].name + "さん" + NOTICE in page
    assert page.count(NOTICE) == 1
    assert path in page
    assert world["unlicensed"].name in desk.get(path).text
    until = clock.today() + timedelta(days=365)
    assert confirm(desk, path, expires_on=until.isoformat()).location == "/admin/staff"
    assert NOTICE not in desk.get("/admin/staff").text
    (row,) = licences_of(world, "unlicensed")
    assert (row.number, row.confirmed_on, row.expires_on) == ("123456", clock.today(), until)
    assert row.confirmed_by == world["reception-b"].account_id
    (event,) = events(Action.LICENSE_CONFIRMED)
    assert (event.entity_id, event.person_id) == (row.id, world["unlicensed"].person_id)
    assert "123456" not in str(event.detail)
    assert physician.get("/imaging/").status_code == 200


def test_a_lapsed_licence_is_confirmed_again_beside_the_old_one(
    desk: Browser, world: World
) -> None:
    (old,) = licences_of(world, "physician")
    with changing(LicenseRow, id=old.id) as row:
        row.expires_on = clock.today() - timedelta(days=1)
    assert world["physician"].name + "さん" + NOTICE in desk.get("/admin/staff").text
    assert confirm(desk, path_of(world, "physician"), number="000001").status_code == 302
    assert {row.number for row in licences_of(world, "physician")} == {"000000", "000001"}


def test_a_licence_in_force_is_not_confirmed_twice(desk: Browser, world: World) -> None:
    path = path_of(world, "physician")
    for answer in (desk.get(path), confirm(desk, path)):
        assert answer.status_code == 409
        assert "もう確認されています" in answer.text
    assert len(licences_of(world, "physician")) == 1


def test_nobody_confirms_their_own_licence(
    client_for: Callable[..., Browser], world: World
) -> None:
    works(world, "unlicensed", "clinic", Role.ADMINISTRATOR)
    browser, path = client_for("unlicensed"), path_of(world, "unlicensed")
    page = browser.get("/admin/staff").text
    assert "ご自分の免許は確認できません" in page
    assert path not in page
    for answer in (browser.get(path), confirm(browser, path)):
        assert answer.status_code == 403
        assert "ご自分の免許は確認できません" in answer.text
    assert licences_of(world, "unlicensed") == []


def test_only_physicians_have_one(desk: Browser, world: World) -> None:
    identifier = works(world, "nurse", "clinic", Role.RECEPTIONIST)
    path = f"/admin/staff/{identifier}/license"
    assert desk.get(path).status_code == 409
    assert confirm(desk, path).status_code == 409
    assert licences_of(world, "nurse") == []


def test_a_physician_who_left_is_not_confirmed(desk: Browser, world: World) -> None:
    yesterday = clock.today() - timedelta(days=1)
    identifier = works(world, "nurse", "clinic", Role.PHYSICIAN, until_on=yesterday)
    answer = confirm(desk, f"/admin/staff/{identifier}/license")
    assert answer.status_code == 409
    assert "いま医師として所属していません" in answer.text


def test_the_number_of_somebody_else_is_refused_and_stays_typed(
    desk: Browser, world: World
) -> None:
    answer = confirm(desk, path_of(world, "unlicensed"), number="000000")
    assert answer.status_code == 422
    assert "別の方のものとして登録されています" in answer.text
    assert 'value="000000"' in answer.text
    assert licences_of(world, "unlicensed") == []


TOMORROW = (clock.today() + timedelta(days=2)).isoformat()
LONG_AGO = (clock.today() - timedelta(days=9)).isoformat()


@pytest.mark.parametrize(
    "form",
    [
        {"number": ""},
        {"number": "1234567"},
        {"number": "12a"},
        {"number": "１２３"},
        {"number": "123\n"},
        {"confirmed_on": TOMORROW},
        {"confirmed_on": ""},
        {"expires_on": LONG_AGO},
    ],
)
def test_impossible_input_is_asked_for_again(
    form: dict[str, str], desk: Browser, world: World
) -> None:
    assert confirm(desk, path_of(world, "unlicensed"), **form).status_code == 422
    assert licences_of(world, "unlicensed") == []


def test_an_administrator_elsewhere_confirms_nothing_here(
    client_for: Callable[..., Browser], world: World
) -> None:
    browser, path = client_for("admin"), path_of(world, "unlicensed")
    assert browser.get(path).status_code == 404
    assert confirm(browser, path).status_code == 404
    assert licences_of(world, "unlicensed") == []
