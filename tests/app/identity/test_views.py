"""The card login over HTTP: what opens a session, and every way it does not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app.audit.actions import Action
from app.authz.actor import Assurance
from app.core import clock
from app.core.db import transaction
from app.crypto.digests import sha256_hex
from app.factory import create_app
from app.identity.limits import RESIDENT, STAFF
from app.identity.models import Account, CardChallenge, Credential
from app.jpki.challenge import Challenge
from app.jpki.fetch import make_client, status_source
from app.web.limits import limiter
from app.web.models import BrowserSession
from config.settings import RevocationPolicy
from tests.app.browser import Browser, encoded
from tests.app.browser import stranger as another_browser
from tests.app.ledger import all_of, changing, events
from tests.app.world import ORIGIN, Resident, credentials_of
from tests.forgery import altered
from tests.pki import answer, issue_card, rsa_key, sign_rs256

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from werkzeug.test import TestResponse

    from config.settings import PortalSettings
    from simulators.jlis.card_folder import Card
    from simulators.jlis.office import Office
    from tests.app.world import World


ONE_DATABASE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""What the first tests prove on both databases does not differ afterwards."""


@pytest.fixture
def mother(world: World) -> Resident:
    return world["mother"]


@pytest.fixture
def new_card(jlis: Office, database: str, mother: Resident) -> Callable[..., Card]:
    """One more card of the mother, registered with her account."""
    assert database

    def make(**options: Any) -> Card:
        card = issue_card(jlis, at=clock.now() - timedelta(days=9), **options)
        with transaction() as session:
            session.add_all(credentials_of(replace(mother, card=card)))
        return card

    return make


def refused(answered: TestResponse, code: str, status: int = 403) -> str:
    """Assert the refusal; return the address of its page."""
    assert answered.json is not None
    assert (answered.status_code, answered.json["code"]) == (status, code)
    last = events(Action.LOGIN_REFUSED)[-1]
    assert (last.outcome, last.detail, last.person_id) == ("refused", {"reason": code}, None)
    return str(answered.json["location"])


def test_a_card_opens_a_session_under_a_new_id(stranger: Browser, mother: Resident) -> None:
    stranger.csrf_token()
    before = stranger.cookie()
    answered = stranger.log_in(mother.card.auth)
    assert (answered.status_code, answered.json) == (200, {"location": "/"})
    after = stranger.cookie()
    assert after != before
    assert stranger.get("/").location == "/handbook/"
    stranger.keep(str(before))
    assert "/login" in stranger.get("/").location
    assert not all_of(BrowserSession, id_hash=sha256_hex(str(before)))


def test_a_login_is_written_down_and_the_certificate_marked_used(
    stranger: Browser, mother: Resident
) -> None:
    stranger.log_in(mother.card.auth)
    (event,) = events(Action.LOGIN_SUCCEEDED)
    assert (event.entity_id, event.person_id) == (mother.account_id, mother.person_id)
    assert event.detail == {"acr": "card"}
    (used,) = all_of(Credential, serial=mother.card.auth.serial)
    assert used.last_used_at is not None
    (other,) = all_of(Credential, serial=mother.card.signing.serial)
    assert other.last_used_at is None


def test_staff_get_a_shorter_idle_time(stranger: Browser, portal: Flask, world: World) -> None:
    stranger.log_in(world["mother"].card.auth)
    another_browser(portal).log_in(world["nurse"].card.auth)
    for key, limits in (("mother", RESIDENT), ("nurse", STAFF)):
        (row,) = all_of(BrowserSession, account_id=world[key].account_id)
        assert (row.idle_seconds, row.locks) == (limits.idle.total_seconds(), limits.locks)
        assert row.assurance == Assurance.CARD
        assert row.expires_at - row.created_at == limits.life


def test_a_second_card_opens_the_same_account(
    stranger: Browser, new_card: Callable[..., Card], mother: Resident
) -> None:
    assert stranger.log_in(new_card(generation=2).auth).status_code == 200
    assert all_of(BrowserSession, account_id=mother.account_id)


@ONE_DATABASE
def test_a_self_signed_certificate_with_the_victims_serial_is_refused(
    stranger: Browser, mother: Resident
) -> None:
    thief = rsa_key(7)
    der = altered(mother.card.auth.certificate, thief, public_key=thief.public_key())
    nonce = stranger.challenge()
    token = answer(
        mother.card.auth,
        signature=sign_rs256(thief, Challenge(nonce=nonce, origin=ORIGIN).signed_bytes),
    ) | {"certificate": encoded(der)}
    answered = stranger.send("/login/card", {"nonce": nonce, "token": token})
    page = stranger.get(refused(answered, "unknown-issuer"))
    assert "公的個人認証サービスの電子証明書ではありません。" in page.text


def test_a_token_serves_once(stranger: Browser, mother: Resident) -> None:
    nonce = stranger.challenge()
    session = str(stranger.cookie())
    token = answer(mother.card.auth, Challenge(nonce=nonce, origin=ORIGIN))
    body = {"nonce": nonce, "token": token}
    assert stranger.send("/login/card", body).status_code == 200
    page = stranger.get(refused(stranger.send("/login/card", body), "challenge-gone"))
    assert "時間がすぎました" in page.text
    stranger.keep(session)
    assert stranger.send("/login/card", body).status_code == 400, "the old session is dead"


