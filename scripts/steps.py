"""One step of set-up or gate: commands, their log, the stamp that says they need not run again."""

from __future__ import annotations

import hashlib
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.console import Stopwatch, finished, say

ROOT = Path(__file__).resolve().parent.parent
HEARTBEAT = 20.0
TAIL_LINES = 60
COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")

if TYPE_CHECKING:
    from collections.abc import Sequence

    Command = tuple[str, ...]


class StepFailed(Exception):
    """A step did not end well. The text is what the person reads."""


@dataclass(frozen=True)
class Step:
    """Commands run in order; all output goes to ``log``, of which ``shown`` lines end on screen.

    With ``stamp`` the step runs only when ``key`` changed or a path in ``proofs`` is gone.
    """

    name: str
    commands: Sequence[Command]
    log: Path
    cwd: Path = ROOT
    environment: dict[str, str] = field(default_factory=dict)
    stamp: Path | None = None
    key: str = ""
    proofs: Sequence[Path] = ()
    shown: int = 0
    limit: float = 1800.0

    @property
    def is_current(self) -> bool:
        """Whether an earlier run with the same key still stands."""
        if self.stamp is None or not self.stamp.is_file():
            return False
        same = self.stamp.read_text(encoding="utf-8") == self.key
        return same and all(path.exists() for path in self.proofs)

    def run(self) -> float:
        """Run unless current. Returns the seconds taken; raises ``StepFailed``."""
        if self.is_current:
            return 0.0
        watch = Stopwatch()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            for command in self.commands:
                self._run_one(command, log.fileno(), watch)
        if self.stamp is not None:
            self.stamp.parent.mkdir(parents=True, exist_ok=True)
            self.stamp.write_text(self.key, encoding="utf-8")
        finished(self.name, watch.seconds)
        for line in _tail(self.log, self.shown):
            say(f"      {line}")
        return watch.seconds

    def _run_one(self, command: Command, log: int, watch: Stopwatch) -> None:
        line = with_environment(command, self.environment)
        try:
            child = subprocess.Popen(  # noqa: S603 - commands are written in this repository
                line, cwd=self.cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        except OSError as error:
            raise StepFailed(f"{self.name}: cannot start {command[0]}: {error.strerror}") from error
        code = self._wait(child, watch)
        if code != 0:
            tail = "\n".join(_tail(self.log, TAIL_LINES))
            shown = " ".join(command)
            raise StepFailed(f"{tail}\n\n{self.name} failed (exit {code}): {shown}")

    def _wait(self, child: subprocess.Popen[bytes], watch: Stopwatch) -> int:
        try:
            while True:
                try:
                    return child.wait(HEARTBEAT)
                except subprocess.TimeoutExpired:
                    say(f"  {self.name} … {watch.seconds:.0f} s")
                if watch.seconds > self.limit:
                    raise StepFailed(f"{self.name}: no end after {self.limit:.0f} s, stopped")
        finally:
            if child.poll() is None:
                child.terminate()
                child.wait()


def with_environment(command: Sequence[str], environment: dict[str, str]) -> list[str]:
    """The command behind ``env``, so that the caller's own variables stay as they are."""
    pairs = [f"{name}={value}" for name, value in environment.items()]
    return ["env", *pairs, *command] if pairs else list(command)


def hash_of(*paths: Path, extra: str = "") -> str:
    """SHA-256 over names and contents of files and of all files below folders."""
    digest = hashlib.sha256(extra.encode())
    for path in paths:
        for file in _files(path):
            digest.update(f"\0{file.relative_to(ROOT)}\0".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    skipped = {"node_modules", "__pycache__", "dist"}
    found = (file for file in path.rglob("*") if file.is_file())
    return sorted(file for file in found if not skipped.intersection(file.parts))


def _tail(log: Path, lines: int) -> list[str]:
    if not lines:
        return []
    text = COLOUR.sub("", log.read_text(encoding="utf-8", errors="replace"))
    return text.rstrip().splitlines()[-lines:]
