"""The simulated J-LIS over HTTP, judged by openssl, and its command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from simulators.jlis import clock
from simulators.jlis.profile import Purpose
from simulators.jlis.server import MAXIMUM_REQUEST_BYTES, JlisServer
from tests.pki import issue_card

if TYPE_CHECKING:
    from simulators.jlis.card_folder import Card
    from simulators.jlis.office import Office

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def base(jlis_server: JlisServer) -> str:
    return f"http://127.0.0.1:{jlis_server.port}"


@pytest.fixture
def card(office: Office) -> Card:
    return issue_card(office, at=clock.now())


def openssl(folder: Path, *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - fixed program
        ["openssl", *arguments],  # noqa: S607 - from the path
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.fixture
def pems(office: Office, card: Card, tmp_path: Path) -> Path:
    root = office.authority(Purpose.AUTHENTICATION).certificate
    (tmp_path / "root.pem").write_bytes(root.public_bytes(Encoding.PEM))
    (tmp_path / "card.pem").write_bytes(card.auth.certificate.public_bytes(Encoding.PEM))
    return tmp_path


@pytest.mark.parametrize("digest", ["-sha1", "-sha256"])
def test_openssl_asks_the_responder(
    office: Office, base: str, card: Card, pems: Path, digest: str
) -> None:
    ask = ["ocsp", "-issuer", "root.pem", digest, "-cert", "card.pem", "-CAfile", "root.pem"]
    url = ["-url", f"{base}/ocsp/auth"]
    good = openssl(pems, *ask, *url)
    assert "Response verify OK" in good
    assert "card.pem: good" in good
    office.revoke(card.name, at=clock.now(), reason="key_compromise")
    assert "card.pem: revoked" in openssl(pems, *ask, *url)


def test_openssl_checks_the_list(office: Office, base: str, card: Card, pems: Path) -> None:
    url = f"{base}/crl/auth/auth-g3-{card.holder.municipality_code}.crl"

    def verdict() -> str:
        crl = x509.load_der_x509_crl(httpx.get(url).content)
        (pems / "crl.pem").write_bytes(crl.public_bytes(Encoding.PEM))
        verify = "verify -CAfile root.pem -crl_check -extended_crl -CRLfile crl.pem card.pem"
        return openssl(pems, *verify.split())

    assert "card.pem: OK" in verdict()
    office.revoke(card.name, at=clock.now())
    assert "certificate revoked" in verdict()


def test_the_index_names_every_partition(base: str, card: Card) -> None:
    names = httpx.get(f"{base}/crl/sign/index.json").json()["crls"]
    assert f"sign-g3-{card.holder.municipality_code}.crl" in names
    assert all(name.startswith("sign-") for name in names)


@pytest.mark.parametrize(
    "path",
    ["/", "/crl/auth/", "/crl/auth/../../trust/trust.json", "/crl/x/index.json", "/crl/auth/a.crl"],
)
def test_nothing_else_is_served(base: str, path: str) -> None:
    assert httpx.get(base + path).status_code == 404


def test_a_request_that_is_no_question_gets_an_ocsp_error(base: str) -> None:
    answer = httpx.post(f"{base}/ocsp/auth", content=b"hello")
    loaded = x509.ocsp.load_der_ocsp_response(answer.content)
    assert loaded.response_status is x509.ocsp.OCSPResponseStatus.MALFORMED_REQUEST


def test_a_long_request_is_not_read(base: str) -> None:
    answer = httpx.post(f"{base}/ocsp/auth", content=b"x" * (MAXIMUM_REQUEST_BYTES + 1))
    assert answer.status_code == 413


def command(var: Path, mode: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,  # noqa: TID251 - handed on to the program under test
        "TSUNAGU_SIMULATOR_MODE": mode,
        "TSUNAGU_SIMULATOR_VAR": str(var),
    }
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "simulators.jlis", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_refuses_to_start_in_production(tmp_path: Path) -> None:
    done = command(tmp_path, "production", "serve")
    assert done.returncode != 0
    assert "TSUNAGU_SIMULATOR_MODE" in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


def test_cards_are_issued_renewed_and_revoked_by_command(office: Office, base: str) -> None:
    name = "by-command"
    holder = ["--holder", "見本　次郎", "--born", "1990-01-02", "--address", "見本市１"]
    done = command(office.var, "test", "issue", name, *holder, "--auth-pin", "5555")
    assert done.returncode == 0, done.stderr
    assert "simulated" in done.stdout + done.stderr
    assert "見本" not in done.stdout + done.stderr
    card = office.card(name)
    assert json.loads((card.folder / "card.json").read_text())["auth_pin"] == "5555"
    assert command(office.var, "test", "renew", name).returncode == 0
    assert command(office.var, "test", "revoke", name, "--auth").returncode == 0
    url = f"{base}/crl/auth/auth-g3-{card.holder.municipality_code}.crl"
    listed = {entry.serial_number for entry in x509.load_der_x509_crl(httpx.get(url).content)}
    assert {
        card.auth.certificate.serial_number,
        office.card(name).auth.certificate.serial_number,
    } <= listed
    office.write_trust_profile(office.var / "trust")
