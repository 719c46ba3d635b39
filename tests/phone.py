"""A simulated デジタル認証アプリ for tests, over HTTP, and what a person does on its page."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx

from app.crypto.signing import SigningKey, generate_key_pem, public_jwks
from app.identity.openid import Profile, RegisteredClient
from app.identity.openid_provider import OpenIdProvider, make_client
from config.settings import ROOT
from simulators.openid.phones import Phones
from simulators.openid.provider import Client, Provider
from simulators.openid.server import Desk, bind, issuer_at, make_app
from tests.app.world import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLIENT_ID = "tsunagu-test"
RETURNS = (ORIGIN + "/login/phone/return", ORIGIN + "/account/phones/return")
PROFILE = ROOT / "config" / "openid" / "digital-auth-app.json"


@dataclass
class PhoneWorld:
    """The provider, the portal's client of it, and the key between them."""

    provider: Provider
    client: OpenIdProvider

    def answer(self, address: str, person: str, pin: str = "1234", **form: str) -> str:
        """Choose the phone, type the PIN; the path the browser is sent back to."""
        got = httpx.post(address, data={"phone": person, "pin": pin, **form}, timeout=30)
        assert got.status_code == 303, got.text
        parts = urlsplit(got.headers["Location"])
        return f"{parts.path}?{parts.query}"


def asked(address: str) -> dict[str, str]:
    """The parameters of an address, each once."""
    found = parse_qs(urlsplit(address).query, strict_parsing=True)
    return {name: values[0] for name, values in found.items() if len(values) == 1}


@contextmanager
def phone_world(var: Path, **changes: Any) -> Iterator[PhoneWorld]:
    """A provider whose phones are the cards below ``var``. ``changes``: fields of its client."""
    key = SigningKey.from_pem(generate_key_pem())
    client = Client(CLIENT_ID, RETURNS, public_jwks([key]))
    provider = Provider("", {CLIENT_ID: client})
    server = bind(make_app(Desk(provider, Phones(var))), 0)
    provider.issuer = issuer_at(server.server_port)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    registered = RegisteredClient(CLIENT_ID, Profile.load(PROFILE))
    fields = {"issuer": provider.issuer, "registered": registered, "key": key, **changes}
    with make_client() as http:
        yield PhoneWorld(provider, OpenIdProvider(http=http, **fields))
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)
