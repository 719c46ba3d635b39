"""PATIENT SAFETY: sizes on the screen are true sizes, also after the layout moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.viewer.phantom import Body, ct_series, uid

if TYPE_CHECKING:
    from tests.browser.viewer.desk import Desk
    from tests.browser.viewer.peer import Portal

pytestmark = pytest.mark.browser

ROUND = Body()
"""304 mm wide, 232.5 mm high, square pixels."""
OBLONG = Body(rows=200, columns=300, spacing=(1.7, 1.1))
"""The same body sampled on pixels that are not square."""


def open_body(desk: Desk, portal: Portal, body: Body) -> None:
    portal.new_gateway("gw-a", "ホスピタルA").add(ct_series(uid("study"), slices=3, body=body))
    desk.open()
    desk.wait("() => window.__viewer.marks.loaded")


def assert_true_sizes(desk: Desk, body: Body) -> None:
    """Painted shape, scale in both directions, and lengths from edge to edge of the body."""
    painted = desk.pixels()
    assert painted.height / painted.width == pytest.approx(body.height / body.width, abs=0.01)
    scale = desk.state()["scale"]
    assert scale["x"] == pytest.approx(scale["y"], rel=1e-4)
    middle_x = (painted.left + painted.right) / 2
    middle_y = (painted.top + painted.bottom) / 2
    off = painted.height / 20
    across = desk.measure((painted.left, middle_y), (painted.right, middle_y))
    down = desk.measure((middle_x - off, painted.top), (middle_x - off, painted.bottom))
    assert across.unit == down.unit == "mm"
    assert across.value == pytest.approx(body.width, rel=0.02)
    assert down.value == pytest.approx(body.height, rel=0.02)
    desk.clear_lengths()


@pytest.mark.parametrize("body", [ROUND, OBLONG], ids=["square", "oblong"])
def test_a_body_keeps_its_shape_and_its_millimetres(desk: Desk, portal: Portal, body: Body) -> None:
    open_body(desk, portal, body)
    assert_true_sizes(desk, body)


def test_a_layout_shift_does_not_change_lengths(desk: Desk, portal: Portal) -> None:
    open_body(desk, portal, ROUND)
    before = desk.measure((200, 300), (500, 300))
    height = desk.stage()["height"]
    desk.page.evaluate("() => { document.querySelector('.banner').style.paddingBottom = '180px' }")
    desk.settle()
    assert desk.stage()["height"] == pytest.approx(height - 174, abs=8)
    assert desk.lengths() == [before]
    desk.clear_lengths()
    assert_true_sizes(desk, ROUND)


def test_a_resized_window_does_not_change_lengths(desk: Desk, portal: Portal) -> None:
    open_body(desk, portal, ROUND)
    for width, height in ((900, 700), (1280, 560)):
        desk.page.set_viewport_size({"width": width, "height": height})
        desk.settle()
        assert_true_sizes(desk, ROUND)


def test_a_turned_phone_does_not_change_lengths(phone: Desk, portal: Portal) -> None:
    open_body(phone, portal, ROUND)
    assert_true_sizes(phone, ROUND)
    phone.page.set_viewport_size({"width": 844, "height": 390})
    phone.settle()
    assert_true_sizes(phone, ROUND)


def test_a_zoomed_image_keeps_its_millimetres_when_the_window_changes(
    desk: Desk, portal: Portal
) -> None:
    open_body(desk, portal, ROUND)
    desk.drag((400, 200), (400, 260), button="right")
    assert desk.state()["zoom"] != pytest.approx(1, abs=0.05)
    desk.page.set_viewport_size({"width": 1000, "height": 640})
    desk.settle()
    scale = desk.state()["scale"]
    assert scale["x"] == pytest.approx(scale["y"], rel=1e-4)
    measured = desk.measure((100, 200), (300, 200)).value
    assert measured == pytest.approx(200 * scale["x"], rel=0.02)
