"""One person's browser in front of the portal: cookies, CSRF tokens, and the card."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from app.authz.actor import Assurance
from app.core import clock
from app.core.db import transaction
from app.crypto.digests import sha256_hex
from app.crypto.tokens import new_token
from app.jpki.challenge import Challenge
from app.web.models import BrowserSession
from tests.app.world import ORIGIN
from tests.pki import answer

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from simulators.jlis.card_folder import Issued
    from tests.app.world import Resident

COOKIE = "tsunagu"
TOKEN = re.compile(r'(?:name="csrf_token"[^>]*value|data-csrf)="([^"]+)"')


@dataclass
class Browser:
    """A test client that remembers its CSRF token as a page does."""

    client: FlaskClient
    tokens: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **options: Any) -> TestResponse:
        """Open a page."""
        return self.client.get(path, **options)

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        """Send a form with its CSRF token."""
        form = {"csrf_token": self.csrf_token(), **(data or {})}
        return self.client.post(path, data=form, **options)

    def send(self, path: str, body: object, **headers: str) -> TestResponse:
        """Send JSON as a script of our own page does."""
        known = {"X-CSRFToken": self.csrf_token(), "Accept": "application/json"}
        return self.client.post(path, json=body, headers={**known, **headers})

    def csrf_token(self) -> str:
        """The token a page carries; a new session has a new one."""
        session = self.cookie() or ""
        if session not in self.tokens or not session:
            page = self.client.get("/login")
            if page.location:
                page = self.client.get("/handbook/more")
            found = TOKEN.search(page.text)
            assert found, f"no CSRF token on {page.request.path} ({page.status})"
            self.tokens[self.cookie() or ""] = found[1]
        return self.tokens[self.cookie() or ""]

    def cookie(self) -> str | None:
        """The session cookie's value."""
        found = self.client.get_cookie(COOKIE)
        return found.value if found else None

    def keep(self, token: str) -> None:
        """Use this session from now on."""
        self.client.set_cookie(COOKIE, token)

    def challenge(self, path: str = "/login/challenge") -> str:
        """A fresh nonce of this browser."""
        got = self.send(path, {})
        assert got.status_code == 200, got.text
        return str(got.json["nonce"]) if got.json else ""

    def log_in(self, issued: Issued, **changes: Any) -> TestResponse:
        """Challenge, card's answer, verdict. ``changes`` replace members of the token."""
        nonce = self.challenge()
        token = answer(issued, Challenge(nonce=nonce, origin=ORIGIN)) | changes
        return self.send("/login/card", {"nonce": nonce, "token": token})


def stranger(app: Flask) -> Browser:
    """A browser that never was here."""
    return Browser(app.test_client())


def logged_in(
    app: Flask, resident: Resident, *, assurance: Assurance = Assurance.CARD, **session: Any
) -> Browser:
    """The browser of somebody who logged in just now. ``session`` changes columns of its row."""
    token, now = new_token(), clock.now()
    columns: dict[str, Any] = {
        "account_id": resident.account_id,
        "assurance": int(assurance),
        "data": {},
        "created_at": now,
        "seen_at": now,
        "idle_seconds": 3600,
        "expires_at": now + timedelta(hours=12),
    }
    with transaction() as rows:
        rows.add(BrowserSession(id_hash=sha256_hex(token), **columns | session))
    browser = Browser(app.test_client())
    browser.keep(token)
    return browser


def encoded(data: bytes) -> str:
    """Base64, as JSON carries bytes."""
    return base64.b64encode(data).decode()
