"""What this service offers, for clients that ask (PS3.18 §8.9.1, Annex H): WADL or JSON.

It tells nothing of what is stored and needs no token.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from xml.sax.saxutils import quoteattr

from dicom_gateway.dicomweb import accept
from dicom_gateway.dicomweb.problem import Answer
from dicom_gateway.errors import NotAcceptable

WADL: Final = "application/vnd.sun.wadl+xml"
PATHS: Final = ("/dicom-web", "/dicom-web/", "/dicom-web/conformance")
_OBJECTS: Final = 'multipart/related; type="application/dicom"'
_PICTURES: Final = ("image/jpeg", "image/png")
_SEARCH: Final = ("limit", "offset", "includefield", "fuzzymatching", "{attribute}")
_OCTETS: Final = 'multipart/related; type="application/octet-stream"'


@dataclass(frozen=True)
class Resource:
    """One kind of address below the service."""

    transaction: str
    method: str
    path: str
    media_types: tuple[str, ...]
    parameters: tuple[str, ...] = ()


_STUDY: Final = "studies/{study}"
_SERIES: Final = f"{_STUDY}/series/{{series}}"
_INSTANCE: Final = f"{_SERIES}/instances/{{instance}}"
RESOURCES: Final = (
    *(
        Resource("Search", "GET", path, (accept.JSON,), _SEARCH)
        for path in (
            "studies",
            "series",
            "instances",
            f"{_STUDY}/series",
            f"{_STUDY}/instances",
            f"{_SERIES}/instances",
        )
    ),
    Resource("Retrieve", "GET", _STUDY, (_OBJECTS,)),
    Resource("Retrieve", "GET", _SERIES, (_OBJECTS,)),
    Resource("Retrieve", "GET", _INSTANCE, (_OBJECTS, accept.DICOM)),
    *(
        Resource("Retrieve", "GET", f"{path}/metadata", (accept.JSON,))
        for path in (_STUDY, _SERIES, _INSTANCE)
    ),
    Resource("Retrieve", "GET", f"{_INSTANCE}/frames/{{frames}}", (_OCTETS, accept.OCTETS)),
    Resource("Retrieve", "GET", f"{_INSTANCE}/bulkdata/{{tag}}", (_OCTETS, accept.OCTETS)),
    *(
        Resource(
            "Retrieve", "GET", f"{path}/rendered", _PICTURES, ("window", "viewport", "quality")
        )
        for path in (_STUDY, _SERIES, _INSTANCE, f"{_INSTANCE}/frames/{{frame}}")
    ),
    *(
        Resource("Retrieve", "GET", f"{path}/thumbnail", _PICTURES, ("viewport",))
        for path in (_STUDY, _SERIES, _INSTANCE, f"{_INSTANCE}/frames/{{frame}}")
    ),
    Resource("Store", "POST", "studies", (_OBJECTS,)),
    Resource("Store", "POST", _STUDY, (_OBJECTS,)),
)


def capabilities(header: str) -> Answer:
    """The description as the client likes it; WADL when it does not say.

    Raises:
        NotAcceptable: neither XML nor JSON is taken.
    """
    kinds = {one.kind for one in accept.parse(header) if not one.multipart}
    if kinds & {WADL, "application/xml", "*/*", "application/*"}:
        kind, text = WADL, _wadl()
    elif kinds & {"application/json", accept.JSON}:
        kind, text = "application/json", _json()
    else:
        raise NotAcceptable(f"capabilities are {WADL} or application/json")
    headers = (("Content-Type", kind), ("Allow", "GET, POST, OPTIONS"))
    return Answer(HTTPStatus.OK, text.encode(), headers)


def _json() -> str:
    return json.dumps(
        {
            "service": "DICOMweb",
            "resources": [
                {
                    "transaction": one.transaction,
                    "method": one.method,
                    "path": one.path,
                    "mediaTypes": one.media_types,
                    "parameters": one.parameters,
                }
                for one in RESOURCES
            ],
        }
    )


def _wadl() -> str:
    lines = "".join(_wadl_resource(one) for one in RESOURCES)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<application xmlns="http://wadl.dev.java.net/2009/02">\n'
        f'<resources base="/dicom-web">\n{lines}</resources>\n</application>\n'
    )


def _wadl_resource(one: Resource) -> str:
    """A method with its media types, on the side they go."""
    side = "request" if one.method == "POST" else "response"
    kinds = "".join(f"<representation mediaType={quoteattr(kind)}/>" for kind in one.media_types)
    parameters = "".join(
        f'<param name={quoteattr(name)} style="query"/>' for name in one.parameters
    )
    asked = f"<request>{parameters}</request>" if parameters else ""
    return (
        f"<resource path={quoteattr(one.path)}><method name={quoteattr(one.method)}"
        f" id={quoteattr(one.transaction)}>{asked}<{side}>{kinds}</{side}></method></resource>\n"
    )
