"""The servers that are measured, on loopback ports of their own, ended by their process ids."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self
from uuid import uuid4

import httpx
from joserfc import jws
from joserfc.jwk import ECKey, KeySet

from config.settings import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TUNED = ("env", "TCP_NODELAY=1", "TCP_BUFFER_LENGTH=1048576")
ORTHANC, NGINX = shutil.which("Orthanc"), shutil.which("nginx")
STORESCU = "/usr/bin/storescu"
PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
GATEWAY_ID, PORTAL = "bench", "http://portal.bench"
DEADLINE_SECONDS = 60.0
DICOM_PORT, HTTP_PORT = 18204, 18242
LOOPBACK = "127.0.0.1"
HEALTH = f"http://127.0.0.1:{HTTP_PORT}/healthz"
HTTP_OK = 200


@dataclass(frozen=True)
class Peer:
    """A running DICOM server."""

    name: str
    version: str
    ae_title: str
    dicom_port: int
    web: str
    key: ECKey | None = None

    def headers(self, studies: list[str]) -> dict[str, str]:
        """Authorization for up to 200 studies; none where the peer asks for none."""
        if self.key is None:
            return {}
        now = int(time.time())  # noqa: TID251 - a measuring program, not the product
        content = {
            "iss": PORTAL, "aud": GATEWAY_ID, "sub": str(uuid4()), "iat": now, "exp": now + 300,
            "jti": str(uuid4()), "grant": str(uuid4()), "studies": studies[:200],
        }  # fmt: skip
        head = {"alg": "ES256", "typ": "tsunagu-image-access+jwt", "kid": "bench"}
        token = jws.serialize_compact(head, json.dumps(content).encode(), self.key)
        return {"Authorization": f"Bearer {token}"}


@contextmanager
def gateway(folder: Path, web_host: str = LOOPBACK) -> Iterator[Peer]:
    """Our own gateway: both programs, as they run in a hospital."""
    folder.mkdir()
    peer, command = _configured(folder, "", web_host)
    with _running([*command, "dimse"], folder), _running([*command, "web"], folder):
        health = f"http://{web_host}:{HTTP_PORT}/healthz"
        _wait(lambda: _answers(health) and echoes(peer), "the gateway")
        yield peer


@contextmanager
def gateway_web(folder: Path, database_url: str) -> Iterator[Peer]:
    """Only its DICOMweb, over an index that is there already; empty URL: SQLite in ``var``."""
    peer, command = _configured(folder, database_url)
    with _running([*command, "web"], folder):
        _wait(lambda: _answers(HEALTH), "the gateway")
        yield peer


def _configured(
    folder: Path, database_url: str, web_host: str = LOOPBACK
) -> tuple[Peer, list[str]]:
    """The peer, and the command that starts its programs."""
    key = ECKey.generate_key("P-256", {"kid": "bench"})
    jwks, signing = folder / "jwks.json", folder / "signing.pem"
    jwks.write_text(json.dumps(KeySet([key]).as_dict(private=False)))
    signing.write_bytes(ECKey.generate_key("P-256").as_pem(private=True))
    settings = {
        "MODE": "test", "GATEWAY_ID": GATEWAY_ID, "VAR": folder / "var", "AE_TITLE": "BENCH",
        "DICOM_PORT": DICOM_PORT, "HTTP_PORT": HTTP_PORT, "PORTAL_ORIGIN": PORTAL,
        "HTTP_HOST": web_host, "PORTAL_JWKS": jwks, "SIGNING_KEY": signing,
        "DATABASE_URL": database_url,
    }  # fmt: skip
    pairs = [f"TSUNAGU_GATEWAY_{name}={value}" for name, value in settings.items()]
    command = ["env", *pairs, sys.executable, "-m", "dicom_gateway"]
    web = f"http://{web_host}:{HTTP_PORT}/dicom-web"
    return Peer("gateway", "this tree", "BENCH", DICOM_PORT, web, key), command


class Programs:
    """The gateway's programs, to be started and killed one by one; ended when the block ends."""

    def __init__(self, folder: Path, database_url: str) -> None:
        folder.mkdir()
        self._folder = folder
        self._command = _configured(folder, database_url)[1]
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, program: str) -> subprocess.Popen[bytes]:
        """Start one in a process group of its own; not awaited."""
        with (self._folder / f"{program}.log").open("ab") as log:
            child = subprocess.Popen(  # noqa: S603 - our own program
                [*self._command, program],
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._running.append(child)
        return child

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._running:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGTERM)
                child.wait(60)


