"""A real S3 server process, and gateways whose objects lie in a bucket of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.dicom_gateway.s3.service import S3Server, serving
from tests.dicom_gateway.stage import free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.dicom_gateway.stage import Gateway


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One server a test process; every test has a bucket of its own."""
    with serving(tmp_path_factory.mktemp("s3"), free_port()) as server:
        yield server


@pytest.fixture
def s3(s3_server: S3Server, tmp_path: Path) -> S3Server:
    """The server with an empty bucket and keys in a file."""
    return s3_server.with_bucket(tmp_path)


@pytest.fixture
def gateway(s3: S3Server, tmp_path: Path) -> Iterator[Gateway]:
    """A gateway over SQLite whose objects go to the bucket."""
    with running(tmp_path, **s3.settings()) as one:
        yield one
