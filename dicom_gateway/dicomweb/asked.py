"""What a request for stored things says, taken once from its WSGI environment."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from werkzeug.http import parse_accept_header
from werkzeug.sansio.utils import get_host

from dicom_gateway.dicomweb.ranges import RangeRequest

if TYPE_CHECKING:
    from dicom_gateway.crypto import Access
    from dicom_gateway.dicomweb.problem import Answer
    from dicom_gateway.dicomweb.service import Service

Environ = dict[str, Any]
_HOST: Final = re.compile(r"[A-Za-z0-9.\-\[\]:]{1,255}", re.ASCII)
ROOT: Final = "/dicom-web"


@dataclass(frozen=True)
class Asked:
    """Who asks, in which form the answer is wanted, and what the client has already.

    ``accept`` is the Accept header or the parameter that stands for it; ``query`` the bytes of the
    query as they came; ``known_etag`` the If-None-Match header.
    """

    access: Access
    accept: str
    query: bytes
    part: RangeRequest
    known_etag: str
    encodings: str
    scheme: str
    host: str | None

    @property
    def takes_gzip(self) -> bool:
        """Whether the answer may be compressed."""
        return "gzip" in self.encodings and parse_accept_header(self.encodings).quality("gzip") > 0

    @property
    def service_address(self) -> str:
        """Address of the service as the client reached it."""
        return service_address(self.scheme, get_host(self.scheme, self.host))


Read = Callable[["Service", Asked, re.Match[str]], "Answer"]
"""Answers a GET whose path matched; raises what ``refusal`` knows."""
Reads = tuple[tuple[re.Pattern[str], Read], ...]


def asked_by(environ: Environ, access: Access) -> Asked:
    """The request of this environment, whose token is verified."""
    return Asked(
        access=access,
        accept=accept_of(environ),
        query=environ.get("QUERY_STRING", "").encode("latin-1", "replace"),
        part=RangeRequest(environ.get("HTTP_RANGE", ""), environ.get("HTTP_IF_RANGE", "")),
        known_etag=environ.get("HTTP_IF_NONE_MATCH", ""),
        encodings=environ.get("HTTP_ACCEPT_ENCODING", ""),
        scheme=environ["wsgi.url_scheme"],
        host=environ.get("HTTP_HOST"),
    )


def accept_of(environ: Environ) -> str:
    """The Accept header, or the query parameter that stands for it (PS3.18 §8.3.3.1)."""
    if "accept=" in environ.get("QUERY_STRING", ""):
        values = parse_qs(environ["QUERY_STRING"]).get("accept")
        if values:
            return str(values[0])
    header: str = environ.get("HTTP_ACCEPT", "")
    return header


def service_address(scheme: str, host: str) -> str:
    """Address of the service as the client reached it; its path where the host is none."""
    return f"{scheme}://{host}{ROOT}" if _HOST.fullmatch(host) else ROOT


def path(*steps: str) -> re.Pattern[str]:
    """The pattern of a path below the service: plain steps, and ``<name>`` for one of any text."""
    parts = (f"(?P<{step[1:-1]}>[^/]+)" if step.startswith("<") else step for step in steps)
    return re.compile("/".join((ROOT, *parts)))
