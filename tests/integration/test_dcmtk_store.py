"""dcmtk, an independent sender: untuned as in the field, and through to DICOMweb and back."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from pydicom import dcmread

from tests.dicom_gateway.objects import ct, encode, sample
from tests.dicom_gateway.stage import AE_TITLE, Gateway, parts, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STORESCU, ECHOSCU = "/usr/bin/storescu", "/usr/bin/echoscu"
OBJECTS = 60


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with running(tmp_path) as one:
        yield one


def run(program: str, gateway: Gateway, *arguments: str, title: str = AE_TITLE) -> str:
    """Run a dcmtk program without its tuning variables; what it said when it failed."""
    done = subprocess.run(  # noqa: S603 - a program of the distribution
        ["env", "-u", "TCP_NODELAY", "-u", "TCP_BUFFER_LENGTH", program,  # noqa: S607
         "-aec", title, "127.0.0.1", str(gateway.port), *arguments],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return "" if done.returncode == 0 else done.stderr or "failed"


def test_echo_is_answered_and_another_title_is_not(gateway: Gateway) -> None:
    assert run(ECHOSCU, gateway) == ""
    assert "Called AE Title Not Recognized" in run(ECHOSCU, gateway, title="SOMEONE")


def test_what_storescu_sends_comes_back_byte_for_byte(gateway: Gateway, tmp_path: Path) -> None:
    sent = sample("CT_small.dcm")
    path = tmp_path / "ct.dcm"
    sent.save_as(path)
    assert run(STORESCU, gateway, str(path)) == ""
    gateway.index()
    study = str(sent.StudyInstanceUID)
    assert json.loads(gateway.get("/studies", study).data)[0]["00100020"]["Value"] == ["1CT1"]
    [(_, body)] = parts(gateway.get(f"/studies/{study}", study))
    returned = tmp_path / "returned.dcm"
    returned.write_bytes(body)
    assert dcmread(returned).PixelData == sent.PixelData
    dump = subprocess.run(  # noqa: S603
        ["/usr/bin/dcmdump", "-q", str(returned)], capture_output=True, check=True
    )
    assert b"PixelData" in dump.stdout


def test_a_whole_study_of_an_untuned_sender_arrives(gateway: Gateway, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    for number in range(1, OBJECTS + 1):
        ct(number=number).save_as(folder / f"{number}.dcm", enforce_file_format=True)
    assert run(STORESCU, gateway, "+sd", str(folder)) == ""
    gateway.index()
    listed = gateway.get("/studies/1.2.3.4/instances", "1.2.3.4").get_json()
    assert len(listed) == OBJECTS
    kept = sorted((gateway.settings.var / "objects").rglob("*.dcm"))
    bodies = {encode(dcmread(path)) for path in kept}
    assert bodies == {encode(ct(number=number)) for number in range(1, OBJECTS + 1)}


def test_compressed_objects_are_taken_as_they_are(gateway: Gateway, tmp_path: Path) -> None:
    sent = sample("examples_ybr_color.dcm")
    path = tmp_path / "us.dcm"
    sent.save_as(path)
    assert run(STORESCU, gateway, "-xy", str(path)) == ""
    [kept] = (gateway.settings.var / "objects").rglob("*.dcm")
    assert dcmread(kept).PixelData == sent.PixelData
