"""Login by TLS client certificate: what counts as handed on by nginx, and every way it does not."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from app.audit.actions import Action
from app.authz.actor import Assurance
from app.core import clock
from app.core.errors import Misconfigured
from app.identity.client_certificate import (
    CERTIFICATE_HEADER,
    LONGEST_HEADER,
    PROOF_HEADER,
    CertificatePort,
)
from app.web.models import BrowserSession
from tests.app.ledger import all_of, events
from tests.forgery import altered
from tests.pki import issue_card, rsa_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cryptography import x509
    from flask import Flask
    from werkzeug.test import TestResponse

    from config.settings import PortalSettings
    from simulators.jlis.office import Office
    from tests.app.browser import Browser
    from tests.app.world import World

PROOF = "p" * 43
PATH = "/login/certificate"
PORT = "https://tsunagu.example:8443"


pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""Nothing here is written in a way of its own."""


@pytest.fixture(autouse=True)
def port(portal: Flask, monkeypatch: pytest.MonkeyPatch) -> CertificatePort:
    """The portal with a port for certificates."""
    made = CertificatePort(PORT, PROOF)
    monkeypatch.setitem(portal.extensions, "certificate_port", made)
    return made


def escaped(certificate: x509.Certificate) -> str:
    """As nginx writes ``$ssl_client_escaped_cert``."""
    return quote(certificate.public_bytes(Encoding.PEM).decode(), safe="")


def show(
    browser: Browser, certificate: str, proof: str = PROOF, peer: str = "127.0.0.1", **more: str
) -> TestResponse:
    """Press the button behind nginx; parts of what it says may be empty."""
    said = {CERTIFICATE_HEADER: certificate, PROOF_HEADER: proof}
    headers = {name: value for name, value in said.items() if value} | more
    return browser.post(PATH, headers=headers, environ_base={"REMOTE_ADDR": peer})


def refused(answered: TestResponse, code: str, status: int = 403) -> str:
    assert answered.status_code == status
    last = events(Action.LOGIN_REFUSED)[-1]
    assert (last.outcome, last.detail) == ("refused", {"reason": code, "acr": "card-tls"})
    assert not all_of(BrowserSession, assurance=int(Assurance.CARD))
    return answered.text


def test_a_certificate_from_our_nginx_opens_a_session_of_the_card(
    stranger: Browser, world: World, portal: Flask
) -> None:
    mother = world["mother"]
    certificate = escaped(mother.card.auth.certificate)
    stranger.get("/login?next=/handbook/news")
    page = stranger.get(PATH, headers={CERTIFICATE_HEADER: certificate, PROOF_HEADER: PROOF})
    assert "この証明書でログイン" in page.text
    origin = portal.config["ORIGIN"]
    assert f"form-action 'self' {origin};" in page.headers["Content-Security-Policy"]
    before = stranger.cookie()
    answered = show(stranger, certificate)
    assert (answered.status_code, answered.location) == (303, origin + "/handbook/news")
    assert stranger.cookie() != before
    (row,) = all_of(BrowserSession, assurance=int(Assurance.CARD))
    assert row.account_id == mother.account_id
    (event,) = events(Action.LOGIN_SUCCEEDED)
    assert (event.entity_id, event.detail) == (mother.account_id, {"acr": "card-tls"})


def test_a_forged_header_is_refused(stranger: Browser, world: World) -> None:
    certificate = escaped(world["mother"].card.auth.certificate)
    forged = "client-certificate-forged"
    assert "正しい入口" in refused(show(stranger, certificate, proof=""), forged)
    refused(show(stranger, certificate, proof="p" * 42), forged)
    refused(show(stranger, certificate, proof="\u00e9" * 20), forged)
    refused(show(stranger, "", proof="guess"), forged)
    for peer in ("192.0.2.7", "10.0.0.1", "", "unix:"):
        refused(show(stranger, certificate, peer=peer), forged)
    near = {"X-Forwarded-For": "127.0.0.1"}
    refused(show(stranger, certificate, peer="192.0.2.7", **near), forged)
    seen = stranger.get(PATH, headers={CERTIFICATE_HEADER: certificate})
    assert (seen.status_code, "この証明書で" in seen.text) == (403, False)


def test_without_nginx_there_is_no_such_page(stranger: Browser) -> None:
    assert stranger.get(PATH).status_code == 404
    assert stranger.post(PATH).status_code == 404


