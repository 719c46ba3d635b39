"""What can go wrong at the FHIR door, by type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.errors import Invalid, NotFound, Rejected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.fhir.outcome import Issue


class BadParameters(Invalid):
    """A request that cannot be answered as it stands; ``issues`` names each reason and place."""

    code = "bad-parameters"

    def __init__(self, issues: Sequence[Issue]) -> None:
        super().__init__("the request's parameters cannot be used")
        self.issues = tuple(issues)


class ClientNotTrusted(Rejected):
    """A request that no registered system signed."""

    code = "client-not-trusted"


class ClientNotFound(NotFound):
    """No registered system with this id."""

    code = "client-not-found"


class BadClientKey(Invalid):
    """The file holds no public EC P-256 key as a JWK, or it holds a private one."""

    code = "bad-client-key"
