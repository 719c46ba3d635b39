"""Which carriers this portal has, by its settings."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from app.crypto.signing import SigningKey
from app.notifications.mail import Mailer, SmtpServer
from app.notifications.models import ChannelKind
from app.notifications.push import PushSender, PushServices

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

    from app.notifications.carriers import Carrier
    from config.settings import PortalSettings


def wire_notifications(app: Flask, settings: PortalSettings) -> None:
    """Mail when a server is named, push when there is a key. Raises ``Misconfigured``."""
    services = PushServices(settings.push_services)
    carriers: dict[ChannelKind, Carrier] = {}
    smtp_url = settings.smtp_url.get_secret_value()
    if smtp_url:
        carriers[ChannelKind.MAIL] = Mailer(SmtpServer.of(smtp_url), settings.mail_from)
    if settings.push_key.is_file():
        contact = settings.push_contact or f"mailto:{settings.mail_from}"
        carriers[ChannelKind.WEB_PUSH] = PushSender.load(settings.push_key, contact, services)
    app.extensions["carriers"] = carriers
    app.extensions["push_services"] = services
    app.extensions["push_key"] = _public(settings.push_key)


def _public(key: Path) -> str | None:
    """The public point as a browser wants it (RFC 8292 §3.2): base64url, 65 bytes."""
    if not key.is_file():
        return None
    jwk = SigningKey.load(key).public_jwk()
    point = b"\x04" + b"".join(_decoded(str(jwk[name])) for name in ("x", "y"))
    return base64.urlsafe_b64encode(point).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
