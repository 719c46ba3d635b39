"""Where a gateway may be said to answer. Pure: the portal itself never calls the address."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from app.registry.errors import ImpossibleAddress

LONGEST = 180
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)\Z")


def gateway_origin(text: str, *, tried_out: bool) -> str:
    """The origin in lower case, ``https://host[:port]``.

    ``tried_out``: outside production http and loopback will do.

    Raises:
        ImpossibleAddress: no origin, no https, or a host that means another machine to each reader.
    """
    origin = text.strip().rstrip("/").lower()
    parts = _split(origin)
    host = parts.hostname or ""
    allowed = {"https", "http"} if tried_out else {"https"}
    if parts.scheme not in allowed or origin != f"{parts.scheme}://{parts.netloc}":
        raise ImpossibleAddress("not an https origin")
    if "@" in parts.netloc or len(origin) > LONGEST or not origin.isascii():
        raise ImpossibleAddress("not an origin")
    if not tried_out and not _is_reachable(host):
        raise ImpossibleAddress("a host that nobody else can reach")
    return origin


def _split(origin: str) -> SplitResult:
    try:
        parts = urlsplit(origin)
        if not parts.hostname or parts.port == 0:
            raise ImpossibleAddress("no host")
    except ValueError as error:
        raise ImpossibleAddress("not an address") from error
    return parts


def _is_reachable(host: str) -> bool:
    """A name with a dot, or a plain address of some network; never this machine or its link."""
    try:
        address = ip_address(host)
    except ValueError:
        labels = host.split(".")
        named = len(labels) > 1 and all(_LABEL.fullmatch(label) for label in labels)
        return named and labels[-1] != "localhost" and not _NUMBER.match(labels[-1])
    inward = address.is_loopback or address.is_link_local or address.is_unspecified
    return not (inward or address.is_multicast or address.is_reserved)
