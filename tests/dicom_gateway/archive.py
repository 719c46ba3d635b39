"""dcmtk's dcmqrscp as the hospital's PACS: an archive that is not ours."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pynetdicom import AE
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from tests.dicom_gateway.stage import AE_TITLE, send, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydicom import Dataset

TITLE = "PACS"
TUNED = ("env", "TCP_NODELAY=1", "TCP_BUFFER_LENGTH=1048576")


@dataclass(frozen=True)
class Archive:
    """A running dcmqrscp."""

    port: int

    def take_in(self, *data_sets: Dataset) -> None:
        """Store objects in it."""
        assert send(self.port, list(data_sets), TITLE) == [0x0000] * len(data_sets)

    def answers(self) -> bool:
        """Whether it answers C-ECHO."""
        entity = AE(ae_title="PROBE")
        entity.add_requested_context(Verification)
        line = entity.associate("127.0.0.1", self.port, ae_title=TITLE)
        if line.is_established:
            line.release()
            return True
        return False


@contextmanager
def archive(
    folder: Path, port: int, gateway_port: int, *options: str, title: str = AE_TITLE
) -> Iterator[Archive]:
    """dcmqrscp over an empty folder; ``title`` is a move destination at ``gateway_port``."""
    (folder / "pacs").mkdir()
    file = folder / "dcmqrscp.cfg"
    one = Archive(port)
    file.write_text(
        f"NetworkTCPPort = {one.port}\nMaxPDUSize = 131072\nMaxAssociations = 16\n"
        f"HostTable BEGIN\ngateway = ({title}, 127.0.0.1, {gateway_port})\nHostTable END\n"
        "VendorTable BEGIN\nVendorTable END\n"
        f"AETable BEGIN\n{TITLE} {folder / 'pacs'} RW (200, 1024mb) ANY\nAETable END\n"
    )
    command = [*TUNED, "/usr/bin/dcmqrscp", "-c", str(file), *options]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        wait_until(one.answers, "dcmqrscp answers C-ECHO")
        yield one
    finally:
        child.terminate()
        child.wait(30)
