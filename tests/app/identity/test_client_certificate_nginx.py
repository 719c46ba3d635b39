"""A real nginx with the template of ``config/nginx``, a card's key in a real TLS handshake."""

from __future__ import annotations

import re
import shutil
import ssl
import subprocess
import tempfile
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from string import Template
from threading import Thread
from typing import TYPE_CHECKING

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from werkzeug.serving import make_server

from app.authz.actor import Assurance
from app.core import clock
from app.factory import create_app
from app.web.models import BrowserSession
from config.settings import ROOT
from tests.app.browser import TOKEN
from tests.app.ledger import all_of
from tests.pki import rsa_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from config.settings import PortalSettings
    from simulators.jlis.card_folder import Issued
    from simulators.jlis.office import Office
    from tests.app.world import World

NAME = "tsunagu.example"
ORIGIN = f"https://{NAME}"
PORT = f"{ORIGIN}:8443"
PROOF = "a-secret-of-nginx-and-the-portal-of-this-test"
TEMPLATE = ROOT / "config" / "nginx" / "client-certificate.conf.template"
MAIN = Template("""
daemon off;
pid $folder/nginx.pid;
error_log $folder/error.log warn;
events {}
http {
    access_log off;
    client_body_temp_path $folder/body;
    proxy_temp_path $folder/proxy;
    fastcgi_temp_path $folder/fastcgi;
    uwsgi_temp_path $folder/uwsgi;
    scgi_temp_path $folder/scgi;
    include $folder/site.conf;
}
""")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path: sockets allow no long one."""
    with tempfile.TemporaryDirectory(prefix="tsunagu-nginx-") as made:
        yield Path(made)


@pytest.fixture
def entrance(settings: PortalSettings, database: str, jlis: Office, folder: Path) -> Iterator[Path]:
    """The socket of an nginx before a portal."""
    (folder / "proof").write_text(PROOF, encoding="ascii")
    chosen = settings.model_copy(
        update={
            "origin": ORIGIN,
            "database_url": database,
            "client_certificate_origin": PORT,
            "client_certificate_proof": folder / "proof",
            "trusted_proxies": 1,
        }
    )
    server = make_server("127.0.0.1", 0, create_app(chosen), threaded=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    write_configuration(folder, jlis, f"http://127.0.0.1:{server.server_port}")
    with running_nginx(folder):
        yield folder / "tls.sock"
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)


def write_configuration(folder: Path, jlis: Office, portal: str) -> None:
    """The template with everything it asks for, as ``docs/tls-client-certificate.md`` says."""
    certificate, key = self_signed()
    (folder / "server.pem").write_bytes(certificate)
    (folder / "server.key").write_bytes(key)
    anchors = [
        x509.load_der_x509_certificate(path.read_bytes()).public_bytes(Encoding.PEM)
        for path in sorted((jlis.var / "trust" / "anchors").glob("auth*.cer"))
    ]
    (folder / "anchors.pem").write_bytes(b"".join(anchors))
    header = f'proxy_set_header X-Tsunagu-Proxy-Proof "{PROOF}";'
    (folder / "proof.conf").write_text(header, encoding="ascii")
    words = {
        "LISTEN": f"unix:{folder / 'tls.sock'}",
        "SERVER_NAME": NAME,
        "SERVER_CERTIFICATE": folder / "server.pem",
        "SERVER_KEY": folder / "server.key",
        "PROTOCOLS": "TLSv1.2",
        "ANCHORS": folder / "anchors.pem",
        "PROOF_FILE": folder / "proof.conf",
        "PORTAL": portal,
        "PORTAL_ORIGIN": ORIGIN,
    }
    text = TEMPLATE.read_text(encoding="utf-8")
    site = re.sub(r"\$\{([A-Z_]+)\}", lambda found: str(words[found[1]]), text)
    (folder / "site.conf").write_text(site, encoding="utf-8")
    (folder / "nginx.conf").write_text(MAIN.substitute(folder=folder), encoding="utf-8")


@contextmanager
def running_nginx(folder: Path) -> Iterator[None]:
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    if not Path(program).exists():
        pytest.fail("nginx is not installed: apt install nginx-light")
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert checked.returncode == 0, checked.stderr
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - our own
        try:
            wait_for(folder / "tls.sock", process)
            yield
        finally:
            process.terminate()
            process.wait(timeout=20)


def wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    while not path.exists():
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.02)


def self_signed() -> tuple[bytes, bytes]:
    """Certificate and key of the server, PEM."""
    key, now = rsa_key(3), clock.now()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM), private


def client(entrance: Path, card: Issued | None = None) -> httpx.Client:
    """A browser that trusts the server and holds this card, or none."""
    folder = entrance.parent
    context = ssl.create_default_context(cafile=str(folder / "server.pem"))
    if card is not None:
        key = card.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        both = folder / "card.pem"
        both.write_bytes(card.certificate.public_bytes(Encoding.PEM) + key)
        context.load_cert_chain(both)
    transport = httpx.HTTPTransport(uds=str(entrance), verify=context)
    return httpx.Client(transport=transport, base_url=PORT, timeout=30)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_card_in_the_handshake_opens_a_session(entrance: Path, world: World) -> None:
    mother = world["mother"]
    with client(entrance, mother.card.auth) as browser:
        page = browser.get("/login/certificate")
        found = TOKEN.search(page.text)
        assert page.status_code == 200
        assert found is not None
        answered = browser.post(
            "/login/certificate",
            data={"csrf_token": found[1]},
            headers={"Referer": f"{PORT}/login/certificate"},
        )
        assert (answered.status_code, answered.headers["Location"]) == (303, ORIGIN + "/")
        assert "__Host-tsunagu" in browser.cookies
        elsewhere = browser.get("/handbook/?x=1")
        assert (elsewhere.status_code, elsewhere.headers["Location"]) == (
            308,
            ORIGIN + "/handbook/?x=1",
        )
        assert browser.get("/static/css/base.css").status_code == 200
    (row,) = all_of(BrowserSession, assurance=int(Assurance.CARD))
    assert row.account_id == mother.account_id


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_a_browser_says_itself_counts_for_nothing(entrance: Path, world: World) -> None:
    pem = world["mother"].card.auth.certificate.public_bytes(Encoding.PEM).decode()
    forged = {
        "X-Tsunagu-Client-Certificate": pem.replace("\n", "%0A"),
        "X-Tsunagu-Proxy-Proof": "guessed",
        "X-Forwarded-For": "127.0.0.1",
    }
    with client(entrance) as browser:
        page = browser.get("/login/certificate", headers=forged)
        assert page.status_code == 403
        assert "証明書が選ばれませんでした" in page.text
    assert not all_of(BrowserSession, assurance=int(Assurance.CARD))
