"""Orthanc with its DICOMweb plugin, on loopback, as the hospital's PACS."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from tests.dicom_gateway.stage import AE_TITLE, free_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TITLE = "ORTHANC"
PROGRAM = "/usr/sbin/Orthanc"
PLUGIN = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"
GATEWAY = "gateway"


@dataclass(frozen=True)
class Orthanc:
    """A running Orthanc; ``call`` talks to its own REST interface."""

    port: int
    http_port: int

    def call(self, method: str, path: str, content: Any = None) -> Any:
        """One request; the JSON of its answer."""
        answer = httpx.request(
            method,
            f"http://127.0.0.1:{self.http_port}{path}",
            json=content,
            trust_env=False,
            timeout=60,
        )
        assert answer.is_success, (path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def upload(self, file: bytes) -> None:
        """Give it one DICOM file."""
        address = f"http://127.0.0.1:{self.http_port}/instances"
        assert httpx.post(address, content=file, trust_env=False).is_success

    def find(self, level: str, **query: str) -> list[str]:
        """Its own ids of what fits."""
        found = self.call("POST", "/tools/find", {"Level": level, "Query": query})
        return [str(one) for one in found]

    def answers(self) -> bool:
        """Whether it serves."""
        try:
            self.call("GET", "/system")
        except httpx.HTTPError:
            return False
        return True


@contextmanager
def orthanc(folder: Path, port: int, gateway_port: int, web: str, token: str) -> Iterator[Orthanc]:
    """Orthanc that knows the gateway: DIMSE at a port, DICOMweb at an address with a token."""
    one = Orthanc(port, free_port())
    (folder / "orthanc").mkdir()
    configuration = {
        "Name": "pacs", "StorageDirectory": str(folder / "orthanc"),
        "IndexDirectory": str(folder / "orthanc"), "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False, "HttpPort": one.http_port, "TcpNoDelay": True,
        "DicomAet": TITLE, "DicomPort": port, "DicomAlwaysAllowStore": True,
        "DicomModalities": {GATEWAY: [AE_TITLE, "127.0.0.1", gateway_port]},
        "DicomAlwaysAllowEcho": True, "DicomAlwaysAllowFind": True, "DicomAlwaysAllowMove": True,
        "DicomAlwaysAllowGet": True, "Plugins": [PLUGIN],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "Servers": {
            GATEWAY: {"Url": web, "HttpHeaders": {"Authorization": f"Bearer {token}"}}}},
    }  # fmt: skip
    file = folder / "orthanc.json"
    file.write_text(json.dumps(configuration))
    command = ["env", "TCP_NODELAY=1", "TCP_BUFFER_LENGTH=1048576", PROGRAM, str(file)]
    with (folder / "orthanc.log").open("wb") as log:
        child = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - chosen above
    try:
        wait_until(one.answers, "Orthanc answers")
        yield one
    finally:
        child.terminate()
        child.wait(30)
