"""A gateway that is not safely configured does not start, and says what to change."""

from __future__ import annotations

from typing import Any

import pytest

from dicom_gateway.assembly import check
from dicom_gateway.errors import Misconfigured
from dicom_gateway.settings import GatewaySettings, Mode

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
