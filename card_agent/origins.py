"""The allow-list of origins that may ask for the card."""

from __future__ import annotations

import re

from card_agent.errors import CallerNotAllowed, CannotStart

# HTTPS, or plain http on this very computer; no path, no trailing slash, lower case as browsers do.
_ORIGIN = re.compile(
    r"https://[a-z0-9.-]+(:[0-9]{1,5})?|http://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?"
)


class AllowList:
    """Origins as browsers write them. Raises CannotStart for an entry no browser would send."""

    def __init__(self, origins: tuple[str, ...]) -> None:
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
                raise CannotStart(
                    f"TSUNAGU_CARD_AGENT_ALLOWED_ORIGINS: {origin!r} is not an https origin "
                    "(or http on 127.0.0.1, localhost, [::1]) without path or trailing slash."
                )
        self._origins = frozenset(origins)

    def require(self, origin: object) -> str:
        """The origin when it stands on the list, else CallerNotAllowed."""
        if not isinstance(origin, str) or origin not in self._origins:
            raise CallerNotAllowed
        return origin
