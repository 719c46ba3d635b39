"""Image-access tokens: what ``config/wire/image-access-token.schema.json`` says, signed ES256."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from app.core.ids import new_id
from app.imaging.models import IssuedToken

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from app.crypto.signing import SigningKey

CHECK_LIFE = timedelta(minutes=1)
TOKEN_TYPE = "tsunagu-image-access+jwt"  # noqa: S105 - a media type


@dataclass(frozen=True)
class TokenIssuer:
    """The portal's signing key and its name."""

    key: SigningKey
    issuer: str

    def issue(self, token: IssuedToken, *, account_id: UUID, studies: Sequence[str]) -> str:
        """The compact JWS."""
        return self._sign(token, account_id, studies)

    def issue_for_check(self, gateway_id: UUID, study: str, *, at: datetime) -> str:
        """A token of one minute for a gateway's own test study: kept nowhere, of no grant."""
        token = IssuedToken(
            id=new_id(),
            grant_id=gateway_id,
            gateway_id=gateway_id,
            issued_at=at,
            expires_at=at + CHECK_LIFE,
        )
        return self._sign(token, gateway_id, [study])

    def _sign(self, token: IssuedToken, account_id: UUID, studies: Sequence[str]) -> str:
        claims = {
            "iss": self.issuer,
            "aud": str(token.gateway_id),
            "sub": str(account_id),
            "iat": int(token.issued_at.timestamp()),
            "exp": int(token.expires_at.timestamp()),
            "jti": str(token.id),
            "grant": str(token.grant_id),
            "studies": list(studies),
        }
        return self.key.sign(claims, typ=TOKEN_TYPE)
