"""A portal at an address where browsers allow passkeys, and somebody who has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.identity.passkeys import relying_party_of
from tests.app.identity.authenticator import ORIGIN, Authenticator, enrol

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.app.browser import Browser


@pytest.fixture
def at_localhost(portal: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The portal as it is wired for ``http://localhost:8000``; cards answer its usual origin."""
    monkeypatch.setitem(portal.extensions, "relying_party", relying_party_of(ORIGIN))
    return portal


@pytest.fixture
def device(at_localhost: Flask, client_for: Callable[..., Browser]) -> Authenticator:
    """The mother's phone with an enrolled passkey that counts."""
    assert at_localhost.extensions["relying_party"]
    phone = Authenticator(counter=7)
    assert enrol(client_for("mother"), phone, "でんわ").status_code == 200
    phone.counter += 1
    return phone