@contextmanager
def orthanc(folder: Path) -> Iterator[Peer | None]:
    """Orthanc with fsync on, as the gateway has it; ``None`` when it is not installed."""
    if ORTHANC is None or not PLUGIN.exists():
        yield None
        return
    folder.mkdir()
    configuration = {
        "Name": "bench", "StorageDirectory": str(folder), "IndexDirectory": str(folder),
        "SyncStorageArea": True, "StorageCompression": False, "OverwriteInstances": True,
        "DefaultEncoding": "Utf8", "RemoteAccessAllowed": False, "AuthenticationEnabled": False,
        "HttpPort": 18042, "KeepAlive": True, "TcpNoDelay": True, "DicomAet": "ORTHANC",
        "DicomPort": 18104, "DicomCheckCalledAet": False, "DicomAlwaysAllowStore": True,
        "DicomAlwaysAllowEcho": True, "Plugins": [str(PLUGIN)],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "StudiesMetadata": "Full",
                     "SeriesMetadata": "Full"},
    }  # fmt: skip
    file = folder / "orthanc.json"
    file.write_text(json.dumps(configuration))
    with _running([*TUNED, ORTHANC, str(file)], folder):
        _wait(lambda: _answers("http://127.0.0.1:18042/system"), "Orthanc")
        system = httpx.get("http://127.0.0.1:18042/system", trust_env=False).json()
        web = "http://127.0.0.1:18042/dicom-web"
        yield Peer("Orthanc", system["Version"], "ORTHANC", 18104, web)


@contextmanager
def nginx(folder: Path, root: Path) -> Iterator[tuple[str, str] | None]:
    """(version, address) of nginx sending the files below ``root``; ``None`` when not installed."""
    if NGINX is None:
        yield None
        return
    folder.mkdir()
    temporary = "\n".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    text = f"""
        worker_processes 2; daemon off; pid {folder}/pid; error_log {folder}/error.log;
        events {{ worker_connections 256; }}
        http {{ access_log off; sendfile on; tcp_nopush on; tcp_nodelay on;
                keepalive_requests 1000000; {temporary}
                server {{ listen 127.0.0.1:18080; root {root}; }} }}
    """
    file = folder / "nginx.conf"
    file.write_text(text)
    user = "user root;" if os.geteuid() == 0 else ""
    with _running([NGINX, "-p", str(folder), "-c", str(file), "-g", user], folder):
        _wait(lambda: _answers("http://127.0.0.1:18080/series.bin", "HEAD"), "nginx")
        words = subprocess.run([NGINX, "-v"], capture_output=True, text=True, check=True).stderr  # noqa: S603
        version = re.search(r"nginx/(\S+)", words)
        yield (version[1] if version else "?"), "http://127.0.0.1:18080"


@contextmanager
def _running(command: list[str], folder: Path) -> Iterator[None]:
    with (folder / f"{Path(command[-1]).name or 'server'}.log").open("wb") as log:
        child = subprocess.Popen(  # noqa: S603 - chosen above
            command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield
    finally:
        os.killpg(child.pid, signal.SIGTERM)
        child.wait(60)


def _answers(address: str, method: str = "GET") -> bool:
    try:
        return httpx.request(method, address, trust_env=False).status_code < 400  # noqa: PLR2004
    except httpx.HTTPError:
        return False


def echoes(peer: Peer) -> bool:
    """Whether it answers C-ECHO."""
    command = ["/usr/bin/echoscu", "-aec", peer.ae_title, "127.0.0.1", str(peer.dicom_port)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603


def _wait(condition: Callable[[], bool], name: str) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{name} does not answer")
        time.sleep(0.1)
