"""The first image: painted, in the middle, sorted by position, nothing leaked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.viewer.phantom import ct_series, uid

if TYPE_CHECKING:
    from tests.browser.viewer.desk import Desk
    from tests.browser.viewer.peer import Portal

pytestmark = pytest.mark.browser


def test_the_middle_slice_is_painted_first(desk: Desk, portal: Portal) -> None:
    gateway = portal.new_gateway("gw-a", "ホスピタルA")
    gateway.add(ct_series(uid("study")))
    desk.open()
    painted = desk.pixels()
    assert painted.share > 0.15
    assert painted.levels > 3
    assert desk.state()["index"] == 11
    assert desk.console_errors() == []


def test_the_packed_copy_shows_the_same_values_as_the_original(desk: Desk, portal: Portal) -> None:
    gateway = portal.new_gateway("gw-a", "ホスピタルA")
    gateway.add(ct_series(uid("study"), slices=3))
    desk.open()
    original = desk.state()["values"]
    gateway.copies = True
    desk.open()
    assert desk.state()["values"] == original
    assert original[1] > 600
    assert gateway.copies_sent > 0
    assert desk.console_errors() == []
