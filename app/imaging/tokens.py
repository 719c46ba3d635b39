"""Image-access tokens: what ``config/wire/image-access-token.schema.json`` says, signed ES256."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from app.crypto.signing import SigningKey
    from app.imaging.models import IssuedToken

TOKEN_TYPE = "tsunagu-image-access+jwt"  # noqa: S105 - a media type


@dataclass(frozen=True)
class TokenIssuer:
    """The portal's signing key and its name."""

    key: SigningKey
    issuer: str

    def issue(self, token: IssuedToken, *, account_id: UUID, studies: Sequence[str]) -> str:
        """The compact JWS."""
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
