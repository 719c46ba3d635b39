"""The card that was presented a moment ago: kept in the browser's session until the signature.

It names no person. What stands here was proved by ``present_card``; the session lives in our own
database, so nobody else can have written it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from app.core.clock import japanese_day
from app.crypto.digests import sha256_hex
from app.jpki.names import CredentialName

if TYPE_CHECKING:
    from app.jpki.authentication import VerifiedHolder

HOLD = timedelta(minutes=15)
"""From the card's answer to the signature; long enough to read the text."""


@dataclass(frozen=True)
class PresentedCard:
    """One proved login certificate, the answer that proved it, and what its issuer said."""

    issuer_key_id: str
    serial: str
    not_after: str
    presented_at: str
    mark: str
    nonce: str
    token: dict[str, Any]
    status: dict[str, Any]

    @classmethod
    def of(
        cls,
        holder: VerifiedHolder,
        certificate_der: bytes,
        *,
        nonce: str,
        token: dict[str, Any],
        status: dict[str, Any],
        at: datetime,
    ) -> Self:
        """From a proof. ``mark`` is the certificate's SHA-256, which the applicant will sign."""
        return cls(
            issuer_key_id=holder.credential.issuer_key_id,
            serial=holder.credential.serial,
            not_after=holder.not_after.isoformat(),
            presented_at=at.isoformat(),
            mark=sha256_hex(certificate_der),
            nonce=nonce,
            token=token,
            status=status,
        )

    @property
    def name(self) -> CredentialName:
        """Issuer and serial."""
        return CredentialName(self.issuer_key_id, self.serial)

    @property
    def ends_at(self) -> datetime:
        """The certificate's notAfter."""
        return datetime.fromisoformat(self.not_after)

    @property
    def since(self) -> datetime:
        """When the card answered: nothing signed in this act can be older."""
        return datetime.fromisoformat(self.presented_at)

    def is_fresh(self, now: datetime) -> bool:
        """Whether the signature still belongs to the same act."""
        return now - self.since <= HOLD

    def plausibly_shares_a_card(self, other_not_after: datetime) -> bool:
        """Whether both certificates may be of one person's card.

        Nothing says so for certain: the login certificate names nobody. But certificates end on
        their holder's birthday, so those of one person end on the same day of the year.
        """
        mine, theirs = japanese_day(self.ends_at), japanese_day(other_not_after)
        return (mine.month, mine.day) == (theirs.month, theirs.day)

    def to_json(self) -> dict[str, Any]:
        """For the session."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any] | None) -> Self | None:
        """From the session; None when no card was presented."""
        return cls(**data) if data else None
