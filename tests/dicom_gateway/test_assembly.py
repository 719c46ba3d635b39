"""A gateway that is not safely configured does not start, and says what to change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from dicom_gateway.assembly import check
from dicom_gateway.errors import Misconfigured
from dicom_gateway.index.engine import create_schema, open_index
from dicom_gateway.index.models import SchemaVersion
from dicom_gateway.settings import GatewaySettings, Mode

if TYPE_CHECKING:
    from pathlib import Path

RIGHT: dict[str, Any] = {
    "mode": Mode.PRODUCTION,
    "gateway_id": "gateway-a",
    "portal_origin": "https://portal.example",
}


def test_a_full_configuration_passes() -> None:
    check(GatewaySettings(**RIGHT))


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"gateway_id": ""}, "gateway_id"),
        ({"portal_origin": "http://portal.example"}, "https"),
        ({"portal_origin": "portal.example"}, "portal_origin"),
        ({"portal_origin": "https://portal.example/path"}, "portal_origin"),
    ],
)
def test_what_is_missing_is_named(changes: dict[str, Any], word: str) -> None:
    with pytest.raises(Misconfigured, match=word):
        check(GatewaySettings(**{**RIGHT, **changes}))


def test_an_index_of_another_version_is_not_touched(tmp_path: Path) -> None:
    engine = open_index("", tmp_path)
    create_schema(engine)
    create_schema(engine)
    with engine.begin() as connection:
        connection.execute(update(SchemaVersion).values(version=99))
    with pytest.raises(Misconfigured, match="99"):
        create_schema(engine)
