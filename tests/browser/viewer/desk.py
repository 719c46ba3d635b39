"""The page as a test drives it: waits on conditions, reads pixels, watches for leaks."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, CDPSession, Page

    from tests.browser.viewer.peer import Portal

DEADLINE_MS = 15_000
NOISE = re.compile(r"\[INFO\]|GL Driver Message|GPU stall|WebGL.*fallback")
SHOWN = "count => document.querySelectorAll('.viewport svg text').length === count"
STEADY_MS = 300
"""A shown length counts when it has not changed for this long: the tool computes it in steps."""
STEADY = """([count, steady]) => {
  const shown = [...document.querySelectorAll('.viewport svg text')].map(text => text.textContent);
  const key = JSON.stringify(shown);
  if (window.steadyKey !== key) { window.steadyKey = key; window.steadySince = performance.now(); }
  return shown.length === count && performance.now() - window.steadySince > steady;
}"""
REPLACED = """([series, before]) => {
  const { series: shown, index, values } = window.__viewer.state();
  return shown === series && index === 0 && values[3] > 0 && String(values) !== String(before);
}"""
LENGTHS = "() => [...document.querySelectorAll('.viewport svg text')].map(text => text.textContent)"
PIXELS = """() => {
  const canvas = document.querySelector('.viewport canvas');
  const { width, height } = canvas;
  const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
  const levels = new Set(); const colors = new Set();
  let lit = 0, left = width, right = -1, top = height, bottom = -1, sum = 0;
  for (let at = 0, pixel = 0; at < data.length; at += 4, pixel += 1) {
    levels.add(data[at]); sum += data[at];
    if (Math.abs(data[at] - data[at + 1]) > 8) colors.add(data[at] * 256 + data[at + 1]);
    if (data[at] + data[at + 1] + data[at + 2] < 60) continue;
    const x = pixel % width, y = (pixel - x) / width;
    lit += 1; left = Math.min(left, x); right = Math.max(right, x);
    top = Math.min(top, y); bottom = Math.max(bottom, y);
  }
  const box = canvas.getBoundingClientRect();
  const stretch = { x: box.width / width, y: box.height / height };
  return { share: lit / (width * height), levels: levels.size, colors: colors.size,
    mean: sum / (width * height), left: left * stretch.x, right: (right + 1) * stretch.x,
    top: top * stretch.y, bottom: (bottom + 1) * stretch.y };
}"""


@dataclass(frozen=True)
class Pixels:
    """What is painted; edges of the lit area in CSS pixels of the pane."""

    share: float
    levels: int
    colors: int
    mean: float
    left: float
    right: float
    top: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top


@dataclass(frozen=True)
class Length:
    """One measurement as shown: number, unit, and what vouches for the scale."""

    value: float
    unit: str
    source: str

    @classmethod
    def read(cls, text: str) -> Length:
        match = re.fullmatch(r"([0-9.]+) (mm|px)(.*)", text)
        assert match, text
        return cls(float(match[1]), match[2], match[3])


@dataclass
class Desk:
    """One browser page on the viewer."""

    page: Page
    portal: Portal
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    @classmethod
    @contextmanager
    def at(
        cls,
        browser: Browser,
        portal: Portal,
        *,
        width: int = 1280,
        height: int = 800,
        touch: bool = False,
    ) -> Iterator[Desk]:
        """A fresh profile at this size; closed at the end."""
        context = browser.new_context(
            viewport={"width": width, "height": height},
            has_touch=touch,
            is_mobile=touch,
            locale="ja-JP",
        )
        page = context.new_page()
        page.set_default_timeout(DEADLINE_MS)
        desk = cls(page, portal)
        page.on("console", lambda message: desk.console.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: desk.console.append(f"error: {error}"))
        page.on("request", lambda request: desk.requests.append(request.url))
        try:
            yield desk
        finally:
            context.close()

    def open(self) -> Desk:
        """Open the viewer and wait for the first painted image."""
        self.page.goto(self.portal.url)
        self.wait("() => window.__viewer?.ready || window.__viewer?.errors.length")
        assert self.errors() == []
        return self

    def open_page(self) -> Desk:
        """Open the viewer without waiting for an image."""
        self.page.goto(self.portal.url)
        return self

    def open_series(self, description: str, series: str) -> None:
        """Open a series by its card and wait until its first picture has replaced the other."""
        before = self.state()
        if before["series"] == series:
            return
        told = self.page.get_by_text(description, exact=True)
        self.page.locator(".series-card").filter(has=told).click()
        self.wait(REPLACED, [series, before["values"]])

    def wait(self, condition: str, argument: object = None) -> None:
        """Wait until a JavaScript condition holds."""
        self.page.wait_for_function(condition, arg=argument, polling=50)

    def errors(self) -> list[str]:
        found: list[str] = self.page.evaluate("() => window.__viewer?.errors ?? []")
        return found

    def console_errors(self) -> list[str]:
        """Console errors and warnings that are ours; decoders' progress lines are not."""
        return [
            line for line in self.console if line.startswith("error") and not NOISE.search(line)
        ]

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self.page.evaluate("() => window.__viewer.state()")
        return found

    def pixels(self) -> Pixels:
        self.settle()
        return Pixels(**self.page.evaluate(PIXELS))

    def settle(self) -> None:
        """Let layout and two frames pass, so that observers and the painter have run."""
        self.page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        self.page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    def go_to(self, index: int) -> None:
        """Wait until this slice is the displayed one."""
        self.wait("index => window.__viewer.state().index === index", index)

    def text(self, selector: str) -> str:
        return self.page.locator(selector).first.inner_text()

    def clear_lengths(self) -> None:
        self.page.keyboard.press("Delete")
        self.wait(SHOWN, 0)

    def stage(self) -> dict[str, float]:
        """The pane's box on the page."""
        box = self.page.locator(".viewport").bounding_box()
        assert box is not None
        return {
            "x": box["x"],
            "y": box["y"],
            "width": box["width"],
            "height": box["height"],
        }

    def drag(
        self, start: tuple[float, float], end: tuple[float, float], *, button: Any = "left"
    ) -> None:
        """Drag inside the pane, in CSS pixels from its corner."""
        box = self.stage()
        mouse = self.page.mouse
        mouse.move(box["x"] + start[0], box["y"] + start[1])
        mouse.down(button=button)
        mouse.move(box["x"] + (start[0] + end[0]) / 2, box["y"] + (start[1] + end[1]) / 2, steps=4)
        mouse.move(box["x"] + end[0], box["y"] + end[1], steps=4)
        mouse.up(button=button)

    def measure(self, start: tuple[float, float], end: tuple[float, float]) -> Length:
        """Draw one Length and return it as the page shows it."""
        before = len(self.lengths())
        self.page.keyboard.press("l")
        self.drag(start, end)
        self.wait(STEADY, [before + 1, STEADY_MS])
        return self.lengths()[-1]

    def lengths(self) -> list[Length]:
        """Every length shown in the pane, in the order they were drawn."""
        return [Length.read(text) for text in self.page.evaluate(LENGTHS)]

    def touch(self) -> CDPSession:
        return self.page.context.new_cdp_session(self.page)
