"""Whatever is sent, the answer is never a fault of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.app.imaging.sharing import Desk

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.app.browser import Browser
    from tests.app.world import World

PICKY = pytest.mark.parametrize(
    "database", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)
"""On the database that forgives less; what SQLite takes besides is covered by the pages' tests."""
QUICK = settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
TEXT = st.text(max_size=60)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)
FIELDS = (
    "product", "given_on", "lot", "facility", "reason", "purpose", "study", "local_patient_id",
    "csrf_token",
)  # fmt: skip
KEYS = ("nonce", "token", "cms", "gateway", "type", "certificate", "signature", "algorithm")
PARAMETERS = ("q", "next", "why", "lang", "v", "page")
FORM = st.dictionaries(st.sampled_from(FIELDS), TEXT, max_size=5)
BODY = st.dictionaries(st.sampled_from(KEYS), JUNK, max_size=4) | JUNK
QUERY = st.dictionaries(st.sampled_from(PARAMETERS), TEXT, max_size=3)


@pytest.fixture
def posts(portal: Flask, world: World) -> list[str]:
    """Every address that takes something, filled with ids that exist."""
    desk = Desk(portal, world)
    grant, request = desk.grant(), desk.ask().id
    named = {
        "child_id": world.children["sakura"],
        "link_id": world.link("father", "clinic"),
        "request_id": request,
        "grant_id": grant,
    }
    adapter = portal.url_map.bind("localhost")
    return [
        adapter.build(rule.endpoint, {key: named[key] for key in rule.arguments}, method="POST")
        for rule in portal.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and rule.arguments <= set(named)
    ]


@pytest.fixture
def everybody(client_for: Callable[..., Browser]) -> list[Browser]:
    browsers = [client_for(k) for k in ("mother", "father", "nurse", "physician", "reception-a")]
    for browser in browsers:
        browser.csrf_token()
    return browsers


def send_all(posts: list[str], everybody: list[Browser], **options: Any) -> None:
    """Each address by each person; nobody signs out on the way."""
    for path in posts:
        if path == "/logout":
            continue
        for browser in everybody:
            answer = browser.client.post(
                path, headers={"X-CSRFToken": browser.csrf_token()}, **options
            )
            assert answer.status_code < 500, path


@QUICK
@given(path=st.text(max_size=40), query=QUERY)
def test_junk_addresses(stranger: Browser, path: str, query: dict[str, str]) -> None:
    address = "/" + quote(path.lstrip("/"), safe="/%")
    assert stranger.get(address, query_string=query).status_code < 500


@PICKY
@settings(QUICK, max_examples=10)
@given(query=QUERY)
def test_junk_questions(everybody: list[Browser], query: dict[str, str]) -> None:
    for path in ("/login", "/staff/", "/handbook/", "/imaging/", "/imaging/mine", "/"):
        for browser in everybody[1:4]:
            assert browser.get(path, query_string=query).status_code < 500


@PICKY
@settings(QUICK, max_examples=4)
@given(form=FORM)
def test_junk_forms(posts: list[str], everybody: list[Browser], form: dict[str, str]) -> None:
    send_all(posts, everybody, data=form)


@PICKY
@settings(QUICK, max_examples=4)
@given(body=BODY)
def test_junk_json(posts: list[str], everybody: list[Browser], body: object) -> None:
    send_all(posts, everybody, json=body)


@PICKY
@settings(QUICK, max_examples=4)
@given(data=st.binary(max_size=200))
@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "x/y"])
def test_junk_bytes(posts: list[str], everybody: list[Browser], data: bytes, kind: str) -> None:
    send_all(posts, everybody[:2], data=data, content_type=kind)


@PICKY
@pytest.mark.parametrize("value", ["\x00", "a\x00b", "\ud800", "％", "%", "🀄" * 50, "0" * 4000])
def test_known_troublemakers(posts: list[str], everybody: list[Browser], value: str) -> None:
    """U+0000 above all: PostgreSQL cannot keep or compare it."""
    sendable = value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    for browser in everybody:
        for path in ("/staff/", "/login", "/imaging/"):
            query = {"q": sendable, "next": "/" + sendable, "lang": sendable}
            assert browser.get(path, query_string=query).status_code < 500
    send_all(posts, everybody, data=dict.fromkeys(FIELDS[:-1], sendable))
    send_all(posts, everybody[:1], json=dict.fromkeys(KEYS, sendable))
