"""What the service says it offers is what it offers."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from tests.dicom_gateway.objects import ct

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from tests.dicom_gateway.stage import Gateway

NAMESPACE = "{http://wadl.dev.java.net/2009/02}"
STUDY = "1.2.3.4"


def ask(gateway: Gateway, method: str, path: str, **headers: str) -> TestResponse:
    """A request without a token."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return gateway.client.open(path, method=method, headers=names)


@pytest.mark.parametrize(
    ("method", "path"),
    [("OPTIONS", "/dicom-web"), ("OPTIONS", "/dicom-web/"), ("GET", "/dicom-web/conformance")],
)
def test_capabilities_come_without_a_token_as_xml_or_json(
    gateway: Gateway, method: str, path: str
) -> None:
    xml = ask(gateway, method, path)
    assert xml.headers["Content-Type"] == "application/vnd.sun.wadl+xml"
    offered = {one.attrib["path"] for one in ET.fromstring(xml.data).iter(f"{NAMESPACE}resource")}  # noqa: S314 - our own
    found = ask(gateway, method, path, Accept="application/json").get_json()
    assert {one["path"] for one in found["resources"]} == offered
    assert ask(gateway, method, path, Accept="image/jpeg").status_code == 406


def test_a_preflight_to_the_root_is_still_a_preflight(gateway: Gateway) -> None:
    answer = ask(
        gateway, "OPTIONS", "/dicom-web", Origin="http://x", Access_Control_Request_Method="GET"
    )
    assert (answer.status_code, answer.data) == (204, b"")


def test_every_resource_that_is_offered_is_there(gateway: Gateway) -> None:
    gateway.take_in(ct())
    names = {
        "study": STUDY,
        "series": f"{STUDY}.1",
        "instance": f"{STUDY}.1.1",
        "frames": "1",
        "frame": "1",
        "tag": "7FE00010",
    }
    resources = ask(gateway, "GET", "/dicom-web/conformance", Accept="application/json").get_json()
    for one in resources["resources"]:
        if one["method"] == "GET":
            path = "/" + one["path"].format(**names)
            for kind in one["mediaTypes"]:
                assert gateway.get(path, STUDY, accept=kind).status_code == 200, (path, kind)
    gateway.service.renderer.close()
