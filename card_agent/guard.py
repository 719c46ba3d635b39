"""What every request must satisfy before a view sees it, and the headers of every answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Request, Response, abort

from card_agent.errors import UntrustedPeer

if TYPE_CHECKING:
    from card_agent.peer import OwnerCheck

HOST = "127.0.0.1"
PEER_PORT = "tsunagu.peer_port"

_MISDIRECTED = 421  # RFC 9110 §15.5.20
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": (
        "camera=(), display-capture=(), geolocation=(), hid=(), loopback-network=(), "
        "microphone=(), payment=(), publickey-credentials-get=(), serial=(), usb=()"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Guard:
    """Refuses requests that did not come from the agent's own page on this user's computer."""

    port: int
    owner_check: OwnerCheck | None

    @property
    def origin(self) -> str:
        """The agent's own origin."""
        return f"http://{HOST}:{self.port}"

    def check(self, request: Request) -> None:
        """Abort with 421, 403 or 415 unless the request may be served."""
        if request.headers.get("Host") != f"{HOST}:{self.port}":
            abort(_MISDIRECTED)
        self._check_owner(request)
        if request.method == "POST":
            self._check_post(request)
        elif request.path.startswith("/v1/") and not request.path.endswith(".js"):
            _allow_header(request, "Sec-Fetch-Dest", {"document"})
        else:
            _allow_header(request, "Sec-Fetch-Site", {"same-origin", "none"})

    def _check_owner(self, request: Request) -> None:
        if self.owner_check is None:
            return
        try:
            self.owner_check(int(request.environ[PEER_PORT]), self.port)
        except UntrustedPeer:
            abort(403)

    def _check_post(self, request: Request) -> None:
        if request.headers.get("Origin") != self.origin:
            abort(403)
        _allow_header(request, "Sec-Fetch-Site", {"same-origin"})
        if request.mimetype != "application/json":
            abort(415)


def add_headers(response: Response) -> Response:
    """The headers of all answers. No COOP: any value would cut the link to the portal's window."""
    response.headers.update(_HEADERS)
    return response


def _allow_header(request: Request, name: str, allowed: set[str]) -> None:
    """Fetch metadata is not sent by every browser, so absence is no refusal."""
    value = request.headers.get(name)
    if value is not None and value not in allowed:
        abort(403)
