"""UUID version 7: unique, in order of creation, by the book."""

from __future__ import annotations

from uuid import RFC_4122

from app.core import clock
from app.core.ids import new_id


def test_an_id_is_a_version_7_uuid_of_now() -> None:
    before = int(clock.now().timestamp() * 1000)
    made = new_id()
    after = int(clock.now().timestamp() * 1000)
    assert (made.version, made.variant) == (7, RFC_4122)
    assert before <= made.int >> 80 <= after


def test_ids_are_unique_and_ordered_by_millisecond() -> None:
    ids = [new_id() for _ in range(2000)]
    assert len(set(ids)) == len(ids)
    stamps = [one.int >> 80 for one in ids]
    assert stamps == sorted(stamps)
