"""Time to the first image in a real browser, over loopback.

``python -m bench.viewer [--json] [--runs N]`` serves a generated CT series from the tests' DICOMweb
peer, opens the built viewer in Chromium with software WebGL and without WebGL, and prints the
milliseconds from navigation to: series list read, attributes read, first image painted, all
slices loaded. Each run is a fresh profile; the figure is the median.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from tests.browser.viewer.conftest import GRAPHICS, QUIET
from tests.browser.viewer.desk import Desk
from tests.browser.viewer.peer import Portal
from tests.browser.viewer.phantom import Body, ct_series, uid

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SLICES = 96
BODY = Body(rows=512, columns=512, spacing=(0.7, 0.7))
STEPS = ("catalog", "metadata", "painted", "loaded")


def measure(browser: Browser, portal: Portal) -> dict[str, float]:
    """Milliseconds since navigation at which each step was reached, in one fresh profile."""
    with Desk.at(browser, portal) as desk:
        desk.page.set_default_timeout(60_000)
        desk.open()
        desk.wait("() => window.__viewer.marks.loaded")
        marks: dict[str, float] = desk.page.evaluate("() => window.__viewer.marks")
        return {step: marks[step] for step in STEPS} | {"script": marks["script"]}


def run(runs: int) -> dict[str, dict[str, float]]:
    """Medians by graphics mode; ``painted_after_script`` leaves page load out."""
    portal = Portal()
    portal.new_gateway("bench", "ホスピタルA").add(
        ct_series(uid("bench"), slices=SLICES, body=BODY)
    )
    figures: dict[str, dict[str, float]] = {}
    try:
        with sync_playwright() as playwright:
            for mode, flags in GRAPHICS.items():
                browser = playwright.chromium.launch(
                    executable_path="/usr/bin/chromium", args=["--no-sandbox", *QUIET, *flags]
                )
                samples = [measure(browser, portal) for _ in range(runs)]
                figures[mode] = medians(samples) | {
                    "chromium": float(browser.version.split(".")[0])
                }
                browser.close()
    finally:
        portal.stop()
    return figures


def medians(samples: list[dict[str, float]]) -> dict[str, float]:
    """Median of each step, and of paint relative to the start of the script."""
    found = {f"{step}_ms": statistics.median(s[step] for s in samples) for step in STEPS}
    after = statistics.median(s["painted"] - s["script"] for s in samples)
    return {name: float(round(value)) for name, value in found.items()} | {
        "painted_after_script_ms": float(round(after))
    }


def table(figures: dict[str, dict[str, float]]) -> str:
    """The figures for people."""
    columns = [*(f"{step}_ms" for step in STEPS), "painted_after_script_ms"]
    head = f"{'graphics':<10}" + "".join(f"{name:>26}" for name in columns)
    rows = [
        f"{mode:<10}" + "".join(f"{row[name]:>26.0f}" for name in columns)
        for mode, row in figures.items()
    ]
    return "\n".join([f"{SLICES} slices of 512 x 512 x 16 bit, loopback", head, *rows])


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description="time to first image")
    parser.add_argument("--json", action="store_true", help="last line is one JSON object")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    figures = run(options.runs)
    sys.stdout.write(table(figures) + "\n")
    if options.json:
        sys.stdout.write(
            json.dumps({"bench": "viewer", "slices": SLICES, "figures": figures}) + "\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
