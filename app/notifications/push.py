"""Web Push (RFC 8030): encrypted for one browser (RFC 8291), signed by this portal (RFC 8292)."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
from py_vapid import Vapid, VapidException
from pywebpush import WebPusher

from app.core import clock
from app.core.errors import Misconfigured
from app.notifications.errors import AddressGone, CarrierDown, SubscriptionUnusable
from app.notifications.messages import wording

if TYPE_CHECKING:
    from pathlib import Path

    from app.notifications.carriers import Message

TIMEOUT_SECONDS = 20
DAY_SECONDS = 24 * 3600
SIGNATURE_SECONDS = 12 * 3600
LONGEST_ENDPOINT = 1000
_POINT_BYTES, _SECRET_BYTES = 65, 16
_GONE = frozenset({404, 410})


@dataclass(frozen=True)
class PushServices:
    """Which push services may be called: origins, a leading ``*.`` for any name below."""

    origins: tuple[str, ...]

    def allows(self, endpoint: str) -> bool:
        """Whether an endpoint belongs to one of them."""
        try:
            parts = urlsplit(endpoint)
            _ = parts.port
        except ValueError:
            return False
        if "@" in parts.netloc or len(endpoint) > LONGEST_ENDPOINT:
            return False
        return any(self._matches(origin, parts.scheme, parts.netloc) for origin in self.origins)

    @staticmethod
    def _matches(origin: str, scheme: str, netloc: str) -> bool:
        known = urlsplit(origin)
        if known.netloc.startswith("*."):
            return scheme == known.scheme and netloc.endswith(known.netloc[1:])
        return scheme == known.scheme and netloc == known.netloc


def read_subscription(body: Any, services: PushServices) -> str:
    """A browser's subscription as canonical JSON. Raises ``SubscriptionUnusable``."""
    try:
        endpoint, keys = body["endpoint"], body["keys"]
        p256dh, auth = str(keys["p256dh"]), str(keys["auth"])
        lengths = len(_decoded(p256dh)), len(_decoded(auth))
    except (TypeError, KeyError, ValueError, binascii.Error) as problem:
        raise SubscriptionUnusable("not a push subscription") from problem
    if not isinstance(endpoint, str) or not services.allows(endpoint):
        raise SubscriptionUnusable("not a push service we know")
    if lengths != (_POINT_BYTES, _SECRET_BYTES) or _decoded(p256dh)[:1] != b"\x04":
        raise SubscriptionUnusable("keys of another length")
    return json.dumps({"endpoint": endpoint, "keys": {"auth": auth, "p256dh": p256dh}})


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


@dataclass(frozen=True, repr=False)
class PushSender:
    """The carrier of Web Push. ``contact``: whom a push service writes to, ``mailto:`` or URL."""

    vapid: Vapid
    contact: str
    services: PushServices
    client: httpx.Client = field(
        default_factory=lambda: httpx.Client(
            timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False
        )
    )

    @classmethod
    def load(cls, key: Path, contact: str, services: PushServices) -> PushSender:
        """With the P-256 key of a PEM file. Raises ``Misconfigured``."""
        try:
            return cls(Vapid.from_pem(key.read_bytes()), contact, services)
        except (OSError, ValueError, VapidException) as problem:
            raise Misconfigured(f"no P-256 key for Web Push in {key.name}") from problem

    def carry(self, message: Message) -> None:
        """Hand over one push. Raises ``AddressGone``, ``CarrierDown``."""
        subscription = json.loads(message.address)
        endpoint = subscription["endpoint"]
        if not self.services.allows(endpoint):
            raise AddressGone("not-allowed")
        try:
            answer = self.client.post(
                endpoint,
                content=_encrypted(subscription, message),
                headers=self._headers(endpoint, message),
            )
        except httpx.HTTPError as problem:
            raise CarrierDown(type(problem).__name__) from problem
        if answer.status_code in _GONE:
            raise AddressGone(str(answer.status_code))
        if not answer.is_success:
            raise CarrierDown(str(answer.status_code))

    def _headers(self, endpoint: str, message: Message) -> dict[str, str]:
        parts = urlsplit(endpoint)
        expires = int(clock.now().timestamp()) + SIGNATURE_SECONDS
        claims = {"aud": f"{parts.scheme}://{parts.netloc}", "sub": self.contact, "exp": expires}
        return {
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(3 * DAY_SECONDS),
            "Topic": message.id.hex,
            "Urgency": "normal",
            **self.vapid.sign(claims),
        }


def _encrypted(subscription: dict[str, Any], message: Message) -> bytes:
    """What the service worker shows: words without content, the tag, where a tap leads."""
    words = wording(message)
    shown = {
        "title": words.subject,
        "body": words.body,
        "tag": str(message.id),
        "lang": message.language.html_lang,
        "link": urlsplit(message.link).path,
    }
    plain = json.dumps(shown, ensure_ascii=False)
    try:
        encoded = WebPusher(subscription).encode(plain.encode(), content_encoding="aes128gcm")
    except ValueError as problem:
        raise AddressGone("unusable-key") from problem
    return bytes(encoded["body"])
