"""The lock of a session: idle staff are locked, not logged out; residents are logged out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app.audit.actions import Action
from app.authz.actor import Assurance
from app.core import clock
from app.crypto.digests import sha256_hex
from app.identity.limits import RESIDENT, STAFF
from app.web.models import BrowserSession
from tests.app.identity.authenticator import Authenticator, enrol, log_in
from tests.app.ledger import all_of, changing, events

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.app.browser import Browser
    from tests.app.world import World

JSON = {"Accept": "application/json"}

ONE_DATABASE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""What the first tests prove on both databases does not differ afterwards."""


@pytest.fixture
def nurse(client_for: Callable[..., Browser]) -> Browser:
    browser = client_for("nurse", idle_seconds=int(STAFF.idle.total_seconds()), locks=True)
    browser.csrf_token()
    return browser


def left_alone(browser: Browser, seconds: float) -> None:
    """Nobody touches this browser for a while."""
    with changing(BrowserSession, id_hash=sha256_hex(str(browser.cookie()))) as row:
        row.seen_at = clock.now() - timedelta(seconds=seconds)


def state_of(browser: Browser) -> tuple[int, Any]:
    answered = browser.get("/session", headers=JSON)
    return answered.status_code, answered.json


@pytest.mark.parametrize(("seconds", "status"), [(14.5 * 60, 200), (15 * 60 + 1, 302)])
def test_staff_are_locked_after_fifteen_minutes(
    nurse: Browser, seconds: float, status: int
) -> None:
    left_alone(nurse, seconds)
    answered = nurse.get("/staff/")
    assert answered.status_code == status
    if status == 302:
        assert "why=locked" in answered.location
        assert "画面がロックされています" in nurse.get(answered.location).text


@pytest.mark.parametrize(("minutes", "path"), [(59, "/handbook/"), (61, "/login")])
def test_residents_are_logged_out_after_sixty(
    client_for: Callable[..., Browser], minutes: int, path: str
) -> None:
    mother = client_for("mother", idle_seconds=int(RESIDENT.idle.total_seconds()))
    left_alone(mother, minutes * 60)
    answered = mother.get("/handbook/")
    assert path in (answered.location or answered.request.path)
    assert "locked" not in (answered.location or "")


@ONE_DATABASE
@pytest.mark.parametrize(("hours", "code"), [(11.9, "session-locked"), (12.1, "login-needed")])
def test_a_lock_waits_until_the_absolute_limit(nurse: Browser, hours: float, code: str) -> None:
    with changing(BrowserSession, id_hash=sha256_hex(str(nurse.cookie()))) as row:
        row.seen_at = row.created_at = clock.now() - timedelta(hours=hours)
        row.expires_at = row.created_at + STAFF.life
    status, problem = state_of(nurse)
    assert (status, problem["code"]) == (401, code)


@ONE_DATABASE
def test_a_locked_session_shows_and_changes_nothing(nurse: Browser, world: World) -> None:
    assert nurse.send("/session/lock", {}).json == {"locked": True}
    (event,) = events(Action.SESSION_LOCKED)
    assert event.person_id == world["nurse"].person_id
    for path in ("/staff/", "/account", "/", "/register", "/session/unlocked"):
        assert "why=locked" in nurse.get(path).location
    assert nurse.send("/session/active", {}).status_code == 401
    child = world.children["sakura"]
    refused = nurse.post(f"/staff/children/{child}/doses", {"product": "FLU"})
    assert "why=locked" in refused.location
    nurse.send("/login/challenge", {})
    assert state_of(nurse)[0] == 401, "asking for a challenge unlocks nothing"


