"""A view reads input, calls one use case, answers: fifteen lines, no query, no rule."""

from __future__ import annotations

from tests.architecture.source import Function, functions

LONGEST = 15
VIEW_MODULES = ("app/*/views.py", "app/*/*_views.py", "app/*/gateway_api.py", "app/*/api.py")
FORBIDDEN = frozenset({"transaction", "reading", "authorize", "select", "session.commit"})


def _views() -> list[Function]:
    return [
        one
        for pattern in VIEW_MODULES
        for one in functions(pattern)
        if any("bp." in decorator for decorator in one.decorators)
    ]


def test_there_are_views_to_look_at() -> None:
    assert _views()


def test_a_view_has_at_most_fifteen_lines() -> None:
    wrong = [f"{one.name}: {one.body_lines}" for one in _views() if one.body_lines > LONGEST]
    assert wrong == []


def test_a_view_neither_queries_nor_decides() -> None:
    wrong = [f"{one.name}: {one.calls & FORBIDDEN}" for one in _views() if one.calls & FORBIDDEN]
    assert wrong == []
