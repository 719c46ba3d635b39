"""The first administrator of an organisation, whom no administrator can invite.

The operator of the portal issues a signed offer at the command line. Nothing is stored until it is
accepted; it counts once, for a day, and only while the organisation has no administrator.
"""

from __future__ import annotations

import base64
import binascii
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from app.audit import chain
from app.audit.actions import Action
from app.authz.actor import Role
from app.core import clock
from app.core.db import transaction
from app.core.ids import new_id
from app.crypto.digests import equal, keyed_hex, sha256_hex
from app.identity.models import StaffInvitation
from app.registry import queries
from app.registry.errors import AdministratorExists, OrganisationNotFound

if TYPE_CHECKING:
    from typing import Any

LIFE = timedelta(days=1)
CONTEXT = b"tsunagu-first-administrator-v1\x00"
_FIELDS = struct.Struct(">16s16sQ")


@dataclass(frozen=True)
class FirstOffer:
    """Invitation id, organisation, and the instant (whole seconds) after which it is void."""

    id: UUID
    organisation_id: UUID
    expires_at: datetime

    def code(self, key: bytes) -> str:
        """``claims.signature``: 54 characters base64url, 64 of HMAC-SHA-256 in hex."""
        claims = self.claims()
        return f"{claims}.{_signature(key, claims)}"

    def claims(self) -> str:
        """What the signature covers; worth nothing without it."""
        seconds = int(self.expires_at.timestamp())
        packed = _FIELDS.pack(self.id.bytes, self.organisation_id.bytes, seconds)
        return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()

    @classmethod
    def from_claims(cls, claims: str) -> FirstOffer | None:
        """The offer these claims describe; None when they are none."""
        try:
            packed = base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4))
            identifier, organisation, seconds = _FIELDS.unpack(packed)
            expires_at = datetime.fromtimestamp(seconds, UTC)
        except (binascii.Error, struct.error, ValueError, OverflowError, OSError):
            return None
        return cls(UUID(bytes=identifier), UUID(bytes=organisation), expires_at)

    @classmethod
    def from_code(cls, code: str, key: bytes) -> FirstOffer | None:
        """The offer, if we signed it; None for anything else."""
        claims, point, signature = code.partition(".")
        if not point or not code.isascii() or not equal(signature, _signature(key, claims)):
            return None
        return cls.from_claims(claims)

    def as_invitation(self, code_hash: str, account_id: UUID) -> StaffInvitation:
        """The row that keeps it once it is accepted; author and guest are one person."""
        invited_at = self.expires_at - LIFE
        return StaffInvitation(
            id=self.id,
            organisation_id=self.organisation_id,
            role=Role.ADMINISTRATOR,
            code_hash=code_hash,
            invited_by=account_id,
            invited_at=invited_at,
            expires_at=self.expires_at,
            from_on=invited_at.astimezone(clock.JST).date(),
        )


@dataclass(frozen=True)
class InvitationHandle:
    """What a browser's session remembers of an opened link: never the code itself."""

    code_hash: str
    first: FirstOffer | None = None

    @classmethod
    def of_code(cls, code: str, key: bytes) -> InvitationHandle:
        """The handle of a link just opened. Says nothing about whether the code is good."""
        return cls(sha256_hex(code), FirstOffer.from_code(code, key))

    def to_json(self) -> dict[str, str | None]:
        """For the session."""
        return {"hash": self.code_hash, "first": self.first.claims() if self.first else None}

    @classmethod
    def from_json(cls, kept: Any) -> InvitationHandle | None:
        """From the session; None when no link was opened."""
        if not isinstance(kept, dict):
            return None
        claims = kept.get("first")
        return cls(str(kept.get("hash")), FirstOffer.from_claims(claims) if claims else None)


def offer_first_administrator(official_code: str, key: bytes) -> tuple[str, FirstOffer]:
    """Organisation's name and a signed offer for whoever shall administer it first.

    Raises ``OrganisationNotFound`` and ``AdministratorExists``.
    """
    now = clock.now()
    with transaction() as session:
        organisation = queries.organisation_by_code(session, official_code)
        if organisation is None:
            raise OrganisationNotFound(official_code)
        if queries.has_administrator(session, organisation.id, clock.today()):
            raise AdministratorExists(official_code)
        expires_at = (now + LIFE).replace(microsecond=0)
        offer = FirstOffer(new_id(), organisation.id, expires_at)
        entity = chain.Entity("staff_invitation", offer.id)
        detail = {"role": Role.ADMINISTRATOR.value, "first": True}
        chain.record(
            session,
            None,
            Action.STAFF_INVITED,
            entity,
            organisation_id=organisation.id,
            detail=detail,
        )
        return organisation.name, offer


def _signature(key: bytes, claims: str) -> str:
    return keyed_hex(key, CONTEXT + claims.encode())
