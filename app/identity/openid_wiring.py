"""The provider of the settings, refused when it must not be relied on."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.core.errors import Misconfigured
from app.crypto.signing import SigningKey
from app.identity.openid import Profile, RegisteredClient
from app.identity.openid_provider import OpenIdProvider, make_client
from config.settings import Mode

if TYPE_CHECKING:
    from config.settings import PortalSettings


def phone_provider(settings: PortalSettings) -> OpenIdProvider | None:
    """The upstream provider, None when there is none. Raises Misconfigured."""
    issuer = settings.phone_login_issuer
    if not issuer:
        return None
    parts = urlsplit(issuer)
    if settings.mode is Mode.PRODUCTION and parts.scheme != "https":
        raise Misconfigured("TSUNAGU_PHONE_LOGIN_ISSUER must be https:// in production mode")
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query:
        raise Misconfigured("TSUNAGU_PHONE_LOGIN_ISSUER is not the address of an issuer")
    if not settings.phone_login_client_id:
        raise Misconfigured("TSUNAGU_PHONE_LOGIN_CLIENT_ID is missing")
    return OpenIdProvider(
        issuer=issuer,
        registered=RegisteredClient(
            settings.phone_login_client_id, Profile.load(settings.phone_login_profile)
        ),
        key=SigningKey.load(settings.phone_login_key),
        http=make_client(),
    )
