"""The agent as people get it: a wheel, installed alone, started far from the repository."""

from __future__ import annotations

import http.client
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from card_agent.settings import VERSION, read_settings
from config.settings import ROOT
from tests.card_agent.test_program import free_port
from tests.wheels import build, install, run

if TYPE_CHECKING:
    from pathlib import Path

    from simulators.card.desk_server import DeskServer


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built offline from a copy of the folder."""
    return build("card_agent", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def command(wheel: Path) -> Path:
    """The installed command of an environment that has the dependencies and not the repository."""
    return install(wheel) / "tsunagu-card-agent"


def test_the_wheel_holds_the_agent_and_nothing_else(wheel: Path) -> None:
    assert wheel.name == f"tsunagu_card_agent-{VERSION}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as content:
        names = set(content.namelist())
        metadata = content.read(f"tsunagu_card_agent-{VERSION}.dist-info/METADATA").decode()
    assert {name.split("/")[0] for name in names} == {
        "card_agent",
        f"tsunagu_card_agent-{VERSION}.dist-info",
    }
    kept = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "card_agent").rglob("*")
        if path.is_file()
    }
    unpacked = {name for name in kept if "__pycache__" not in name and not name.endswith(".toml")}
    assert {name for name in names if name.startswith("card_agent/")} == unpacked
    assert "Requires-Dist: pyscard" in metadata


def test_the_installed_command_serves_its_page(
    command: Path, desk: DeskServer, tmp_path: Path
) -> None:
    assert "--allow ORIGIN" in run(str(command), "--help", cwd=tmp_path)
    assert run(str(command), "--version", cwd=tmp_path).strip().endswith(VERSION)
    port = free_port()
    readers = f"TSUNAGU_CARD_AGENT_SIMULATED_READERS=127.0.0.1:{desk.port}"
    start = [
        "env",
        "-i",
        "TSUNAGU_CARD_AGENT_MODE=test",
        readers,
        str(command),
        "--port",
        str(port),
    ]
    with subprocess.Popen(  # noqa: S603 - our own program
        start, cwd=tmp_path, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        assert "card_agent_started" in process.stderr.readline()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        for path, words in (("/v1/auth", "page-token"), ("/static/agent.js", "import")):
            connection.request("GET", path)
            answer = connection.getresponse()
            assert answer.status == 200
            assert words in answer.read().decode()
        process.terminate()
        assert process.wait(timeout=30) == 0


def test_options_come_before_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "TSUNAGU_CARD_AGENT_ALLOWED_ORIGINS", "https://one.example,https://two.example"
    )
    assert read_settings([]).allowed_origins == ("https://one.example", "https://two.example")
    chosen = read_settings(["--allow", "https://a.example", "--allow", "https://b.example"])
    assert chosen.allowed_origins == ("https://a.example", "https://b.example")
    assert chosen.port == 8300


@pytest.mark.parametrize(
    ("options", "words"),
    [(["--port", "0"], "port"), (["--allow", "http://x.example"], "not an https origin")],
)
def test_options_that_cannot_be_used_are_named(options: list[str], words: str) -> None:
    settings = {"MODE": "test", "SIMULATED_READERS": "127.0.0.1:9", "PORT": str(free_port())}
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "card_agent", *options],
        cwd=ROOT,
        env={f"TSUNAGU_CARD_AGENT_{name}": value for name, value in settings.items()},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert words in done.stderr
