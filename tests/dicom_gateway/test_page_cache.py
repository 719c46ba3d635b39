"""Hints to the page cache change nothing of what is stored, and never stand in the way."""

from __future__ import annotations

import mmap
import os
from typing import TYPE_CHECKING

from dicom_gateway import page_cache
from dicom_gateway.storage import BlobStore

if TYPE_CHECKING:
    from pathlib import Path

PIECE = os.urandom(200_000)


def test_bytes_are_the_same_after_the_cache_has_let_go_of_them(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    store.prepare()
    with store.arrival(maximum_bytes=1_000_000) as arrival:
        arrival.begin(b"head")
        arrival.write(PIECE, PIECE[:7])
        arrival.write(PIECE)
        arrival.finish()
        name = store.keep(arrival, study_instance_uid="1.2", sha256=arrival.digest())
    assert b"".join(store.original(name)) == b"head" + PIECE + PIECE[:7] + PIECE


def test_a_descriptor_that_takes_no_hints_is_no_trouble() -> None:
    reading, writing = os.pipe()
    try:
        page_cache.begin_writing(writing, 0, mmap.PAGESIZE)
        page_cache.keep_head_only(writing)
    finally:
        os.close(reading)
        os.close(writing)
