"""Every word a person reads goes through ``_()``, so that it exists in every language."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from jinja2 import Environment, nodes
from typing_extensions import override

from config.settings import ROOT
from tests.architecture.source import (
    JAPANESE,
    LETTER,
    TRANSLATORS,
    relative,
    untranslated_words,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOR_DEVELOPERS = frozenset({"gallery.html"})
TEMPLATES = [
    path
    for path in sorted((ROOT / "app" / "templates").rglob("*.html"))
    if path.name not in FOR_DEVELOPERS
]
IN_ANY_LANGUAGE = frozenset({"Language"})
"""Words that stand untranslated for a reason: the way out for who reads no Japanese."""
SPOKEN_ATTRIBUTES = frozenset({"title", "aria-label", "alt", "placeholder", "label"})
SILENT_ELEMENTS = frozenset({"script", "style"})
PYTHON_WITH_WORDS = ("views", "*_views", "forms", "pages", "messages", "errors")
EXPRESSION = "\ufffc"
"""Stands for what Jinja puts in."""
ELEMENT_ID = re.compile(EXPRESSION + r"(-[a-z]+)+")


class Words(HTMLParser):
    """Collects letters that stand bare in text and in attributes that are read out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.bare: list[str] = []
        self._silent = 0

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Attributes that are shown or read out."""
        self._silent += tag in SILENT_ELEMENTS
        self.bare += [
            f"<{tag} {name}>: {value}"
            for name, value in attrs
            if name in SPOKEN_ATTRIBUTES and LETTER.search(value or "")
        ]

    @override
    def handle_endtag(self, tag: str) -> None:
        """The end of a script or a style sheet."""
        self._silent -= tag in SILENT_ELEMENTS

    @override
    def handle_data(self, data: str) -> None:
        """Text between tags."""
        words = ELEMENT_ID.sub("", data).strip()
        if not self._silent and words not in IN_ANY_LANGUAGE and LETTER.search(words):
            self.bare.append(words)


def bare_words(source: str) -> list[str]:
    """Words of a template that no translation reaches."""
    environment = Environment(extensions=["jinja2.ext.i18n"])  # noqa: S701 - only parsed
    parser = Words()
    parser.feed(_without_jinja(environment, source))
    return parser.bare + list(_untranslated_literals(environment.parse(source)))


def _without_jinja(environment: Environment, source: str) -> str:
    pieces: list[str] = []
    translated = False
    for _line, kind, value in environment.lex(source):
        if kind == "name" and value in {"trans", "endtrans"}:
            translated = value == "trans"
        if kind == "variable_begin":
            pieces.append(EXPRESSION)
        elif kind == "data" and not translated:
            pieces.append(value)
    return "".join(pieces)


def _untranslated_literals(template: nodes.Template) -> Iterator[str]:
    excused = {
        id(inner)
        for call in template.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name in TRANSLATORS
        for inner in call.find_all(nodes.Const)
    }
    for constant in template.find_all(nodes.Const):
        value: Any = constant.value
        if isinstance(value, str) and JAPANESE.search(value) and id(constant) not in excused:
            yield value


@pytest.mark.parametrize("path", TEMPLATES, ids=relative)
def test_a_template_has_no_bare_words(path: Path) -> None:
    assert bare_words(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "path",
    [path for name in PYTHON_WITH_WORDS for path in sorted(ROOT.glob(f"app/*/{name}.py"))],
    ids=relative,
)
def test_python_that_speaks_to_people_is_translated(path: Path) -> None:
    assert list(untranslated_words(path)) == []


@pytest.mark.parametrize(
    "source",
    [
        "<p>記録</p>",
        "<p>Save</p>",
        '<button aria-label="閉じる"></button>',
        '<img alt="Chart">',
        '{{ button("保存する") }}',
        '{% set words = {"done": "済み"} %}',
    ],
)
def test_a_bare_word_is_found(source: str) -> None:
    assert bare_words(source)


@pytest.mark.parametrize(
    "source",
    [
        "<p>{{ _('記録') }}</p>",
        '<p class="card">{{ name }} · {{ day }}</p>',
        '<a href="/x" aria-label="{{ _("閉じる") }}"></a>',
        "{% trans %}記録{% endtrans %}",
        "{{ ngettext('%(num)s件', '%(num)s件', 2) }}",
        '<script type="application/json">{"a": 1}</script>',
        "{# 記録 #}<!-- mark -->&nbsp;",
    ],
)
def test_a_translated_word_is_not(source: str) -> None:
    assert not bare_words(re.sub(r"\s+", " ", source))
