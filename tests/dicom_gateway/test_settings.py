"""One file configures the gateway; what is wrong in it is said in one line, and nothing starts."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from config.settings import ROOT
from dicom_gateway import settings
from dicom_gateway.errors import Misconfigured, PeerRefused
from dicom_gateway.peers import Right
from dicom_gateway.settings import FILE_VARIABLE, GatewaySettings, gateway_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], GatewaySettings]:
    """The settings of a process started with a file of this content."""

    def with_content(content: str) -> GatewaySettings:
        path = tmp_path / "gateway.toml"
        path.write_text(content, encoding="utf-8")
        monkeypatch.setenv(FILE_VARIABLE, str(path))
        return gateway_settings.__wrapped__()

    return with_content


def test_what_the_file_leaves_out_has_its_default(read: Callable[[str], GatewaySettings]) -> None:
    found = read('ae_title = "KENSHUKO"\nhttp_port = 9101\ncalling_ae_titles = ["CT1", "MR1"]')
    assert (found.ae_title, found.http_port) == ("KENSHUKO", 9101)
    assert found.calling_ae_titles == ("CT1", "MR1")
    assert found.dicom_port == 11112
    assert found.var == settings.DEFAULT_DATA


def test_a_variable_comes_before_the_file(
    read: Callable[[str], GatewaySettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TSUNAGU_GATEWAY_HTTP_PORT", "9999")
    assert read("http_port = 9101").http_port == 9999


def test_relative_paths_start_at_the_folder_of_the_file(
    read: Callable[[str], GatewaySettings], tmp_path: Path
) -> None:
    found = read('var = "data"\nsigning_key = "/etc/keys/signing.pem"')
    assert found.var == tmp_path / "data"
    assert str(found.signing_key) == "/etc/keys/signing.pem"


PACS = '[[peer]]\nae_title = "PACS"\nhost = "192.0.2.10"\n'


def test_peers_are_tables(read: Callable[[str], GatewaySettings]) -> None:
    found = read(
        PACS + 'port = 104\nrights = ["store", "query"]\n[[peer]]\nae_title = "CT1"\nhost = "ct1"'
    )
    assert [peer.ae_title for peer in found.peers.rows] == ["PACS", "CT1", "TSUNAGU"]
    assert found.peers.destination("PACS").port == 104
    assert found.peer[1].rights == {Right.STORE}


def test_with_peers_the_gateway_itself_may_still_check(
    read: Callable[[str], GatewaySettings],
) -> None:
    peers = read('dicom_host = "0.0.0.0"\n' + PACS).peers
    assert peers.admit("TSUNAGU", "127.0.0.1", certificate=b"") == {Right.STORE}
    with pytest.raises(PeerRefused):
        peers.admit("TSUNAGU", "192.0.2.9", certificate=b"")
    assert read("").peers.rows == ()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (PACS + "prot = 104", "^peer 1, prot: no such key; see docs/configuration.md$"),
        (PACS + "port = 70000", "^peer 1, port: Input should be less than"),
        (PACS + 'rights = ["all"]', "^peer 1, rights, 0: Input should be 'store'"),
        (PACS + PACS, "^peer: Value error, two peers have the AE title PACS$"),
        ('[[peer]]\nhost = "x"', "^peer 1, ae_title: Field required$"),
        ('htp_port = 1\nae_title = "A"', "^htp_port: no such key; see docs/configuration.md$"),
        ("http_port = 70000", "^http_port: Input should be less than or equal to 65535$"),
        ('http_port = "many"', "^http_port: Input should be a valid integer"),
        ('ae_title = "SEVENTEEN_LETTERS"', "^ae_title: String should have at most 16"),
        ("http_port = 1\nhttp_port = 2", "gateway.toml is not TOML: Cannot overwrite"),
        ("http_port", "gateway.toml is not TOML: Expected '='"),
    ],
)
def test_what_cannot_be_used_is_named_in_one_line(
    read: Callable[[str], GatewaySettings], content: str, words: str
) -> None:
    with pytest.raises(Misconfigured, match=words) as refusal:
        read(content)
    assert "\n" not in str(refusal.value)


def test_every_fault_has_its_line(read: Callable[[str], GatewaySettings]) -> None:
    with pytest.raises(Misconfigured) as refusal:
        read("http_port = 0\nhttp_threads = 0\ncolour = 1")
    named = [line.split(":")[0] for line in str(refusal.value).splitlines()]
    assert sorted(named) == ["colour", "http_port", "http_threads"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "gateway.toml is not there; `tsunagu-gateway enrol` writes it\n"),
        (b"\xff\xfe", "is not TOML: "),
        (b"color = 1\nhttp_port = 0\n", "gateway: color: no such key"),
        (b'mode = "production"\n', "gateway: set gateway_id to the id given by the portal"),
    ],
)
def test_the_command_ends_with_a_plain_line(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    file = tmp_path / "gateway.toml"
    if content is not None:
        file.write_bytes(content)
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "dicom_gateway", "--config", str(file), "status"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert all(line.startswith("gateway: ") for line in done.stderr.splitlines())
