"""The programs killed while they upload: nothing acknowledged is lost, nothing stays half."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from dicom_gateway.index.engine import open_index
from tests.dicom_gateway.objects import ct, encode
from tests.dicom_gateway.processes import Programs, stop
from tests.dicom_gateway.stage import free_port, make_keys, send, wait_until
from tests.dicom_gateway.test_durability import states

if TYPE_CHECKING:
    from pathlib import Path

    from tests.dicom_gateway.s3.service import S3Server

PARTS = 3
"""Of 8 MiB each, so that the upload lasts."""


def test_an_upload_that_was_killed_is_made_again_whole(s3: S3Server, tmp_path: Path) -> None:
    keys = make_keys(tmp_path)
    programs = Programs(tmp_path, keys, free_port(), free_port(), more=s3.settings())
    large = ct(Rows=2048, Columns=2048, NumberOfFrames=PARTS, PixelData=bytes(PARTS * 8 * 1024**2))
    process = programs.start("dimse")
    wait_until(programs.answers_echo, "the gateway answers")
    assert send(programs.dicom_port, [ct(number=2), large]) == [0, 0]
    wait_until(lambda: s3.half_uploads() == 1, "the upload has begun")
    stop(process, signal.SIGKILL)
    process = programs.start("dimse")
    engine = open_index("", tmp_path / "var")
    try:
        wait_until(lambda: len(s3.stored()) == 2, "both objects are in the bucket")
        wait_until(lambda: s3.half_uploads() == 0, "nothing is left half uploaded")
        wait_until(lambda: states(engine) == {"indexed"}, "both are listed")
    finally:
        stop(process)
        engine.dispose()
    wholes = {s3.content(key)[-300:] for key in s3.stored()}
    assert wholes == {encode(one)[-300:] for one in (ct(number=2), large)}
    sizes = sorted(len(s3.content(key)) for key in s3.stored())
    assert sizes[1] > PARTS * 8 * 1024**2
