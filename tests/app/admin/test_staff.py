"""Administrators manage the staff of their own organisation, and of no other."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from app.audit.actions import Action
from app.authz.actor import Assurance, Role
from app.core import clock
from app.crypto.digests import sha256_hex
from app.identity.models import MembershipRow, StaffInvitation
from app.web.formats import day
from tests.app.ledger import all_of, changing, events
from tests.app.registry.staff import invited, works

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from werkzeug.test import TestResponse

    from tests.app.browser import Browser
    from tests.app.world import World

LINK = re.compile(r'value="http://127\.0\.0\.1:8000/invitation/([\w-]{43})"')


def invite(browser: Browser, place: UUID, **form: str) -> TestResponse:
    """Send the form of a new invitation: a nurse from today unless said otherwise."""
    path = f"/admin/organisations/{place}/invitations"
    return browser.post(path, {"role": "nurse", "from_on": clock.today().isoformat(), **form})


def role_of(world: World, who: str) -> MembershipRow:
    (row,) = all_of(MembershipRow, account_id=world[who].account_id)
    return row


def test_the_list_shows_people_roles_and_days_of_the_own_organisation_only(
    client_for: Callable[..., Browser], world: World
) -> None:
    page = client_for("admin").get("/admin/staff").text
    assert world["nurse"].name in page
    assert "保健師" in page
    assert world["far-nurse"].name not in page
    assert world["physician"].name not in page


def test_the_list_shows_the_day_of_the_last_login(
    client_for: Callable[..., Browser], stranger: Browser, world: World
) -> None:
    assert "まだありません" in client_for("admin").get("/admin/staff").text
    stranger.log_in(world["nurse"].card.auth)
    page = client_for("admin").get("/admin/staff").text
    row = page.split(world["nurse"].name, 1)[1].split("</tr>", 1)[0]
    assert day(clock.today(), "ja") in row
    assert "まだありません" not in row


def test_who_is_over_is_not_listed(client_for: Callable[..., Browser], world: World) -> None:
    with changing(MembershipRow, id=role_of(world, "nurse").id) as row:
        row.until_on = clock.today() - timedelta(days=1)
    assert world["nurse"].name not in client_for("admin").get("/admin/staff").text


def test_the_desk_leads_to_the_staff(client_for: Callable[..., Browser]) -> None:
    assert 'href="/admin/staff"' in client_for("admin").get("/admin/").text


def test_an_invitation_shows_its_link_once_and_keeps_only_its_digest(
    client_for: Callable[..., Browser], world: World
) -> None:
    browser, place = client_for("admin"), world.organisations["city"]
    until = clock.today() + timedelta(days=30)
    made = invite(browser, place, until_on=until.isoformat())
    assert made.status_code == 201
    found = LINK.search(html.unescape(made.text))
    assert found
    assert made.headers["Cache-Control"] == "no-store"
    (row,) = all_of(StaffInvitation)
    assert row.code_hash == sha256_hex(found[1])
    assert (row.role, row.organisation_id, row.until_on) == (Role.NURSE, place, until)
    assert row.expires_at - row.invited_at == timedelta(days=7)
    page = browser.get("/admin/staff").text
    assert "返事を待っている招待" in page
    assert found[1] not in page
    (event,) = events(Action.STAFF_INVITED)
    assert (event.agent_id, event.entity_id) == (world["admin"].account_id, row.id)
    assert found[1] not in str(vars(event))


DAYS = {
    "yesterday": {"from_on": clock.today() - timedelta(days=1)},
    "in two years": {"from_on": clock.today() + timedelta(days=700)},
    "over before it begins": {"until_on": clock.today() - timedelta(days=1)},
}


@pytest.mark.parametrize("days", DAYS.values(), ids=DAYS.keys())
def test_impossible_days_are_asked_for_again(
    days: dict[str, object], client_for: Callable[..., Browser], world: World
) -> None:
    form = {key: str(value) for key, value in days.items()}
    answer = invite(client_for("admin"), world.organisations["city"], **form)
    assert answer.status_code == 422
    assert "今日から1年以内の日" in answer.text
    assert all_of(StaffInvitation) == []


@pytest.mark.parametrize(
    "form", [{"role": ""}, {"role": "king"}, {"from_on": ""}, {"until_on": "x"}]
)
def test_unreadable_input_is_asked_for_again(
    form: dict[str, str], client_for: Callable[..., Browser], world: World
) -> None:
    assert invite(client_for("admin"), world.organisations["city"], **form).status_code == 422
    assert all_of(StaffInvitation) == []


def test_a_foreign_organisation_is_not_there(
    client_for: Callable[..., Browser], world: World
) -> None:
    browser, place = client_for("admin"), world.organisations["clinic"]
    assert browser.get(f"/admin/organisations/{place}/invitations/new").status_code == 404
    assert invite(browser, place).status_code == 404
    assert invite(browser, uuid4()).status_code == 404
    assert all_of(StaffInvitation) == []


def test_a_withdrawn_invitation_leaves_the_list(
    client_for: Callable[..., Browser], world: World
) -> None:
    browser, invitation = client_for("admin"), invited(world)
    path = f"/admin/invitations/{invitation.id}/withdraw"
    assert path in browser.get("/admin/staff").text
    assert browser.post(path).location == "/admin/staff"
    assert path not in browser.get("/admin/staff").text
    assert all_of(StaffInvitation)[0].withdrawn_at
    assert events(Action.INVITATION_WITHDRAWN)[0].entity_id == invitation.id


@pytest.mark.parametrize("column", ["withdrawn_at", "accepted_at"])
def test_what_is_closed_is_not_withdrawn_again(
    column: str, client_for: Callable[..., Browser], world: World
) -> None:
    invitation = invited(world)
    with changing(StaffInvitation, id=invitation.id) as row:
        setattr(row, column, clock.now())
    answer = client_for("admin").post(f"/admin/invitations/{invitation.id}/withdraw")
    assert answer.status_code == 409
    assert events(Action.INVITATION_WITHDRAWN) == []


def test_invitations_elsewhere_are_neither_seen_nor_withdrawn(
    client_for: Callable[..., Browser], world: World
) -> None:
    place = world.organisations["clinic"]
    invitation = invited(world, organisation_id=place, invited_by=world["physician"].account_id)
    browser = client_for("admin")
    assert "返事を待っている招待" not in browser.get("/admin/staff").text
    assert browser.post(f"/admin/invitations/{invitation.id}/withdraw").status_code == 404
    assert all_of(StaffInvitation)[0].withdrawn_at is None


def test_today_becomes_the_last_day(client_for: Callable[..., Browser], world: World) -> None:
    membership, browser = role_of(world, "nurse"), client_for("admin")
    assert f"/admin/staff/{membership.id}/end" in browser.get(f"/admin/staff/{membership.id}").text
    assert browser.post(f"/admin/staff/{membership.id}/end").location == "/admin/staff"
    assert role_of(world, "nurse").until_on == clock.today()
    (event,) = events(Action.MEMBERSHIP_ENDED)
    assert (event.entity_id, event.person_id) == (membership.id, world["nurse"].person_id)
    assert "所属は今日で終わります" in browser.get(f"/admin/staff/{membership.id}").text
    assert browser.post(f"/admin/staff/{membership.id}/end").status_code == 409
    assert len(events(Action.MEMBERSHIP_ENDED)) == 1


def test_a_role_to_come_never_begins(client_for: Callable[..., Browser], world: World) -> None:
    membership = role_of(world, "nurse")
    with changing(MembershipRow, id=membership.id) as row:
        row.from_on = clock.today() + timedelta(days=3)
    client_for("admin").post(f"/admin/staff/{membership.id}/end")
    assert role_of(world, "nurse").until_on == clock.today()


def test_administrators_do_not_end_their_own_role(
    client_for: Callable[..., Browser], world: World
) -> None:
    browser, membership = client_for("admin"), role_of(world, "admin")
    browser.post(f"/admin/staff/{membership.id}/end")
    assert "ご自分の所属は終わりにできません" in browser.get("/admin/staff").text
    assert role_of(world, "admin").until_on is None
    assert (
        f"/admin/staff/{membership.id}/end" not in browser.get(f"/admin/staff/{membership.id}").text
    )


@pytest.mark.parametrize("who", ["far-nurse", "physician", "reception-b"])
def test_a_role_elsewhere_is_not_there(
    who: str, client_for: Callable[..., Browser], world: World
) -> None:
    membership, browser = role_of(world, who), client_for("admin")
    assert browser.get(f"/admin/staff/{membership.id}").status_code == 404
    assert browser.post(f"/admin/staff/{membership.id}/end").status_code == 404
    assert browser.get(f"/admin/staff/{membership.id}/license").status_code == 404
    assert role_of(world, who).until_on is None


def test_changing_the_staff_needs_the_card(
    client_for: Callable[..., Browser], world: World
) -> None:
    browser, membership = client_for("admin", Assurance.PASSKEY), role_of(world, "nurse")
    answers = [
        browser.get("/admin/staff"),
        invite(browser, world.organisations["city"]),
        browser.post(f"/admin/invitations/{invited(world).id}/withdraw"),
        browser.post(f"/admin/staff/{membership.id}/end"),
        browser.get(f"/admin/staff/{membership.id}/license"),
    ]
    assert ["why=card" in (answer.location or "") for answer in answers] == [True] * 5
    assert role_of(world, "nurse").until_on is None
    assert len(all_of(StaffInvitation)) == 1


def test_two_organisations_stand_apart(client_for: Callable[..., Browser], world: World) -> None:
    works(world, "admin", "clinic", Role.ADMINISTRATOR)
    page = client_for("admin").get("/admin/staff").text
    (city,) = [one for one in page.split("<section")[1:] if ">つなぐ市<" in one]
    assert world["nurse"].name in city
    assert world["physician"].name not in city
    assert world["physician"].name in page