def test_of_fifty_simultaneous_answers_one_gets_through(
    portal: Flask, stranger: Browser, mother: Resident
) -> None:
    nonce = stranger.challenge()
    token = answer(mother.card.auth, Challenge(nonce=nonce, origin=ORIGIN))
    headers = {"X-CSRFToken": stranger.csrf_token(), "Accept": "application/json"}
    session = str(stranger.cookie())

    def answer_once(_number: int) -> int:
        copy = portal.test_client()
        copy.set_cookie("tsunagu", session)
        body = {"nonce": nonce, "token": token}
        return copy.post("/login/card", json=body, headers=headers).status_code

    with ThreadPoolExecutor(50) as crowd:
        statuses = list(crowd.map(answer_once, range(50)))
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 400, 403}
    assert len(events(Action.LOGIN_SUCCEEDED)) == 1


def test_a_challenge_older_than_five_minutes_is_gone(stranger: Browser, mother: Resident) -> None:
    nonce = stranger.challenge()
    with changing(CardChallenge, nonce_hash=sha256_hex(nonce)) as row:
        row.expires_at -= timedelta(minutes=5)
    token = answer(mother.card.auth, Challenge(nonce=nonce, origin=ORIGIN))
    refused(stranger.send("/login/card", {"nonce": nonce, "token": token}), "challenge-gone")


def test_a_nonce_belongs_to_the_browser_that_asked(
    portal: Flask, stranger: Browser, mother: Resident
) -> None:
    nonce = another_browser(portal).challenge()
    stranger.challenge()
    token = answer(mother.card.auth, Challenge(nonce=nonce, origin=ORIGIN))
    refused(stranger.send("/login/card", {"nonce": nonce, "token": token}), "challenge-gone")


def test_a_nonce_of_the_reception_does_not_log_in(
    client_for: Callable[..., Browser], world: World
) -> None:
    desk = client_for("reception-a")
    nonce = desk.challenge("/imaging/reception/challenge")
    token = answer(world["mother"].card.auth, Challenge(nonce=nonce, origin=ORIGIN))
    refused(desk.send("/login/card", {"nonce": nonce, "token": token}), "challenge-gone")


@ONE_DATABASE
@pytest.mark.parametrize("wrong", [{"origin": "http://127.0.0.1:8001"}, {"nonce": "b" * 43}])
def test_an_answer_to_something_else_is_refused(
    stranger: Browser, mother: Resident, wrong: dict[str, str]
) -> None:
    nonce = stranger.challenge()
    other = replace(Challenge(nonce=nonce, origin=ORIGIN), **wrong)
    body = {"nonce": nonce, "token": answer(mother.card.auth, other)}
    page = stranger.get(refused(stranger.send("/login/card", body), "signature-invalid"))
    assert "この画面のための返事ではなかった" in page.text


@ONE_DATABASE
def test_an_expired_certificate_is_told_so(
    stranger: Browser, new_card: Callable[..., Card]
) -> None:
    card = new_card(valid_until=clock.now() - timedelta(seconds=1))
    page = stranger.get(refused(stranger.log_in(card.auth), "certificate-expired"))
    assert "電子証明書の更新をしてください。" in page.text


@ONE_DATABASE
def test_a_revoked_certificate_is_told_so(
    stranger: Browser, jlis: Office, new_card: Callable[..., Card]
) -> None:
    card = new_card()
    jlis.revoke(card.name, at=clock.now() - timedelta(minutes=1))
    page = stranger.get(refused(stranger.log_in(card.auth), "certificate-revoked"))
    assert "失効しています" in page.text


@ONE_DATABASE
def test_when_nobody_knows_the_status_nobody_gets_in(
    portal: Flask, stranger: Browser, mother: Resident, monkeypatch: pytest.MonkeyPatch
) -> None:
    verifier = portal.extensions["card_verifier"]
    nowhere = replace(verifier.trust.authentication, ocsp_url="http://127.0.0.1:1/ocsp")
    trust = replace(verifier.trust, authentication=nowhere)
    with make_client() as client:
        silent = status_source(RevocationPolicy.OCSP_FIRST, trust, client)
        monkeypatch.setitem(portal.extensions, "card_verifier", replace(verifier, status=silent))
        answered = stranger.log_in(mother.card.auth)
    page = stranger.get(refused(answered, "revocation-unknown", 503))
    assert "いまは有効性を確かめられません" in page.text


@ONE_DATABASE
def test_the_signature_certificate_does_not_log_in(stranger: Browser, mother: Resident) -> None:
    page = stranger.get(refused(stranger.log_in(mother.card.signing), "wrong-policy"))
    assert "ログイン用の証明書ではありません" in page.text


