"""Sessions: what the cookie is, how long it lives, who can end it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.core import clock
from app.crypto.digests import sha256_hex
from app.crypto.tokens import new_token
from app.web.models import BrowserSession
from app.web.session import end_expired_sessions
from tests.app.browser import COOKIE, Browser
from tests.app.ledger import all_of, changing

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.app.world import World


def row_of(browser: Browser) -> str:
    return sha256_hex(str(browser.cookie()))


def is_in(browser: Browser) -> bool:
    return browser.get("/handbook/").status_code == 200


def test_the_cookie_is_for_this_site_and_no_script(stranger: Browser) -> None:
    cookie = stranger.get("/login").headers["Set-Cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    for flag in ("HttpOnly", "SameSite=Lax", "Path=/"):
        assert flag in cookie
    assert "Expires" not in cookie
    assert "Domain" not in cookie


def test_the_table_does_not_know_the_cookie(stranger: Browser) -> None:
    stranger.get("/login")
    (row,) = all_of(BrowserSession)
    assert row.id_hash == row_of(stranger)
    assert str(stranger.cookie()) not in str(vars(row))


def test_an_invented_cookie_is_not_taken_over(stranger: Browser) -> None:
    """Nobody can plant a session id on somebody else's browser."""
    planted = new_token()
    stranger.keep(planted)
    stranger.get("/login")
    assert stranger.cookie() != planted
    assert not all_of(BrowserSession, id_hash=sha256_hex(planted))


@pytest.mark.parametrize("value", ["", "x", "a" * 43, "é" * 43, "a" * 5000, "../../x"])
def test_a_worthless_cookie_is_no_session(stranger: Browser, value: str) -> None:
    stranger.keep(value)
    assert "/login" in stranger.get("/handbook/").location


@pytest.mark.parametrize(("idle", "alive"), [(3590, True), (3601, False)])
def test_a_session_ends_when_nobody_uses_it(
    client_for: Callable[..., Browser],
    idle: int,
    alive: bool,  # noqa: FBT001
) -> None:
    seen_at = clock.now() - timedelta(seconds=idle)
    browser = client_for("mother", idle_seconds=3600, seen_at=seen_at)
    assert is_in(browser) is alive


def test_use_keeps_a_session_alive(client_for: Callable[..., Browser]) -> None:
    browser = client_for("mother", seen_at=clock.now() - timedelta(minutes=50))
    assert is_in(browser)
    (row,) = all_of(BrowserSession, id_hash=row_of(browser))
    assert clock.now() - row.seen_at < timedelta(minutes=1)


def test_a_session_ends_at_its_absolute_limit_however_busy(
    client_for: Callable[..., Browser],
) -> None:
    browser = client_for("mother")
    assert is_in(browser)
    with changing(BrowserSession, id_hash=row_of(browser)) as row:
        row.expires_at = clock.now() - timedelta(seconds=1)
    assert not is_in(browser)


def test_use_does_not_move_the_absolute_limit(client_for: Callable[..., Browser]) -> None:
    limit = clock.now() + timedelta(minutes=9)
    browser = client_for("mother", expires_at=limit, seen_at=clock.now() - timedelta(minutes=5))
    browser.csrf_token()
    assert is_in(browser)
    (row,) = all_of(BrowserSession, id_hash=row_of(browser))
    assert row.expires_at == limit


def test_a_session_ended_in_the_table_is_ended(client_for: Callable[..., Browser]) -> None:
    browser = client_for("mother")
    assert is_in(browser)
    with changing(BrowserSession, id_hash=row_of(browser)) as row:
        row.account_id = None
    assert not is_in(browser)


def test_expired_sessions_are_swept(
    portal: Flask, client_for: Callable[..., Browser], world: World
) -> None:
    client_for("mother", expires_at=clock.now() - timedelta(hours=1))
    client_for("father")
    answer = portal.test_cli_runner().invoke(args=["end-sessions"])
    assert answer.output.strip() == "ended: 1"
    assert end_expired_sessions() == 0
    (left,) = all_of(BrowserSession)
    assert left.account_id == world["father"].account_id


def test_two_people_at_one_computer_do_not_share(
    client_for: Callable[..., Browser], world: World
) -> None:
    mother, neighbour = client_for("mother"), client_for("neighbour")
    assert "さくら" in mother.get("/handbook/").text
    assert "さくら" not in neighbour.get("/handbook/").text
    child = f"/handbook/children/{world.children['sakura']}"
    assert (mother.get(child).status_code, neighbour.get(child).status_code) == (200, 404)


def test_pages_of_a_session_vary_by_cookie(client_for: Callable[..., Browser]) -> None:
    assert "Cookie" in client_for("mother").get("/handbook/").headers["Vary"]
