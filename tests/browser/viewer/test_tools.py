"""Mouse, keys and fingers do what the labels say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.viewer.phantom import ct_series, uid

if TYPE_CHECKING:
    from tests.browser.viewer.desk import Desk
    from tests.browser.viewer.peer import Portal

pytestmark = pytest.mark.browser


def show(desk: Desk, portal: Portal) -> None:
    portal.new_gateway("gw-a", "ホスピタルA").add(ct_series(uid("study"), slices=24))
    desk.open()
    desk.wait("() => window.__viewer.marks.loaded")


def test_wheel_and_keys_scroll(desk: Desk, portal: Portal) -> None:
    show(desk, portal)
    box = desk.stage()
    desk.page.mouse.move(box["x"] + 300, box["y"] + 300)
    desk.page.mouse.wheel(0, 100)
    desk.go_to(12)
    for key, index in (
        ("ArrowUp", 11),
        ("ArrowRight", 12),
        ("PageDown", 22),
        ("PageDown", 23),
        ("PageUp", 13),
        ("Home", 0),
        ("ArrowUp", 0),
        ("End", 23),
    ):
        desk.page.keyboard.press(key)
        desk.go_to(index)
    assert desk.text(".corner-position") == "画像 24 / 24"


def test_presets_set_the_window_by_key_and_by_button(desk: Desk, portal: Portal) -> None:
    show(desk, portal)
    desk.page.keyboard.press("1")
    desk.wait("() => document.querySelector('.corner-window').textContent.includes('幅 1500')")
    assert desk.text(".corner-window") == "中心 -600　幅 1500"
    desk.page.locator("[data-preset=bone]").click()
    desk.wait("() => document.querySelector('.corner-window').textContent.includes('幅 2000')")
    pressed = desk.page.locator("[data-preset=bone]").get_attribute("aria-pressed")
    assert pressed == "true"


def test_a_window_chosen_stays_while_scrolling(desk: Desk, portal: Portal) -> None:
    show(desk, portal)
    desk.page.keyboard.press("1")
    desk.page.keyboard.press("End")
    desk.go_to(23)
    desk.settle()
    assert desk.text(".corner-window") == "中心 -600　幅 1500"
    assert desk.state()["window"] == {"lower": -1350, "upper": 149}


def test_dragging_changes_the_window_and_reset_brings_it_back(desk: Desk, portal: Portal) -> None:
    show(desk, portal)
    before = desk.text(".corner-window")
    desk.drag((300, 300), (420, 360))
    desk.wait("old => document.querySelector('.corner-window').innerText !== old", before)
    desk.page.keyboard.press("i")
    desk.wait("() => window.__viewer.state().inverted")
    desk.page.keyboard.press("r")
    desk.wait("old => document.querySelector('.corner-window').innerText === old", before)
    assert not desk.state()["inverted"]


def test_zoom_and_pan_by_button(desk: Desk, portal: Portal) -> None:
    show(desk, portal)
    desk.page.locator("[data-tool=zoom]").click()
    desk.drag((400, 300), (400, 240))
    desk.wait("() => Math.abs(window.__viewer.state().zoom - 1) > 0.1")
    desk.page.locator("[data-tool=reset]").click()
    desk.wait("() => Math.abs(window.__viewer.state().zoom - 1) < 0.01")
    desk.page.keyboard.press("p")
    desk.drag((400, 300), (460, 300))
    desk.wait("() => Math.abs(window.__viewer.state().pan[0]) > 15")


def test_help_opens_by_key_and_lists_every_tool(cpu_desk: Desk, portal: Portal) -> None:
    show(cpu_desk, portal)
    cpu_desk.page.keyboard.press("?")
    words = cpu_desk.text("dialog.help")
    assert "1〜6" in words
    cpu_desk.page.keyboard.press("Escape")
    assert not cpu_desk.page.locator("dialog.help").is_visible()


def test_buttons_are_large_enough_and_labelled(phone: Desk, portal: Portal) -> None:
    show(phone, portal)
    for button in phone.page.locator("button:visible, a.tool:visible").all():
        box = button.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44
        assert button.inner_text().strip()


def test_one_finger_scrolls(phone: Desk, portal: Portal) -> None:
    show(phone, portal)
    box = phone.stage()
    x, y = box["x"] + box["width"] / 2, box["y"] + 80
    fingers = phone.touch()

    def send(kind: str, points: list[dict[str, float]]) -> None:
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", [{"x": x, "y": y}])
    for step in range(1, 11):
        send("touchMove", [{"x": x, "y": y + step * 20}])
    send("touchEnd", [])
    phone.wait("() => window.__viewer.state().index > 13")
    assert phone.state()["zoom"] == pytest.approx(1, abs=0.01)


def test_two_fingers_zoom(phone: Desk, portal: Portal) -> None:
    show(phone, portal)
    box = phone.stage()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    fingers = phone.touch()

    def pinch(kind: str, half: float) -> None:
        points = [{"x": x - half, "y": y, "id": 0}, {"x": x + half, "y": y, "id": 1}]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    pinch("touchStart", 30)
    for step in range(1, 11):
        pinch("touchMove", 30 + step * 8)
    fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    phone.wait("() => window.__viewer.state().zoom > 1.2")
    scale = phone.state()["scale"]
    assert scale["x"] == pytest.approx(scale["y"], rel=1e-4)


def test_the_phone_has_a_drawer_and_no_sideways_scroll(phone: Desk, portal: Portal) -> None:
    show(phone, portal)
    assert not phone.page.locator(".series").is_visible()
    phone.page.locator(".drawer-opener").tap()
    phone.page.locator(".series-card").first.tap()
    phone.wait("() => !document.querySelector('.series').classList.contains('is-open')")
    width = phone.page.evaluate("() => document.documentElement.scrollWidth")
    assert width <= 390


def test_the_banner_names_person_hospital_day_and_time_left(cpu_desk: Desk, portal: Portal) -> None:
    show(cpu_desk, portal)
    words = cpu_desk.text(".banner")
    for part in (
        "見本 太郎",
        "みほん たろう",
        "ID B-7001",
        "1990年5月1日生（36歳）",
        "男",
        "ホスピタルA",
        "検査日 2026年11月20日",
        "ID A-000123",
        "あと",
    ):
        assert part in words


@pytest.mark.parametrize(("language", "word"), [("en", "Series"), ("easy", "どうぐ")])
def test_the_page_speaks_the_language_of_its_configuration(
    cpu_desk: Desk, portal: Portal, language: str, word: str
) -> None:
    portal.config = {"language": language}
    show(cpu_desk, portal)
    labels = cpu_desk.page.evaluate(
        "() => [...document.querySelectorAll('[aria-label]')].map(e => e.ariaLabel)"
    )
    assert word in labels
