"""On a thin line the head of a slice is drawn first: coarse, marked, and replaced by the slice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.viewer.phantom import ct_series, uid

if TYPE_CHECKING:
    from tests.browser.viewer.desk import Desk
    from tests.browser.viewer.peer import Gateway, Portal

pytestmark = pytest.mark.browser

MARK = ".corner-loading.is-preliminary:not([hidden])"
SHOWN = f"() => document.querySelector('{MARK}')"
HEAD_BYTES = 2_500


def slow(portal: Portal) -> Gateway:
    """A gateway whose copies are made; heads come at once, whole frames when the gate opens."""
    gateway = portal.new_gateway("gw-a", "ホスピタルA")
    gateway.add(ct_series(uid("study"), slices=3))
    gateway.copies, gateway.longest_head = True, HEAD_BYTES
    gateway.gate.clear()
    return gateway


def test_the_head_is_drawn_under_a_mark_until_the_slice_is_in(desk: Desk, portal: Portal) -> None:
    gateway = slow(portal)
    desk.open_page()
    desk.wait(SHOWN)
    coarse = desk.pixels()
    assert coarse.share > 0.15
    assert "診断には使えません" in desk.text(MARK)
    assert desk.text(".corner-position") == "画像 2 / 3"
    assert desk.page.evaluate("() => window.__viewer.ready") is False
    gateway.gate.set()
    desk.wait("() => window.__viewer.ready")
    assert desk.page.locator(MARK).count() == 0
    whole = desk.state()
    gateway.copies = False
    desk.open()
    assert desk.state()["values"] == whole["values"]
    assert desk.state()["window"] == whole["window"]
    assert desk.console_errors() == []


def test_a_coarse_picture_does_not_stay_when_the_slice_cannot_be_had(
    desk: Desk, portal: Portal
) -> None:
    gateway = slow(portal)
    gateway.broken = {ds.SOPInstanceUID for ds in gateway.objects}
    desk.open_page()
    desk.wait(SHOWN)
    gateway.gate.set()
    desk.wait("() => document.querySelector('.cover:not([hidden])')")
    assert desk.page.locator(MARK).count() == 0


def test_without_a_copy_nothing_is_drawn_before_the_slice(desk: Desk, portal: Portal) -> None:
    gateway = slow(portal)
    gateway.copies = False
    desk.open_page()
    desk.wait("() => document.querySelector('.corner-loading:not([hidden])')")
    assert desk.page.locator(MARK).count() == 0
    assert any("decodeImageFrameWorker" in one for one in desk.requests), "no decoder is warm"
    gateway.gate.set()
    desk.wait("() => window.__viewer.ready")
    assert desk.console_errors() == []
