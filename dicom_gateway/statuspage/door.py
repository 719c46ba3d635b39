"""Who may look: read-only, from allowed addresses, under a name no other site can borrow."""

from __future__ import annotations

import socket
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

from dicom_gateway.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Iterable


def networks(texts: Iterable[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    """The allow-list.

    Raises:
        Misconfigured: one of them is no address and no network.
    """
    found = []
    for text in texts:
        try:
            found.append(ip_network(text))
        except ValueError as error:
            raise Misconfigured(f"status_allowed: {text} is no address or network") from error
    return tuple(found)


def is_allowed(address: str, allowed: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    """Whether this client may look; what is no address may not."""
    try:
        client = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    plain = getattr(client, "ipv4_mapped", None) or client
    return any(plain in network for network in allowed)


def is_own_name(host: str) -> bool:
    """Whether ``Host`` is an address or this machine's name: a rebound foreign name is neither."""
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    name = name.strip("[]").lower()
    if name in {"localhost", socket.gethostname().lower(), socket.getfqdn().lower()}:
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
