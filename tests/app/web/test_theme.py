"""Every pair of text and ground keeps WCAG 2.2 AA, in light and in dark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CSS = Path(__file__).resolve().parents[3] / "app" / "static" / "css"
DECLARATION = re.compile(r"^\s*(--[\w-]+):\s*([^;]+);", re.MULTILINE)
USE = re.compile(r"var\((--[\w-]+)\)")

TEXT_PAIRS = [
    *(
        (ink, ground)
        for ink in ("text", "text-soft", "primary", "danger", "warning", "success")
        for ground in ("surface", "surface-raised")
    ),
    *((ink, "surface-sunken") for ink in ("text", "text-soft")),
    ("on-primary", "primary"),
    ("on-primary", "primary-hover"),
    ("on-danger", "danger"),
    ("on-danger", "danger-hover"),
    ("primary", "primary-soft"),
    ("text", "primary-soft"),
    ("success", "success-soft"),
    ("warning", "warning-soft"),
    ("danger", "danger-soft"),
    ("text", "chart-band"),
    ("stripe-text", "stripe"),
]
SHAPE_PAIRS = [
    ("line-strong", "surface"),
    ("line-strong", "surface-raised"),
    ("focus", "surface"),
    ("focus", "surface-raised"),
    ("chart-band-edge", "surface-raised"),
]


def declared(name: str) -> dict[str, str]:
    return dict(DECLARATION.findall((CSS / name).read_text(encoding="utf-8")))


def palette(scheme: str) -> dict[str, str]:
    names = declared("tokens.css") | declared("theme.css")
    return names | declared("theme-dark.css") if scheme == "dark" else names


def colour(names: dict[str, str], name: str) -> str:
    value = names[f"--{name}"]
    used = USE.fullmatch(value)
    return colour(names, used.group(1)[2:]) if used else value


def luminance(hex_colour: str) -> float:
    channels = (int(hex_colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(names: dict[str, str], one: str, other: str) -> float:
    dark, light = sorted(luminance(colour(names, name)) for name in (one, other))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT_PAIRS)
def test_text_stands_out_from_its_ground(scheme: str, ink: str, ground: str) -> None:
    assert contrast(palette(scheme), ink, ground) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("shape", "ground"), SHAPE_PAIRS)
def test_edges_and_focus_stand_out_from_their_ground(scheme: str, shape: str, ground: str) -> None:
    assert contrast(palette(scheme), shape, ground) >= 3


def test_no_name_is_used_that_is_not_declared() -> None:
    names = set(declared("tokens.css")) | set(declared("theme.css"))
    for path in CSS.rglob("*.css"):
        assert set(USE.findall(path.read_text(encoding="utf-8"))) <= names, path.name


def test_no_colour_is_written_outside_the_palette() -> None:
    for path in CSS.rglob("*.css"):
        if path.name != "tokens.css":
            text = re.sub(r"@media print \{.*", "", path.read_text(encoding="utf-8"), flags=re.S)
            assert not re.search(r"#[0-9a-fA-F]{3,8}\b|\brgb|\bhsl", text), path.name


def test_dark_changes_only_names_that_light_has() -> None:
    assert set(declared("theme-dark.css")) <= set(declared("theme.css"))


def test_every_component_file_is_linked() -> None:
    linked = re.findall(r'components/([\w-]+\.css)"', (CSS / "app.css").read_text(encoding="utf-8"))
    assert sorted(linked) == sorted(path.name for path in (CSS / "components").glob("*.css"))