def test_without_a_port_nothing_is_believed(
    stranger: Browser, world: World, portal: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert PORT + PATH in stranger.get("/login").text
    monkeypatch.setitem(portal.extensions, "certificate_port", None)
    assert PATH not in stranger.get("/login").text
    certificate = escaped(world["mother"].card.auth.certificate)
    refused(show(stranger, certificate), "client-certificate-forged")


def test_who_shows_no_certificate_is_told_so(stranger: Browser) -> None:
    page = refused(show(stranger, ""), "client-certificate-missing")
    assert "利用者クライアントソフト" in page


def test_what_is_no_certificate_is_refused(stranger: Browser, world: World) -> None:
    good = escaped(world["mother"].card.auth.certificate)
    armor = quote("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n")
    for text in (
        "x",
        good + good,
        good[:-60],
        armor.replace("%7B%7D", "%3D%3D%3D"),
        "A" * LONGEST_HEADER + "A",
    ):
        refused(show(stranger, text), "client-certificate-malformed", 422)
    for inside in ("AAAA", "MAMCAQE%3D"):
        answered = show(stranger, armor.replace("%7B%7D", inside))
        assert answered.status_code in {403, 422}
    assert not all_of(BrowserSession, assurance=int(Assurance.CARD))


def test_whose_key_it_is_is_for_the_portal_to_judge(
    stranger: Browser, world: World, jlis: Office
) -> None:
    mother, thief = world["mother"].card, rsa_key(7)
    own = altered(mother.auth.certificate, thief, public_key=thief.public_key())
    pem = (
        b"-----BEGIN CERTIFICATE-----\n"
        + base64.encodebytes(own)
        + b"\n-----END CERTIFICATE-----\n"
    )
    refused(show(stranger, quote(pem.decode(), safe="")), "unknown-issuer")
    refused(show(stranger, escaped(mother.signing.certificate)), "wrong-policy")
    now = clock.now()
    nobody = issue_card(jlis, at=now - timedelta(days=9))
    refused(show(stranger, escaped(nobody.auth.certificate)), "not-registered")
    jlis.revoke(nobody.name, at=now - timedelta(minutes=1))
    page = refused(show(stranger, escaped(nobody.auth.certificate)), "certificate-revoked")
    assert "失効しています" in page


def test_another_persons_card_never_takes_over_a_session(
    client_for: Callable[..., Browser], world: World
) -> None:
    father = client_for("father", Assurance.PASSKEY)
    assert show(father, escaped(world["mother"].card.auth.certificate)).status_code == 403
    (row,) = all_of(BrowserSession, account_id=world["father"].account_id)
    assert row.assurance == Assurance.PASSKEY


def test_a_link_alone_logs_nobody_in(stranger: Browser, world: World) -> None:
    certificate = escaped(world["mother"].card.auth.certificate)
    headers = {CERTIFICATE_HEADER: certificate, PROOF_HEADER: PROOF}
    assert stranger.get(PATH, headers=headers).status_code == 200
    assert stranger.client.post(PATH, headers=headers).status_code == 400
    assert not all_of(BrowserSession, assurance=int(Assurance.CARD))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"client_certificate_origin": "http://tsunagu.example:8443"}, "https"),
        ({"client_certificate_origin": "https://other.example:8443"}, "own name"),
        ({"client_certificate_origin": "https://tsunagu.example"}, "another port"),
        ({"client_certificate_origin": PORT + "/x"}, "another port"),
        ({"origin": "http://tsunagu.example"}, "https"),
        ({"client_certificate_proof": "short"}, "fewer than 32"),
        ({"client_certificate_proof": None}, "cannot be read"),
    ],
)
def test_a_port_that_cannot_be_trusted_stops_the_start(
    settings: PortalSettings, tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    def made(content: str | None) -> Path:
        path = tmp_path / "proof"
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_text(content + "\n", encoding="ascii")
        return path

    good: dict[str, Any] = {
        "origin": "https://tsunagu.example",
        "client_certificate_origin": PORT,
        "client_certificate_proof": PROOF,
    }
    for fields, fails in ((good, False), (good | changes, True)):
        ready = fields | {"client_certificate_proof": made(fields["client_certificate_proof"])}
        chosen = settings.model_copy(update=ready)
        if fails:
            with pytest.raises(Misconfigured, match=words):
                CertificatePort.of(chosen)
        else:
            assert CertificatePort.of(chosen) == CertificatePort(PORT, PROOF)