@ONE_DATABASE
def test_the_same_card_unlocks_under_a_new_id_and_token(nurse: Browser, world: World) -> None:
    before, token = str(nurse.cookie()), nurse.csrf_token()
    owner = state_of(nurse)[1]["owner"]
    nurse.send("/session/lock", {})
    nurse.get("/login?next=/session/unlocked")
    assert nurse.log_in(world["nurse"].card.auth).json == {"location": "/session/unlocked"}
    assert nurse.cookie() != before
    status, state = state_of(nurse)
    assert (status, state["owner"]) == (200, owner)
    assert state["csrf"] != token
    assert not all_of(BrowserSession, id_hash=sha256_hex(before))
    nurse.keep(before)
    assert state_of(nurse)[0] == 401, "the locked id stays worthless"


@ONE_DATABASE
def test_another_card_does_not_unlock(nurse: Browser, world: World) -> None:
    nurse.send("/session/lock", {})
    refused = nurse.log_in(world["physician"].card.auth)
    assert (refused.json or {})["code"] == "another-person"
    assert state_of(nurse)[0] == 401


@ONE_DATABASE
def test_a_passkey_of_the_same_person_unlocks(
    at_localhost: Flask, nurse: Browser, device: Authenticator
) -> None:
    own = Authenticator(counter=3)
    assert at_localhost.extensions["relying_party"]
    enrol(nurse, own, "しごと")
    own.counter += 1
    nurse.send("/session/lock", {})
    refused = log_in(nurse, device)
    assert (refused.json or {})["code"] == "another-person"
    assert log_in(nurse, own).status_code == 200
    assert state_of(nurse)[0] == 200
    (row,) = all_of(BrowserSession, id_hash=sha256_hex(str(nurse.cookie())))
    assert (row.assurance, row.locks, row.locked_at) == (Assurance.PASSKEY, True, None)


@ONE_DATABASE
def test_a_page_that_waits_for_an_answer_keeps_nobody_logged_in(
    client_for: Callable[..., Browser], world: World
) -> None:
    physician = client_for("physician", idle_seconds=900, locks=True)
    left_alone(physician, 600)
    path = f"/imaging/patients/{world.link('father', 'clinic')}/state"
    assert physician.get(path).status_code == 200
    (row,) = all_of(BrowserSession, id_hash=sha256_hex(str(physician.cookie())))
    assert clock.now() - row.seen_at > timedelta(seconds=590)


@ONE_DATABASE
def test_asking_for_news_is_no_use_and_typing_is(nurse: Browser) -> None:
    left_alone(nurse, 600)
    assert state_of(nurse)[0] == 200
    (row,) = all_of(BrowserSession, id_hash=sha256_hex(str(nurse.cookie())))
    assert clock.now() - row.seen_at > timedelta(seconds=590)
    assert nurse.send("/session/active", {}).status_code == 200
    (row,) = all_of(BrowserSession, id_hash=sha256_hex(str(nurse.cookie())))
    assert clock.now() - row.seen_at < timedelta(seconds=30)


@ONE_DATABASE
def test_a_locked_session_can_be_given_up(nurse: Browser, world: World) -> None:
    assert nurse.post("/session/leave").location == "/login"
    assert state_of(nurse)[0] == 200, "an open one is left by logging out"
    nurse.send("/session/lock", {})
    assert nurse.post("/session/leave").location == "/login"
    assert not all_of(BrowserSession, account_id=world["nurse"].account_id)
    (event,) = events(Action.LOGOUT)
    assert (event.agent_id, event.detail) == (None, {"locked": True})
    assert nurse.log_in(world["physician"].card.auth).status_code == 200


@ONE_DATABASE
def test_a_locked_session_is_listed_and_can_be_ended_elsewhere(
    nurse: Browser, client_for: Callable[..., Browser]
) -> None:
    nurse.send("/session/lock", {})
    elsewhere = client_for("nurse")
    assert "ロックしています" in elsewhere.get("/account").text
    elsewhere.post("/account/sessions/end")
    assert state_of(nurse)[1]["code"] == "login-needed"


@ONE_DATABASE
def test_only_pages_of_sessions_that_lock_carry_the_lock(
    nurse: Browser, client_for: Callable[..., Browser]
) -> None:
    assert 'data-after="900"' in nurse.get("/staff/").text
    assert 'id="lock"' not in client_for("mother").get("/handbook/").text
