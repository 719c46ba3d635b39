"""A list asked for again is not searched again, and never older than the index."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import event

from tests.dicom_gateway.objects import ct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.dicom_gateway.stage import Gateway

STUDIES = ("1.1", "1.2")


@contextmanager
def searches(gateway: Gateway) -> Iterator[list[str]]:
    """The statements that read studies meanwhile."""
    engine, seen = gateway.service.engine, []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "FROM studies" in statement:
            seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def listed(gateway: Gateway, path: str, *studies: str) -> list[str]:
    return [line["0020000D"]["Value"][0] for line in gateway.get(path, *studies).get_json()]


def test_the_same_list_is_searched_once_while_nothing_changes(any_gateway: Gateway) -> None:
    any_gateway.take_in(ct("1.1"))
    with searches(any_gateway) as seen:
        assert listed(any_gateway, "/studies?limit=5", *STUDIES) == ["1.1"]
        assert len(seen) == 1
        assert listed(any_gateway, "/studies?limit=5", *STUDIES) == ["1.1"]
        assert len(seen) == 1


def test_what_has_come_since_is_in_the_list(any_gateway: Gateway) -> None:
    any_gateway.take_in(ct("1.1", StudyDate="20260101"))
    assert listed(any_gateway, "/studies", *STUDIES) == ["1.1"]
    any_gateway.take_in(ct("1.2", StudyDate="20260202"))
    assert listed(any_gateway, "/studies", *STUDIES) == ["1.2", "1.1"]


def test_another_token_is_not_given_the_list_of_the_first(gateway: Gateway) -> None:
    gateway.take_in(ct("1.1"), ct("1.2"))
    assert sorted(listed(gateway, "/studies", *STUDIES)) == ["1.1", "1.2"]
    assert listed(gateway, "/studies", "1.2") == ["1.2"]
    assert listed(gateway, "/studies?StudyInstanceUID=1.1", "1.2") == []


def test_an_empty_list_is_searched_each_time(gateway: Gateway) -> None:
    with searches(gateway) as seen:
        assert listed(gateway, "/studies", "1.9") == []
        assert listed(gateway, "/studies", "1.9") == []
        assert len(seen) == 2
