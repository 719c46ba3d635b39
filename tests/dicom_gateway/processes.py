"""The gateway's real programs as child processes of a test."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from pynetdicom import AE
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from config.settings import ROOT
from tests.dicom_gateway.stage import (
    AE_TITLE,
    GATEWAY_ID,
    PORTAL,
    Keys,
    free_port,
    make_keys,
    wait_until,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Programs:
    """Where the programs of one gateway listen, and how they are started."""

    folder: Path
    keys: Keys
    dicom_port: int
    http_port: int
    portal_origin: str = PORTAL
    more: dict[str, object] = field(default_factory=dict)

    @property
    def environment(self) -> list[str]:
        """Arguments of ``env`` that configure the gateway."""
        settings = {
            "MODE": "test",
            "GATEWAY_ID": GATEWAY_ID,
            "VAR": self.folder / "var",
            "AE_TITLE": AE_TITLE,
            "DICOM_PORT": self.dicom_port,
            "HTTP_PORT": self.http_port,
            "HTTP_WORKERS": 1,
            "PORTAL_ORIGIN": self.portal_origin,
            "PORTAL_JWKS": self.keys.jwks,
            "SIGNING_KEY": self.keys.signing_key,
            "STUDY_SETTLE_SECONDS": 0.5,
            **{name.upper(): value for name, value in self.more.items()},
        }
        return ["env", *(f"TSUNAGU_GATEWAY_{name}={value}" for name, value in settings.items())]

    def start(self, program: str, *wrapper: str) -> subprocess.Popen[bytes]:
        """Start ``dimse`` or ``web`` in a process group of its own; not awaited."""
        command = [*self.environment, *wrapper, sys.executable, "-m", "dicom_gateway", program]
        return subprocess.Popen(  # noqa: S603 - our own program
            command, cwd=ROOT, start_new_session=True, stdout=subprocess.DEVNULL
        )

    def answers_echo(self) -> bool:
        """Whether the SCP answers C-ECHO."""
        entity = AE(ae_title="PROBE")
        entity.add_requested_context(Verification)
        association = entity.associate("127.0.0.1", self.dicom_port, ae_title=AE_TITLE)
        if not association.is_established:
            return False
        status = association.send_c_echo().get("Status")
        association.release()
        return bool(status == 0)

    def answers_http(self) -> bool:
        """Whether DICOMweb answers."""
        try:
            with socket.create_connection(("127.0.0.1", self.http_port), 1):
                answer = httpx.get(f"http://127.0.0.1:{self.http_port}/healthz", trust_env=False)
        except (OSError, httpx.HTTPError):
            return False
        return answer.status_code == 200


def stop(process: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> None:
    """End the whole process group and wait."""
    if process.poll() is None:
        os.killpg(process.pid, number)
    process.wait(30)


def end_traced(tracer: subprocess.Popen[bytes]) -> None:
    """End the programs under a tracer; it ends after them, with all it saw written down."""
    children = Path(f"/proc/{tracer.pid}/task/{tracer.pid}/children").read_text("ascii").split()
    for child in children:
        os.kill(int(child), signal.SIGTERM)
    tracer.wait(30)


@contextmanager
def dimse(folder: Path, *wrapper: str) -> Iterator[Programs]:
    """The receiving program with its worker, answering C-ECHO."""
    programs = Programs(folder, make_keys(folder), free_port(), free_port())
    process = programs.start("dimse", *wrapper)
    try:
        wait_until(programs.answers_echo, "the gateway answers C-ECHO")
        yield programs
    finally:
        if wrapper:
            end_traced(process)
        stop(process)