def test_an_unknown_certificate_is_shown_the_way_to_register(
    stranger: Browser, jlis: Office
) -> None:
    card = issue_card(jlis, at=clock.now() - timedelta(days=1))
    page = stranger.get(refused(stranger.log_in(card.auth), "not-registered"))
    assert "このカードで、いま利用申請ができます。" in page.text


def test_a_certificate_that_was_taken_off_the_account_says_so(
    stranger: Browser, mother: Resident
) -> None:
    with changing(Credential, serial=mother.card.auth.serial) as row:
        row.removed_at = clock.now()
    page = stranger.get(refused(stranger.log_in(mother.card.auth), "credential-removed"))
    assert "このカードは外されています" in page.text


def test_a_closed_account_stays_closed(stranger: Browser, mother: Resident) -> None:
    with changing(Account, id=mother.account_id) as row:
        row.closed_at = clock.now()
    page = stranger.get(refused(stranger.log_in(mother.card.auth), "account-closed"))
    assert "このアカウントは閉じられています" in page.text


def test_closing_an_account_ends_its_open_sessions(
    client_for: Callable[..., Browser], mother: Resident
) -> None:
    browser = client_for("mother")
    assert browser.get("/handbook/").status_code == 200
    with changing(Account, id=mother.account_id) as row:
        row.closed_at = clock.now()
    assert "/login" in browser.get("/handbook/").location


@ONE_DATABASE
@pytest.mark.parametrize(
    "changes",
    [
        {"certificate": "AAAA"},
        {"certificate": "not base64"},
        {"algorithm": "none"},
        {"version": 2},
        {"more": 1},
        {"signature": ""},
    ],
    ids=str,
)
def test_a_malformed_token_is_refused_by_name(
    stranger: Browser, mother: Resident, changes: dict[str, Any]
) -> None:
    answered = stranger.log_in(mother.card.auth, **changes)
    assert answered.json is not None
    code = answered.json["code"]
    assert code in {"malformed-token", "malformed-certificate"}
    assert stranger.get(refused(answered, code)).status_code == 200


@ONE_DATABASE
@pytest.mark.parametrize(
    "body", [[], 7, {}, {"nonce": "x"}, {"nonce": "é" * 43, "token": {}}, {"nonce": "b" * 43}]
)
def test_a_body_that_is_no_answer_is_refused_before_anything_else(
    stranger: Browser, body: object
) -> None:
    answered = stranger.send("/login/card", body)
    assert answered.status_code == 422
    assert answered.json is not None
    assert answered.json["code"] == "malformed-token"


@ONE_DATABASE
@pytest.mark.parametrize(
    ("asked", "led_to"),
    [
        ("/handbook/schedule?lang=en", "/handbook/schedule?lang=en"),
        ("/imaging/mine", "/imaging/mine"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("/x\nSet-Cookie: a=b", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("handbook", "/"),
        ("/" + "a" * 500, "/"),
        ("", "/"),
    ],
)
def test_after_the_login_one_stays_on_this_site(
    stranger: Browser, mother: Resident, asked: str, led_to: str
) -> None:
    stranger.get("/login", query_string={"next": asked})
    answered = stranger.log_in(mother.card.auth)
    assert answered.json == {"location": led_to}


@ONE_DATABASE
def test_who_is_logged_in_needs_no_login_page(client_for: Callable[..., Browser]) -> None:
    browser = client_for("mother")
    assert browser.get("/login?next=/handbook/news").location == "/handbook/news"
    assert browser.get("/login?next=//evil.example").location == "/"
    assert browser.get("/login?why=card").status_code == 200


def test_signing_out_ends_the_session_on_the_server(
    client_for: Callable[..., Browser], mother: Resident
) -> None:
    browser = client_for("mother")
    browser.csrf_token()
    old = str(browser.cookie())
    assert browser.post("/logout").location == "/login"
    assert not all_of(BrowserSession, account_id=mother.account_id)
    browser.keep(old)
    assert "/login" in browser.get("/handbook/").location
    (event,) = events(Action.LOGOUT)
    assert event.agent_id == mother.account_id


@pytest.fixture
def limited(database: str, settings: PortalSettings) -> Iterator[Browser]:
    """A browser in front of a portal with rate limits."""
    app = create_app(settings.model_copy(update={"rate_limits": True, "database_url": database}))
    yield another_browser(app)
    limiter.reset()
    limiter.enabled = False


def test_too_many_questions_are_asked_to_wait(limited: Browser) -> None:
    statuses = [limited.send("/login/challenge", {}).status_code for _ in range(301)]
    assert statuses == [200] * 300 + [429]
    problem = limited.send("/login/challenge", {})
    assert problem.json is not None
    assert problem.json["code"] == "too-many-requests"
    assert int(problem.headers["Retry-After"]) > 0
    page = limited.post("/login/challenge", headers={"Accept": "text/html"})
    assert page.status_code == 429
    assert "少しお待ちください" in page.text


def test_too_many_answers_are_asked_to_wait(limited: Browser) -> None:
    statuses = [limited.send("/login/card", {}).status_code for _ in range(121)]
    assert statuses == [422] * 120 + [429]
