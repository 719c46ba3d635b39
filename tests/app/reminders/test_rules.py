"""When families are reminded again: data that a municipality replaces, marked until it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.core.errors import Misconfigured
from app.reminders.plan import Stage
from app.reminders.rules import FOLDER, load_rules

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.app.browser import Browser
    from tests.app.world import World


def changed(folder: Path, old: str, new: str) -> Path:
    text = (FOLDER / "rules.yaml").read_text(encoding="utf-8")
    assert old in text
    (folder / "rules.yaml").write_text(text.replace(old, new), encoding="utf-8")
    return folder


def test_the_rules_are_ours_and_say_so() -> None:
    rules = load_rules()
    assert (rules.checked, rules.spacing.days) == (False, 14)
    assert rules.stages == set(Stage)


def test_a_municipality_replaces_them(tmp_path: Path) -> None:
    rules = load_rules(changed(tmp_path, "[due, catch_up, last_start", "[due, last_start"))
    assert Stage.CATCH_UP not in rules.stages


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("spacing_days: 14", "spacing_days: 0", "spacing_days"),
        ("[due,", "[sometimes,", "stages.0"),
        ("mark: unchecked", "mark: surely", "mark"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(Misconfigured, match=words):
        load_rules(changed(tmp_path, old, new))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("portal")
def test_staff_read_when_families_are_told_and_that_it_is_unconfirmed(
    world: World, client_for: Callable[..., Browser]
) -> None:
    page = client_for("nurse").get(f"/staff/children/{world.children['sakura']}/reminders").text
    assert "（再勧奨） · 未確認" in page
    assert "14日より短い間では送りません" in page
