"""The local systems that may speak DIMSE with the gateway, and what each of them may do.

A row of the configuration names one application entity (AE). Peers reach what is stored here,
never what another hospital shares: that is fetched over DICOMweb with a token.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import field
from enum import StrEnum
from typing import Annotated, Final

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from dicom_gateway.crypto import digest
from dicom_gateway.errors import PeerRefused, PeerUnknown

_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_TITLE: Final = re.compile(r"[!-\[\]-~]([ -\[\]-~]{0,14}[!-\[\]-~])?", re.ASCII)


class Right(StrEnum):
    """What a peer may ask of the gateway."""

    STORE = "store"
    QUERY = "query"
    RETRIEVE = "retrieve"


class Pull(StrEnum):
    """How a study that is not here yet may be fetched from a peer (PS3.4 C.4.2, C.4.3)."""

    NO = "no"
    MOVE = "move"
    GET = "get"


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Peer:
    """One application entity of this hospital (PS3.8 §7.1.1)."""

    ae_title: Annotated[str, Field(description="its AE title, at most 16 characters")]
    host: Annotated[str, Field(description="its address or host name; nobody else may be it")]
    port: Annotated[
        int, Field(ge=0, le=65535, description="where it listens; 0 when it only calls")
    ] = 0
    rights: Annotated[frozenset[Right], Field(description="any of store, query, retrieve")] = (
        frozenset({Right.STORE})
    )
    tls: Annotated[bool, Field(description="only over TLS with certificates on both sides")] = False
    certificate_sha256: Annotated[
        str,
        Field(
            description="with tls: the SHA-256 fingerprint of the one certificate it shows; "
            "empty: any that an authority vouches for"
        ),
    ] = ""
    pull: Annotated[
        Pull,
        Field(
            description="whether granted studies that are not here may be fetched from it: "
            "no, move (it must know this gateway's AE title and port), or get"
        ),
    ] = Pull.NO

    def __post_init__(self) -> None:
        if _TITLE.fullmatch(self.ae_title) is None:
            raise ValueError("ae_title is 1 to 16 printable characters without backslash")
        if not self.host.strip():
            raise ValueError("host is the address or host name of this peer")
        if self.certificate_sha256 and not (self.tls and self.fingerprint):
            raise ValueError("certificate_sha256 is 64 hex digits, of a peer with tls = true")
        if self.pull is not Pull.NO and not self.port:
            raise ValueError("pull needs the port where this peer listens")

    @property
    def fingerprint(self) -> str:
        """The fingerprint in lower case without colons; empty when it is none."""
        found = self.certificate_sha256.replace(":", "").lower()
        return found if _FINGERPRINT.fullmatch(found) else ""


@dataclass(frozen=True)
class Peers:
    """The allow-list. Without rows whoever is among ``callers`` may store, and nothing else."""

    rows: tuple[Peer, ...] = ()
    callers: tuple[str, ...] = ()
    _by_title: dict[str, Peer] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        for row in self.rows:
            if row.ae_title in self._by_title:
                raise ValueError(f"two peers have the AE title {row.ae_title}")
            self._by_title[row.ae_title] = row

    def admit(self, ae_title: str, address: str, *, certificate: bytes) -> frozenset[Right]:
        """What the caller of this title at this address may do.

        ``certificate`` is the one it showed over TLS, in DER; empty over a plain connection.

        Raises:
            PeerRefused: unknown title, another address, plain where TLS is demanded, or another
                certificate.
        """
        if not self.rows:
            if self.callers and ae_title not in self.callers:
                raise PeerRefused("calling AE title is not on the list")
            return frozenset({Right.STORE})
        peer = self._by_title.get(ae_title)
        if peer is None:
            raise PeerRefused("calling AE title is not on the list")
        if not _is_at(peer.host, address):
            raise PeerRefused("this AE title calls from another address")
        if peer.tls and not certificate:
            raise PeerRefused("this AE title must use TLS")
        if peer.fingerprint and digest(certificate).hex() != peer.fingerprint:
            raise PeerRefused("this AE title shows another certificate")
        return peer.rights

    @property
    def sources(self) -> tuple[Peer, ...]:
        """Who may be asked for a study that is not here, in the order of the configuration."""
        return tuple(row for row in self.rows if row.pull is not Pull.NO)

    def destination(self, ae_title: str) -> Peer:
        """Where a listed peer listens.

        Raises:
            PeerUnknown: not listed, or it only calls.
        """
        peer = self._by_title.get(ae_title)
        if peer is None or not peer.port:
            raise PeerUnknown(f"no peer {ae_title} with a port is configured")
        return peer


def _is_at(host: str, address: str) -> bool:
    """Whether the peer's host is this address. A name is looked up at every association."""
    wanted = _plain(address)
    try:
        return _plain(host) == wanted
    except ValueError:
        pass
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return any(_plain(str(entry[4][0])) == wanted for entry in found)


def _plain(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An IPv4 address also when it comes mapped into IPv6."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    return getattr(parsed, "ipv4_mapped", None) or parsed
