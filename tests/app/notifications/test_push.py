"""Web Push: what a push service gets can be read by that browser alone and is signed by us."""

from __future__ import annotations

import base64
import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from uuid import UUID

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey
from typing_extensions import override

from app.core import clock
from app.core.errors import Misconfigured
from app.crypto.signing import SigningKey, generate_key_pem
from app.notifications.carriers import Message
from app.notifications.errors import AddressGone, CarrierDown, SubscriptionUnusable
from app.notifications.models import DeliveryKind
from app.notifications.push import PushSender, PushServices, read_subscription
from app.web.i18n import Language

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = UUID("01998b1e-0000-7000-8000-0000000000bb")


class Service:
    """A push service on loopback and one browser that subscribed to it."""

    def __init__(self) -> None:
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.answer = 201
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.received.append((dict(self.headers), body))
                self.send_response(service.answer)
                self.end_headers()

            @override
            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.secret = os.urandom(16)

    def subscription(self, **changes: Any) -> dict[str, Any]:
        """What the browser hands to the portal."""
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        keys = {"p256dh": encoded(point), "auth": encoded(self.secret)}
        return {"endpoint": f"{self.origin}/push/abc", "keys": keys} | changes

    def read(self) -> dict[str, str]:
        """The last message as the browser decrypts it."""
        plain = http_ece.decrypt(
            self.received[-1][1],
            private_key=self.key,
            auth_secret=self.secret,
            version="aes128gcm",
        )
        content: dict[str, str] = json.loads(plain)
        return content


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    thread = Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join(timeout=5)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "push.pem"
    path.write_bytes(generate_key_pem())
    return path


def message(service: Service) -> Message:
    services = PushServices((service.origin,))
    return Message(
        id=KEY,
        kind=DeliveryKind.REMINDER,
        address=read_subscription(service.subscription(), services),
        language=Language.JAPANESE,
        link="https://tsunagu.example/handbook/news",
    )


def sender(service: Service, key: Path) -> PushSender:
    return PushSender.load(key, "mailto:a@tsunagu.example", PushServices((service.origin,)))


def test_the_browser_reads_that_something_waits_and_nothing_else(
    service: Service, key: Path
) -> None:
    sender(service, key).carry(message(service))
    assert service.read() == {
        "title": "つなぐにお知らせがあります",
        "body": "ログインして、お知らせをごらんください。",
        "tag": str(KEY),
        "lang": "ja",
        "link": "/handbook/news",
    }
    headers = service.received[0][0]
    assert headers["Content-Encoding"] == "aes128gcm"
    assert headers["Topic"] == KEY.hex


def test_the_portal_proves_itself_to_the_push_service(service: Service, key: Path) -> None:
    sender(service, key).carry(message(service))
    scheme, _, parameters = service.received[0][0]["Authorization"].partition(" ")
    assert scheme == "vapid"
    fields = dict(part.strip().split("=", 1) for part in parameters.split(","))
    public = ECKey.import_key(SigningKey.load(key).public_jwk())
    claims = jwt.decode(fields["t"], public, algorithms=["ES256"]).claims
    assert claims["aud"] == service.origin
    assert claims["sub"] == "mailto:a@tsunagu.example"
    assert 0 < claims["exp"] - clock.now().timestamp() <= 24 * 3600


@pytest.mark.parametrize(
    ("status", "refusal"),
    [(404, AddressGone), (410, AddressGone), (429, CarrierDown), (500, CarrierDown)],
)
def test_gone_is_told_apart_from_later(
    service: Service, key: Path, status: int, refusal: type[Exception]
) -> None:
    service.answer = status
    with pytest.raises(refusal):
        sender(service, key).carry(message(service))


def test_nothing_is_sent_to_a_service_that_is_no_longer_allowed(
    service: Service, key: Path
) -> None:
    closed = PushSender.load(key, "mailto:a@b.example", PushServices(("https://push.example",)))
    with pytest.raises(AddressGone):
        closed.carry(message(service))
    assert service.received == []


@pytest.mark.parametrize(
    ("endpoint", "allowed"),
    [
        ("https://push.example/x", True),
        ("https://a.notify.example/x", True),
        ("http://push.example/x", False),
        ("https://push.example:444/x", False),
        ("https://push.example.evil.example/x", False),
        ("https://me@push.example/x", False),
        ("https://notify.example/x", False),
        ("https://evilnotify.example/x", False),
        ("https://push.example/" + "x" * 1000, False),
        ("http://[::1", False),
        ("http://169.254.169.254/latest", False),
    ],
)
def test_only_known_push_services_are_called(endpoint: str, *, allowed: bool) -> None:
    services = PushServices(("https://push.example", "https://*.notify.example"))
    assert services.allows(endpoint) is allowed


@pytest.mark.parametrize(
    "changes",
    [
        {"endpoint": "https://elsewhere.example/x"},
        {"endpoint": 7},
        {"keys": None},
        {"keys": {"p256dh": "AAAA", "auth": "AAAA"}},
        {"keys": {"p256dh": "!", "auth": "!"}},
    ],
)
def test_an_unusable_subscription_is_refused(service: Service, changes: dict[str, Any]) -> None:
    with pytest.raises(SubscriptionUnusable):
        read_subscription(service.subscription(**changes), PushServices((service.origin,)))


@pytest.mark.parametrize("body", [None, [], "x", 1, {}])
def test_no_subscription_at_all_is_refused(body: object) -> None:
    with pytest.raises(SubscriptionUnusable):
        read_subscription(body, PushServices(()))


def test_without_a_usable_key_push_does_not_start(tmp_path: Path) -> None:
    broken = tmp_path / "push.pem"
    broken.write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    with pytest.raises(Misconfigured):
        PushSender.load(broken, "mailto:a@b.example", PushServices(()))
