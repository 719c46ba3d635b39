"""A software authenticator: makes passkeys and signs with them, honestly or as told."""

from __future__ import annotations

import base64
import json
import secrets
import struct
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from tests.app.browser import Browser

ORIGIN = "http://localhost:8000"
ES256 = -7
USER_PRESENT, USER_VERIFIED, ATTESTED = 0x01, 0x04, 0x40


@dataclass
class Authenticator:
    """One passkey on one device. Fields may be changed to make it lie."""

    origin: str = ORIGIN
    rp_id: str = "localhost"
    flags: int = USER_PRESENT | USER_VERIFIED
    counter: int = 0
    cross_origin: bool = False
    user_handle: bytes = b""
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def make(
        self, options: dict[str, Any], changes: dict[int, Any] | None = None
    ) -> dict[str, Any]:
        """``RegistrationResponseJSON``; ``changes`` replace members of the COSE key."""
        self.user_handle = decoded(options["user"]["id"])
        point = self.key.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (point.x, point.y))
        cose = cbor.encode({1: 2, 3: ES256, -1: 1, -2: x, -3: y, **(changes or {})})
        attested = bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id
        data = self._data(ATTESTED) + attested + cose
        made = cbor.encode({"fmt": "none", "authData": data, "attStmt": {}})
        client = self._client("webauthn.create", options["challenge"])
        return self._credential(clientDataJSON=client, attestationObject=made)

    def sign(self, options: dict[str, Any], kind: str = "webauthn.get") -> dict[str, Any]:
        """``AuthenticationResponseJSON`` for these request options."""
        data, client = self._data(), self._client(kind, options["challenge"])
        signature = self.key.sign(data + sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._credential(
            clientDataJSON=client,
            authenticatorData=data,
            signature=signature,
            userHandle=self.user_handle,
        )

    def _data(self, more: int = 0) -> bytes:
        rp_hash = sha256(self.rp_id.encode()).digest()
        return rp_hash + struct.pack(">BI", self.flags | more, self.counter)

    def _client(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin}
        return json.dumps({**said, "crossOrigin": self.cross_origin}).encode()

    def _credential(self, **response: bytes) -> dict[str, Any]:
        raw = encoded(self.credential_id)
        members = {name: encoded(value) for name, value in response.items()}
        return {"id": raw, "rawId": raw, "type": "public-key", "response": members}


def enrol(browser: Browser, device: Authenticator, label: str = "") -> TestResponse:
    """Challenge, new passkey, verdict, as the page of the account does it."""
    options = browser.send("/account/passkeys/challenge", {})
    assert options.json is not None
    body = {"label": label, "credential": device.make(options.json)}
    return browser.send("/account/passkeys", body)


def log_in(browser: Browser, device: Authenticator) -> TestResponse:
    """Challenge, passkey's answer, verdict, as the login page does it."""
    options = browser.send("/login/passkey/challenge", {})
    assert options.json is not None
    return browser.send("/login/passkey", {"credential": device.sign(options.json)})


def encoded(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """From base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
