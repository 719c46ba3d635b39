"""Which language a page speaks, and that it can."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from flask import Flask, render_template_string

from app.web.i18n import (
    Language,
    current_language,
    gettext,
    init_i18n,
    lazy_gettext,
    load_catalogues,
    ngettext,
    read_catalogue,
    speaking,
)
from scripts import translations

if TYPE_CHECKING:
    from pathlib import Path

    from werkzeug.test import TestResponse

PLACEHOLDER = re.compile(r"%\((\w+)\)s")
HEADER = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'


@pytest.fixture
def app() -> Flask:
    app = Flask("test")
    init_i18n(app)
    app.add_url_rule(
        "/", "page", lambda: render_template_string("{{ html_lang() }} {{ _('記録') }}")
    )
    app.add_url_rule(
        "/menu",
        "menu",
        lambda: render_template_string(
            "{% for c in language_choices() %}{{ c.href }}|{{ c.current }} {% endfor %}"
        ),
    )
    return app


def page(app: Flask, path: str = "/", *, browser: str = "", cookie: str = "") -> TestResponse:
    client = app.test_client()
    if cookie:
        client.set_cookie("lang", cookie)
    return client.get(path, headers={"Accept-Language": browser} if browser else {})


def test_japanese_is_what_a_page_speaks_when_nobody_asks(app: Flask) -> None:
    assert page(app).text == "ja 記録"


@pytest.mark.parametrize(
    ("browser", "lang"),
    [("en-US,en;q=0.9", "en"), ("ja-JP", "ja"), ("fr", "ja"), ("en;q=0.5, ja;q=0.8", "ja")],
)
def test_the_browser_is_asked(app: Flask, browser: str, lang: str) -> None:
    assert page(app, browser=browser).text.split()[0] == lang


def test_the_remembered_choice_wins_over_the_browser(app: Flask) -> None:
    assert page(app, browser="en", cookie="ja").text.split()[0] == "ja"


def test_the_address_wins_over_the_remembered_choice_and_is_remembered(app: Flask) -> None:
    answer = page(app, "/?lang=en", cookie="ja")
    assert answer.text == "en Records"
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("lang=en;")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_an_unknown_language_is_not_spoken_and_not_remembered(app: Flask) -> None:
    answer = page(app, "/?lang=xx", cookie="<script>")
    assert answer.text.split()[0] == "ja"
    assert "Set-Cookie" not in answer.headers


def test_easy_japanese_is_japanese_to_a_screen_reader(app: Flask) -> None:
    answer = page(app, "/?lang=easy")
    assert answer.text.split()[0] == "ja"
    assert answer.headers["Content-Language"] == "ja"


def test_caches_are_told_what_the_page_depends_on(app: Flask) -> None:
    assert {"Accept-Language", "Cookie"} <= set(page(app).headers["Vary"].split(", "))


def test_the_menu_keeps_the_rest_of_the_address(app: Flask) -> None:
    menu = page(app, "/menu?page=2&lang=ja&page=3").text.split()
    assert menu == [
        "/menu?page=2&amp;page=3&amp;lang=ja|True",
        "/menu?page=2&amp;page=3&amp;lang=en|False",
        "/menu?page=2&amp;page=3&amp;lang=easy|False",
    ]


def test_a_letter_is_written_in_its_readers_language() -> None:
    load_catalogues()
    with speaking(Language.ENGLISH):
        assert current_language() is Language.ENGLISH
        assert gettext("%(day)sまで", day="Mon") == "By Mon"
        assert [ngettext("あと%(num)s日", "あと%(num)s日", n) for n in (1, 2)] == [
            "1 day left",
            "2 days left",
        ]
    assert current_language() is Language.JAPANESE
    assert ngettext("あと%(num)s日", "あと%(num)s日", 2) == "あと2日"


def test_a_lazy_string_is_decided_when_it_is_shown() -> None:
    load_catalogues()
    label = lazy_gettext("記録")
    assert str(label) == "記録"
    with speaking(Language.ENGLISH):
        assert str(label) == "Records"


def test_without_a_translation_the_japanese_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "en.po"
    path.write_text(HEADER + 'msgid "歯"\nmsgstr ""\n', encoding="utf-8")
    assert read_catalogue(path).gettext("歯") == "歯"


def test_a_translation_marked_fuzzy_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "en.po"
    path.write_text(HEADER + '#, fuzzy\nmsgid "歯"\nmsgstr "Ear"\n', encoding="utf-8")
    assert read_catalogue(path).gettext("歯") == "歯"


@pytest.mark.parametrize("language", translations.LANGUAGES)
def test_every_string_can_be_said(language: str) -> None:
    assert translations.missing(language) == []


@pytest.mark.parametrize("language", translations.LANGUAGES)
def test_translations_keep_the_placeholders(language: str) -> None:
    catalogue = translations.read_language(language)
    for message in translations.messages():
        entry = catalogue.get(message.key)
        texts = (entry.string if entry else None) or ()
        for text in filter(None, (texts,) if isinstance(texts, str) else texts):
            wanted = set(PLACEHOLDER.findall(message.key))
            assert set(PLACEHOLDER.findall(text)) == wanted, message.key


def test_a_percent_sign_stands_only_in_a_placeholder() -> None:
    stray = [m for m in translations.messages() if "%" in PLACEHOLDER.sub("", m.key)]
    assert stray == []


def test_updating_keeps_translations_adds_new_strings_and_drops_old_ones(tmp_path: Path) -> None:
    path = tmp_path / "en.po"
    entries = 'msgid "記録"\nmsgstr "Kept"\n\nmsgid "もうない文"\nmsgstr "Gone"\n'
    path.write_text(HEADER + entries, encoding="utf-8")
    translations.update("en", tmp_path)
    catalogue = translations.read_language("en", tmp_path)
    kept, added, dropped = (catalogue.get(key) for key in ("記録", "予定", "もうない文"))
    assert kept is not None
    assert kept.string == "Kept"
    assert added is not None
    assert added.string == ""
    assert dropped is None
    assert "予定" in {message.key for message in translations.missing("en", tmp_path)}
