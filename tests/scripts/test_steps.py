"""A step runs when it must, leaves a log, and says what went wrong."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from scripts.steps import Step, StepFailed, hash_of

if TYPE_CHECKING:
    from pathlib import Path

APPEND = "import sys; open(sys.argv[1], 'a').write('x')"


def appending(folder: Path, *, key: str = "1") -> Step:
    """A stamped step that leaves one more letter in a file at each run."""
    made = folder / "made"
    return Step(
        "append",
        ((sys.executable, "-c", APPEND, str(made)),),
        folder / "log",
        cwd=folder,
        stamp=folder / "stamp",
        key=key,
        proofs=(made,),
    )


def failing(folder: Path) -> Step:
    """A step that speaks and fails."""
    code = r"print('the \x1b[31mreason\x1b[0m'); raise SystemExit(3)"
    return Step(
        "break",
        ((sys.executable, "-c", code),),
        folder / "log",
        cwd=folder,
        stamp=folder / "stamp",
    )


def test_a_stamped_step_runs_once(tmp_path: Path) -> None:
    for _ in range(2):
        appending(tmp_path).run()
    assert (tmp_path / "made").read_text() == "x"


def test_it_runs_again_when_its_key_changes(tmp_path: Path) -> None:
    appending(tmp_path).run()
    appending(tmp_path, key="2").run()
    assert (tmp_path / "made").read_text() == "xx"


def test_it_runs_again_when_what_it_made_is_gone(tmp_path: Path) -> None:
    appending(tmp_path).run()
    (tmp_path / "made").unlink()
    appending(tmp_path).run()
    assert (tmp_path / "made").read_text() == "x"


def test_a_failure_shows_its_output_and_leaves_no_stamp(tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match=r"(?s)the reason.*break failed \(exit 3\)"):
        failing(tmp_path).run()
    assert not (tmp_path / "stamp").exists()


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    step = Step("missing", (("no-such-program",),), tmp_path / "log", cwd=tmp_path)
    with pytest.raises(StepFailed, match="missing: cannot start no-such-program"):
        step.run()


def test_a_step_without_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.steps.HEARTBEAT", 0.05)
    forever = (sys.executable, "-c", "import signal; signal.pause()")
    step = Step("forever", (forever,), tmp_path / "log", cwd=tmp_path, limit=0.1)
    with pytest.raises(StepFailed, match="no end after"):
        step.run()


def test_settings_reach_the_command(tmp_path: Path) -> None:
    shell = ("sh", "-c", 'test "$COLOUR" = "deep blue"')
    settings = {"COLOUR": "deep blue"}
    Step("settings", (shell,), tmp_path / "log", cwd=tmp_path, environment=settings).run()


def test_a_hash_follows_names_and_contents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.steps.ROOT", tmp_path)
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "a").write_text("1")
    first = hash_of(tmp_path)
    (tmp_path / "node_modules" / "b").write_text("not ours")
    assert hash_of(tmp_path) == first
    (tmp_path / "a").write_text("2")
    second = hash_of(tmp_path)
    (tmp_path / "a").rename(tmp_path / "c")
    assert len({first, second, hash_of(tmp_path)}) == 3
