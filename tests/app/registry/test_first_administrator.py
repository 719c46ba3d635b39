"""The first administrator comes by the operator's command: once, for a day, by card."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from app.audit.actions import Action
from app.authz.actor import Assurance, Role
from app.core import clock
from app.identity.models import MembershipRow, StaffInvitation
from app.registry.first_administrator import LIFE, FirstOffer, InvitationHandle
from tests.app.ledger import all_of, changing, events
from tests.app.registry.staff import opened, works

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result
    from flask import Flask

    from tests.app.browser import Browser
    from tests.app.world import World

KEY = b"k" * 40
CLINIC = "9999990002"
LINK = re.compile(r"^http://127\.0\.0\.1:8000/invitation/(\S+)$", re.MULTILINE)
OFFER = FirstOffer(uuid4(), uuid4(), datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC))


def command(portal: Flask, code: str = CLINIC) -> Result:
    """``flask first-administrator --organisation CODE``."""
    arguments = ["first-administrator", "--organisation", code]
    return portal.test_cli_runner().invoke(args=arguments)


def code_for_the_clinic(portal: Flask) -> str:
    found = LINK.search(command(portal).output)
    assert found
    return found[1]


def administrators(world: World) -> list[object]:
    place = world.organisations["clinic"]
    rows = all_of(MembershipRow, organisation_id=place, role=Role.ADMINISTRATOR)
    return [row.account_id for row in rows]


def test_the_command_prints_a_link_that_makes_an_administrator(
    portal: Flask, client_for: Callable[..., Browser], world: World
) -> None:
    answer = command(portal)
    assert answer.exit_code == 0
    assert "かりの内科クリニック" in answer.output
    found = LINK.search(answer.output)
    assert found
    assert all_of(StaffInvitation) == []
    browser = opened(client_for("reception-b"), found[1])
    page = browser.get("/invitation").text
    assert "かりの内科クリニック" in page
    assert "管理者" in page
    assert browser.post("/invitation").status_code == 302
    assert administrators(world) == [world["reception-b"].account_id]
    assert browser.get("/admin/staff").status_code == 200
    (kept,) = all_of(StaffInvitation)
    assert (kept.invited_by, kept.accepted_by) == (world["reception-b"].account_id,) * 2


def test_the_offer_is_audited_without_its_code(portal: Flask, world: World) -> None:
    code = code_for_the_clinic(portal)
    (event,) = events(Action.STAFF_INVITED)
    assert event.agent_kind == "nobody"
    assert event.agent_organisation_id == world.organisations["clinic"]
    assert event.detail == {"role": "administrator", "first": True}
    assert not set(code.split(".")) & set(re.findall(r"[\w-]+", str(vars(event))))


def test_an_organisation_with_an_administrator_gets_no_link(portal: Flask) -> None:
    answer = command(portal, "999997")
    assert answer.exit_code == 1
    assert "it has an administrator" in answer.output
    assert not LINK.search(answer.output)
    assert events(Action.STAFF_INVITED) == []


def test_an_administrator_to_come_counts_too(portal: Flask, world: World) -> None:
    identifier = works(world, "reception-b", "clinic", Role.ADMINISTRATOR)
    with changing(MembershipRow, id=identifier) as row:
        row.from_on = clock.today() + timedelta(days=3)
    assert command(portal).exit_code == 1


def test_an_unknown_organisation_is_named(portal: Flask) -> None:
    answer = command(portal, "123")
    assert answer.exit_code == 1
    assert "no organisation with code 123" in answer.output


def test_the_link_counts_once(portal: Flask, client_for: Callable[..., Browser]) -> None:
    code = code_for_the_clinic(portal)
    opened(client_for("reception-b"), code).post("/invitation")
    answer = opened(client_for("mother"), code).post("/invitation")
    assert answer.status_code == 409
    assert "もう使われています" in answer.text


def test_the_link_counts_once_even_when_its_administrator_is_gone(
    portal: Flask, client_for: Callable[..., Browser], world: World
) -> None:
    code = code_for_the_clinic(portal)
    opened(client_for("reception-b"), code).post("/invitation")
    columns = {"account_id": world["reception-b"].account_id, "role": Role.ADMINISTRATOR}
    with changing(MembershipRow, **columns) as row:
        row.until_on = clock.today() - timedelta(days=1)
    assert opened(client_for("mother"), code).post("/invitation").status_code == 409
    assert world["mother"].account_id not in administrators(world)


def test_of_two_links_the_second_comes_too_late(
    portal: Flask, client_for: Callable[..., Browser], world: World
) -> None:
    first, second = code_for_the_clinic(portal), code_for_the_clinic(portal)
    assert first != second
    opened(client_for("reception-b"), first).post("/invitation")
    answer = opened(client_for("mother"), second).post("/invitation")
    assert answer.status_code == 409
    assert "もう管理者がいます" in answer.text
    assert administrators(world) == [world["reception-b"].account_id]


def test_a_link_lapses_after_its_day(
    portal: Flask, client_for: Callable[..., Browser], world: World
) -> None:
    key = str(portal.config["SECRET_KEY"]).encode()
    offer = FirstOffer(uuid4(), world.organisations["clinic"], clock.now() - timedelta(seconds=2))
    answer = opened(client_for("mother"), offer.code(key)).post("/invitation")
    assert answer.status_code == 409
    assert "期限が切れています" in answer.text
    assert timedelta(days=7) >= LIFE


def test_a_link_signed_with_another_key_is_unknown(
    client_for: Callable[..., Browser], world: World
) -> None:
    offer = FirstOffer(uuid4(), world.organisations["clinic"], clock.now() + LIFE)
    answer = opened(client_for("mother"), offer.code(KEY)).post("/invitation")
    assert answer.status_code == 404
    assert administrators(world) == []


def test_the_card_is_needed(portal: Flask, client_for: Callable[..., Browser]) -> None:
    browser = opened(client_for("mother", Assurance.PASSKEY), code_for_the_clinic(portal))
    assert "why=card" in (browser.post("/invitation").location or "")


def test_a_code_reads_back_as_the_offer_it_was() -> None:
    code = OFFER.code(KEY)
    assert len(code) == 54 + 1 + 64
    assert FirstOffer.from_code(code, KEY) == OFFER
    handle = InvitationHandle.of_code(code, KEY)
    assert InvitationHandle.from_json(handle.to_json()) == handle


@pytest.mark.parametrize("place", [0, 20, 30, 53, 54, 55, 118])
def test_a_changed_character_voids_the_code(place: int) -> None:
    code = OFFER.code(KEY)
    other = "A" if code[place] != "A" else "B"
    assert FirstOffer.from_code(code[:place] + other + code[place + 1 :], KEY) is None


def test_claims_of_another_offer_do_not_fit_the_signature() -> None:
    claims = replace(OFFER, organisation_id=uuid4()).claims()
    assert FirstOffer.from_code(f"{claims}.{OFFER.code(KEY).partition('.')[2]}", KEY) is None


@pytest.mark.parametrize("claims", ["", "A", "AAAA", "あ", "*" * 54, "_" * 54])
def test_what_is_no_claim_is_none(claims: str) -> None:
    assert FirstOffer.from_claims(claims) is None


@pytest.mark.parametrize("kept", [None, "x", 7, []])
def test_a_session_without_a_link_has_no_handle(kept: object) -> None:
    assert InvitationHandle.from_json(kept) is None
