"""Who is at the other end of a loopback connection: this user, or another user of the computer?

Linux tells it in ``/proc/net/tcp`` and ``tcp6``; elsewhere the check is not available and
``owner_check`` says so by returning None.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from card_agent.errors import UntrustedPeer

OwnerCheck = Callable[[int, int], None]

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LOOPBACK = frozenset({"0100007F", "0000000000000000FFFF00000100007F"})
_LOCAL, _REMOTE, _UID = 1, 2, 7


def owner_check() -> OwnerCheck | None:
    """A check of (peer port, own port) that raises UntrustedPeer, or None where impossible."""
    return require_own_user if _TABLES[0].exists() else None


def require_own_user(peer_port: int, own_port: int) -> None:
    """Raise UntrustedPeer unless the connecting socket belongs to the user running the agent."""
    if os.getuid() not in _owners(peer_port, own_port):
        raise UntrustedPeer


def _owners(peer_port: int, own_port: int) -> set[int]:
    ends = (peer_port, own_port)
    return {
        int(fields[_UID])
        for table in _TABLES
        if table.exists()
        for fields in map(str.split, table.read_text("ascii").splitlines()[1:])
        if (_loopback_port(fields[_LOCAL]), _loopback_port(fields[_REMOTE])) == ends
    }


def _loopback_port(endpoint: str) -> int | None:
    address, _, port = endpoint.partition(":")
    return int(port, 16) if address in _LOOPBACK else None
