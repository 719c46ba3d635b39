"""Gateways for tests: on SQLite, and where it matters on PostgreSQL too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.dicom_gateway.stage import Gateway, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    """A gateway over SQLite."""
    with running(tmp_path) as one:
        yield one


@pytest.fixture(params=["sqlite", "postgresql"])
def any_gateway(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Gateway]:
    """A gateway over each database in turn."""
    url = "" if request.param == "sqlite" else str(request.getfixturevalue("postgresql_url"))
    with running(tmp_path, url) as one:
        yield one
