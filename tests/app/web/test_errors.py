"""A refusal is a page in the person's language, and a problem document for a program."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from typing_extensions import override

from app.core import errors as kinds
from app.web.errors import status_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.app.browser import Browser
    from tests.app.world import World

JSON = {"Accept": "application/json"}


class Outline(HTMLParser):
    """What every page must have: a language, one h1."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.headings = 0
        self.language: str | None = None
        self.feed(text)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Count."""
        self.headings += tag == "h1"
        if tag == "html":
            self.language = dict(attrs).get("lang")


WORDS = {
    404: {"ja": "見つかりませんでした", "en": "Not found", "easy": "見つかりませんでした"},
    403: {"ja": "この操作はできません", "en": "", "easy": ""},
    405: {"ja": "この開き方はできません", "en": "", "easy": ""},
}
PATHS = {404: "/nowhere", 403: "/staff/", 405: "/logout"}


@pytest.mark.parametrize("status", sorted(WORDS))
@pytest.mark.parametrize("language", ["ja", "en", "easy"])
def test_an_error_page_speaks_the_persons_language(
    client_for: Callable[..., Browser], status: int, language: str
) -> None:
    page = client_for("mother").get(PATHS[status], query_string={"lang": language})
    assert page.status_code == status
    outline = Outline(page.text)
    assert outline.headings == 1
    assert outline.language == ("en" if language == "en" else "ja")
    if language == "ja":
        assert WORDS[status]["ja"] in page.text
        assert "お問い合わせのときの番号" in page.text
    if language == "en":
        assert WORDS[status]["ja"] not in page.text


@pytest.mark.parametrize("status", sorted(WORDS))
def test_a_program_gets_a_problem_document(client_for: Callable[..., Browser], status: int) -> None:
    problem = client_for("mother").get(PATHS[status], headers=JSON)
    assert problem.status_code == status
    assert problem.mimetype == "application/problem+json"
    assert problem.json is not None
    assert problem.json["status"] == status
    assert set(problem.json) == {"status", "code", "reference", "title"}


def test_a_method_not_allowed_names_those_that_are(client_for: Callable[..., Browser]) -> None:
    assert "POST" in client_for("mother").get("/logout").headers["Allow"]


def test_a_form_without_its_token_is_refused(client_for: Callable[..., Browser]) -> None:
    browser = client_for("mother")
    for data in ({}, {"csrf_token": "x"}, {"csrf_token": client_for("father").csrf_token()}):
        page = browser.client.post("/logout", data=data)
        assert page.status_code == 400
        assert "受け取れませんでした" in page.text
        problem = browser.client.post("/logout", data=data, headers=JSON)
        assert problem.json is not None
        assert (problem.status_code, problem.json["code"]) == (400, "bad-request")
    assert browser.get("/handbook/").status_code == 200, "still logged in"


def test_a_script_without_its_token_is_refused(stranger: Browser) -> None:
    for path in ("/login/challenge", "/login/card"):
        problem = stranger.client.post(path, json={})
        assert (problem.status_code, problem.mimetype) == (400, "application/problem+json")


def test_a_body_too_large_is_refused(client_for: Callable[..., Browser], world: World) -> None:
    browser = client_for("nurse")
    headers = {"X-CSRFToken": browser.csrf_token()}
    path = f"/staff/children/{world.children['sakura']}/doses"
    answer = browser.client.post(path, data={"lot": "x" * 2_200_000}, headers=headers)
    assert answer.status_code == 413
    assert "大きすぎます" in answer.text


def test_who_is_not_logged_in_is_led_to_the_login_and_back(stranger: Browser) -> None:
    sent = stranger.get("/handbook/schedule?lang=en")
    assert sent.location == "/login?next=%2Fhandbook%2Fschedule%3Flang%3Den&why=login"
    problem = stranger.get("/handbook/schedule", headers=JSON)
    assert problem.json is not None
    assert (problem.status_code, problem.json["code"]) == (401, "login-needed")


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (kinds.Unauthenticated, 401),
        (kinds.StepUpRequired, 401),
        (kinds.Forbidden, 403),
        (kinds.Rejected, 403),
        (kinds.NotFound, 404),
        (kinds.Conflict, 409),
        (kinds.Invalid, 422),
        (kinds.Unavailable, 503),
        (kinds.TsunaguError, 500),
    ],
)
def test_every_kind_has_its_status(kind: type[kinds.TsunaguError], status: int) -> None:
    assert status_of(kind("x")) == status


PAGES: tuple[tuple[str, str], ...] = (
    ("mother", "/handbook/"),
    ("mother", "/handbook/schedule"),
    ("mother", "/handbook/news"),
    ("mother", "/handbook/more"),
    ("mother", "/handbook/children/{sakura}"),
    ("mother", "/handbook/children/{sakura}/vaccinations"),
    ("mother", "/handbook/children/{sakura}/growth"),
    ("mother", "/handbook/children/{sakura}/checkups"),
    ("mother", "/imaging/mine"),
    ("nurse", "/staff/"),
    ("nurse", "/staff/children/{sakura}"),
    ("physician", "/imaging/"),
    ("physician", "/imaging/patients/{link}"),
    ("reception-a", "/imaging/reception"),
    ("admin", "/admin/"),
)


@pytest.mark.parametrize("language", ["ja", "en", "easy"])
@pytest.mark.parametrize(("who", "path"), PAGES, ids=[path for _, path in PAGES])
def test_every_page_has_one_heading_and_its_language(
    client_for: Callable[..., Browser], world: World, who: str, path: str, language: str
) -> None:
    names: dict[str, Any] = {
        "sakura": world.children["sakura"],
        "link": world.link("father", "clinic"),
    }
    page = client_for(who).get(path.format(**names), query_string={"lang": language})
    assert page.status_code == 200
    outline = Outline(page.text)
    assert outline.headings == 1
    assert outline.language == ("en" if language == "en" else "ja")
    assert "個人番号" not in page.text.replace("個人番号（マイナンバー）は、", "")
