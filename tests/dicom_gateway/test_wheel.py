"""The gateway as a hospital gets it: a wheel, installed alone, started far from the repository."""

from __future__ import annotations

import signal
import subprocess
import tomllib
import zipfile
from typing import TYPE_CHECKING

import httpx
import pytest

from config.settings import ROOT
from dicom_gateway.settings import VERSION
from tests.dicom_gateway.processes import Programs
from tests.dicom_gateway.stage import AE_TITLE, GATEWAY_ID, PORTAL, free_port, make_keys, wait_until
from tests.wheels import build, install, run

if TYPE_CHECKING:
    from pathlib import Path

NOT_INSTALLED = (".toml", ".md", ".pyc", ".mako")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built offline from a copy of the folder."""
    return build("dicom_gateway", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def command(wheel: Path) -> Path:
    """The installed command."""
    return install(wheel) / "tsunagu-gateway"


def configured(folder: Path) -> Programs:
    """A folder with keys and the file that names them."""
    programs = Programs(folder, make_keys(folder), free_port(), free_port())
    lines = [
        'mode = "test"',
        f'gateway_id = "{GATEWAY_ID}"',
        'var = "data"',
        f'ae_title = "{AE_TITLE}"',
        f"dicom_port = {programs.dicom_port}",
        f"http_port = {programs.http_port}",
        f"status_port = {free_port()}",
        f'portal_origin = "{PORTAL}"',
        'portal_jwks = "jwks.json"',
        'signing_key = "gateway.pem"',
    ]
    (folder / "gateway.toml").write_text("\n".join(lines), encoding="utf-8")
    return programs


def shows_page(folder: Path) -> bool:
    """Whether the administrator's page is there, style and all, and so are the metrics."""
    content = tomllib.loads((folder / "gateway.toml").read_text("utf-8"))
    root = f"http://127.0.0.1:{content['status_port']}"
    try:
        answers = [httpx.get(root + path) for path in ("/", "/static/status.css", "/metrics")]
    except httpx.TransportError:
        return False
    return [answer.status_code for answer in answers] == [200, 200, 200]


def test_the_wheel_holds_the_gateway_and_nothing_else(wheel: Path) -> None:
    assert wheel.name == f"tsunagu_gateway-{VERSION}-py3-none-any.whl"
    about = f"tsunagu_gateway-{VERSION}.dist-info"
    with zipfile.ZipFile(wheel) as content:
        names = set(content.namelist())
        metadata = content.read(f"{about}/METADATA").decode()
    kept = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "dicom_gateway").rglob("*")
        if path.is_file() and path.suffix not in NOT_INSTALLED
    }
    assert {name for name in names if not name.startswith(about)} == kept
    assert "Requires-Dist: pynetdicom==3.0.4" in metadata


def test_the_installed_service_answers_and_leaves_when_told(command: Path, tmp_path: Path) -> None:
    assert run(str(command), "--version", cwd=tmp_path).strip().endswith(VERSION)
    programs = configured(tmp_path)
    start = ["env", "-i", str(command), "--config", str(tmp_path / "gateway.toml"), "run"]
    with subprocess.Popen(start, cwd=tmp_path) as process:  # noqa: S603 - our own program
        try:
            wait_until(programs.answers_echo, "the service answers C-ECHO")
            wait_until(programs.answers_http, "the service answers HTTP")
            wait_until(lambda: shows_page(tmp_path), "the service shows its page")
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert not programs.answers_http()
    status = run(str(command), "--config", str(tmp_path / "gateway.toml"), "status", cwd=tmp_path)
    assert "studies 0" in status
    assert (tmp_path / "data" / "objects").is_dir()


def test_a_service_that_cannot_start_as_configured_ends(command: Path, tmp_path: Path) -> None:
    configured(tmp_path)
    (tmp_path / "gateway.pem").write_text("no key", encoding="ascii")
    (tmp_path / "jwks.json").unlink()
    done = subprocess.run(  # noqa: S603 - our own program
        [command, "--config", tmp_path / "gateway.toml", "worker"],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert "signing key cannot be read" in done.stderr


def test_the_unit_names_this_installation_and_its_file(command: Path, tmp_path: Path) -> None:
    unit = run(str(command), "unit", cwd=tmp_path)
    assert f"ExecStart={command} --config /etc/tsunagu-gateway/gateway.toml run\n" in unit
    assert "{" not in unit
