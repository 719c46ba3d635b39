"""Login by デジタル認証アプリ over HTTP: what opens a session, what is added, what is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from app.audit.actions import Action
from app.authz.actor import Assurance
from app.core import clock
from app.core.db import reading
from app.core.errors import Misconfigured
from app.core.outbox import OutboxMessage
from app.crypto.digests import sha256_hex
from app.identity.models import Account, CardChallenge
from app.identity.openid import Attempt
from app.identity.openid_models import PhoneLink
from app.identity.openid_service import MOST_PHONES
from app.identity.openid_wiring import phone_provider
from app.web.models import BrowserSession
from config.settings import Mode
from tests.app.browser import stranger as another_browser
from tests.app.ledger import all_of, changing, events
from tests.phone import CLIENT_ID, PhoneWorld, asked, phone_world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from werkzeug.test import TestResponse

    from config.settings import PortalSettings
    from simulators.jlis.office import Office
    from tests.app.browser import Browser
    from tests.app.world import World

ONE_DATABASE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""What is refused before any row is written is the same on each."""
PHONE = {"User-Agent": "Mozilla/5.0 (Linux; Android 14) Chrome/140 Mobile Safari/537.36"}


@pytest.fixture
def phones(jlis: Office, portal: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[PhoneWorld]:
    """The portal with a provider of its own, whose phones are the people's cards."""
    with phone_world(jlis.var) as made:
        monkeypatch.setitem(portal.extensions, "phone_provider", made.client)
        yield made


@pytest.fixture
def linked(phones: PhoneWorld, client_for: Callable[..., Browser], world: World) -> PhoneWorld:
    """The mother has added her phone."""
    link(phones, client_for("mother"), world["mother"].card.name)
    return phones


def link(phones: PhoneWorld, browser: Browser, person: str) -> TestResponse:
    address = browser.get("/account/phones/new").location
    return browser.get(phones.answer(address, person))


def log_in(phones: PhoneWorld, browser: Browser, person: str) -> TestResponse:
    return browser.get(phones.answer(browser.get("/login/phone").location, person))


def refused(answered: TestResponse, code: str, browser: Browser) -> str:
    """Assert the refusal, that nobody got in, and that it was written down; the page's text."""
    assert (answered.status_code, answered.location) == (302, f"/login/failed/{code}")
    last = events(Action.LOGIN_REFUSED)[-1]
    assert (last.outcome, last.person_id) == ("refused", None)
    assert last.detail == {"reason": code, "acr": "phone"}
    assert not all_of(BrowserSession, assurance=int(Assurance.PHONE))
    return browser.get(answered.location).text


def test_a_phone_added_after_the_card_opens_a_session_of_its_own_level(
    linked: PhoneWorld, stranger: Browser, world: World
) -> None:
    stranger.get("/login?next=/handbook/news")
    before = stranger.cookie()
    answered = log_in(linked, stranger, world["mother"].card.name)
    assert (answered.status_code, answered.location) == (302, "/handbook/news")
    assert stranger.cookie() != before
    (row,) = all_of(BrowserSession, assurance=int(Assurance.PHONE))
    assert (row.account_id, row.id_hash) == (
        world["mother"].account_id,
        sha256_hex(str(stranger.cookie())),
    )
    assert "認証アプリでログイン中" in stranger.get("/handbook/news").text


@ONE_DATABASE
def test_adding_and_logging_in_are_written_down_and_told(
    linked: PhoneWorld, stranger: Browser, world: World
) -> None:
    mother = world["mother"]
    log_in(linked, stranger, mother.card.name)
    (added,) = events(Action.PHONE_ADDED)
    assert (added.agent_id, added.person_id) == (mother.account_id, mother.person_id)
    entered = events(Action.LOGIN_SUCCEEDED)[-1]
    assert (entered.entity_id, entered.detail) == (
        mother.account_id,
        {"acr": "phone", "upstream": "aal3"},
    )
    (row,) = all_of(PhoneLink)
    assert row.last_used_at is not None
    assert row.subject == linked.provider.subject(CLIENT_ID, mother.card.name)
    with reading() as session:
        (told,) = session.scalars(select(OutboxMessage)).all()
    assert told.payload == {"account_id": str(mother.account_id), "change": "phone-added"}


@ONE_DATABASE
def test_the_request_carries_everything_the_provider_demands(
    phones: PhoneWorld, stranger: Browser
) -> None:
    sent = asked(stranger.get("/login/phone").location)
    again = asked(stranger.get("/login/phone").location)
    assert (sent["response_type"], sent["scope"]) == ("code", "openid")
    assert (sent["code_challenge_method"], sent["acr_values"]) == ("S256", "aal3 crl")
    for name in ("state", "nonce", "code_challenge"):
        assert len(sent[name]) >= 43
        assert sent[name] != again[name]
    assert phones.provider.issuer not in sent["redirect_uri"]


@ONE_DATABASE
def test_what_is_worth_stealing_is_never_stored(phones: PhoneWorld, stranger: Browser) -> None:
    sent = asked(stranger.get("/login/phone").location)
    attempt = Attempt(sent["state"], str(stranger.cookie()))
    assert attempt.nonce == sent["nonce"]
    (challenge,) = all_of(CardChallenge, nonce_hash=sha256_hex(sent["state"]))
    (session,) = all_of(BrowserSession)
    kept = repr(vars(challenge)) + repr(vars(session))
    assert phones.client.key.key_id not in kept
    for secret in (attempt.verifier, attempt.nonce, sent["state"]):
        assert secret not in kept


@ONE_DATABASE
def test_the_phone_of_somebody_not_linked_is_told_so(
    linked: PhoneWorld, stranger: Browser, world: World
) -> None:
    page = refused(
        log_in(linked, stranger, world["father"].card.name), "phone-not-linked", stranger
    )
    assert "まだつながっていません" in page


@ONE_DATABASE
def test_an_account_that_was_closed_stays_closed(
    linked: PhoneWorld, stranger: Browser, world: World
) -> None:
    with changing(Account, id=world["mother"].account_id) as account:
        account.closed_at = clock.now()
    refused(log_in(linked, stranger, world["mother"].card.name), "account-closed", stranger)


@ONE_DATABASE
def test_an_answer_serves_once(linked: PhoneWorld, stranger: Browser, world: World) -> None:
    back = linked.answer(stranger.get("/login/phone").location, world["father"].card.name)
    refused(stranger.get(back), "phone-not-linked", stranger)
    assert "時間がすぎました" in refused(stranger.get(back), "phone-too-late", stranger)


def test_of_ten_answers_at_once_one_is_heard(
    portal: Flask, linked: PhoneWorld, stranger: Browser, world: World
) -> None:
    back = linked.answer(stranger.get("/login/phone").location, world["mother"].card.name)
    cookie = str(stranger.cookie())

    def open_it(_number: int) -> str:
        copy = portal.test_client()
        copy.set_cookie("tsunagu", cookie)
        return str(copy.get(back).location)

    with ThreadPoolExecutor(10) as crowd:
        places = list(crowd.map(open_it, range(10)))
    assert places.count("/") == 1
    assert set(places) == {"/", "/login/failed/phone-too-late"}


@ONE_DATABASE
def test_a_stolen_code_is_worth_nothing_in_another_browser(
    portal: Flask, linked: PhoneWorld, stranger: Browser, world: World
) -> None:
    thief = another_browser(portal)
    theirs = asked(thief.get("/login/phone").location)
    back = linked.answer(stranger.get("/login/phone").location, world["mother"].card.name)
    refused(thief.get(back), "phone-too-late", thief)
    stolen = asked(back) | {"state": theirs["state"]}
    refused(thief.get("/login/phone/return?" + urlencode(stolen)), "phone-refused-there", thief)


@ONE_DATABASE
def test_an_answer_after_ten_minutes_is_too_late(
    linked: PhoneWorld, stranger: Browser, world: World
) -> None:
    address = stranger.get("/login/phone").location
    with changing(CardChallenge, nonce_hash=sha256_hex(asked(address)["state"])) as row:
        assert timedelta(minutes=9) < row.expires_at - clock.now() <= timedelta(minutes=10)
        row.expires_at -= timedelta(minutes=10)
    back = linked.answer(address, world["mother"].card.name)
    refused(stranger.get(back), "phone-too-late", stranger)


@ONE_DATABASE
def test_an_answer_of_another_issuer_or_of_none_is_refused(
    linked: PhoneWorld, stranger: Browser, world: World
) -> None:
    for issuer in ({"iss": "https://elsewhere.example"}, {"iss": ""}, {}):
        back = asked(
            linked.answer(stranger.get("/login/phone").location, world["mother"].card.name)
        )
        del back["iss"]
        query = urlencode(back | issuer)
        refused(stranger.get("/login/phone/return?" + query), "phone-mixed-up", stranger)


@ONE_DATABASE
def test_a_token_with_a_wrong_claim_is_refused(
    linked: PhoneWorld, stranger: Browser, world: World
) -> None:
    for claims, code in (
        ({"nonce": "of-another-login"}, "phone-nonce-wrong"),
        ({"acr": "aal1"}, "phone-too-weak"),
        ({"auth_time": 1}, "phone-stale"),
        ({"iss": "https://elsewhere.example"}, "phone-token-invalid"),
    ):
        linked.provider.faults.claims = claims
        refused(log_in(linked, stranger, world["mother"].card.name), code, stranger)


@ONE_DATABASE
def test_a_token_under_a_foreign_key_is_refused(
    linked: PhoneWorld, stranger: Browser, world: World
) -> None:
    linked.provider.faults.foreign_key = True
    refused(log_in(linked, stranger, world["mother"].card.name), "phone-token-invalid", stranger)


@ONE_DATABASE
def test_the_provider_may_change_its_key_at_any_time(
    linked: PhoneWorld, stranger: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    linked.provider.rotate_key()
    later = clock.now() + timedelta(seconds=11)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert log_in(linked, stranger, world["mother"].card.name).location == "/"


@ONE_DATABASE
def test_an_error_of_the_provider_has_its_page(phones: PhoneWorld, stranger: Browser) -> None:
    for error, code in (
        ("access_denied", "phone-cancelled"),
        ("temporarily_unavailable", "phone-unavailable"),
        ("invalid_request", "phone-refused-there"),
        ("<b>bold</b>", "phone-refused-there"),
    ):
        state = asked(stranger.get("/login/phone").location)["state"]
        query = urlencode({"state": state, "error": error, "iss": phones.provider.issuer})
        page = refused(stranger.get("/login/phone/return?" + query), code, stranger)
        assert error not in page


@ONE_DATABASE
def test_who_cancels_there_reads_that_nothing_was_sent(
    phones: PhoneWorld, stranger: Browser
) -> None:
    back = phones.answer(stranger.get("/login/phone").location, "", "", cancel="1")
    page = refused(stranger.get(back), "phone-cancelled", stranger)
    assert "何も送られていません" in page


@ONE_DATABASE
def test_nothing_at_all_is_too_late(phones: PhoneWorld, stranger: Browser) -> None:
    assert phones.client.issuer
    assert stranger.get("/login/phone/return").location == "/login/failed/phone-too-late"


@ONE_DATABASE
def test_a_provider_that_does_not_answer_has_its_page(
    phones: PhoneWorld, stranger: Browser
) -> None:
    phones.client.issuer = "http://127.0.0.1:9/api/realms/main"
    assert stranger.get("/login/phone").location == "/login/failed/phone-unavailable"
    page = stranger.get("/login/failed/phone-unavailable").text
    assert "しばらくしてから" in page


@ONE_DATABASE
def test_adding_a_phone_needs_the_card(
    phones: PhoneWorld, client_for: Callable[..., Browser]
) -> None:
    for assurance in (Assurance.PASSKEY, Assurance.PHONE):
        browser = client_for("mother", assurance)
        assert "/login?" in browser.get("/account/phones/new").location
        assert "why=card" in browser.get(f"/account/phones/return?state={'s' * 43}").location
    assert phones.client.issuer
    assert not all_of(PhoneLink)


@ONE_DATABASE
def test_an_answer_to_a_login_adds_no_phone(
    phones: PhoneWorld, client_for: Callable[..., Browser], world: World
) -> None:
    mother = client_for("mother")
    back = phones.answer(mother.get("/login/phone").location, world["mother"].card.name)
    answered = mother.get(back.replace("/login/phone/return", "/account/phones/return"))
    assert answered.location == "/account/refused/phone-too-late"
    assert not all_of(PhoneLink)
    assert events(Action.PHONE_REFUSED)[-1].detail == {"reason": "phone-too-late"}


def test_one_person_is_linked_to_one_account(
    linked: PhoneWorld, client_for: Callable[..., Browser], world: World
) -> None:
    for key in ("mother", "father"):
        answered = link(linked, client_for(key), world["mother"].card.name)
        assert answered.location == "/account/refused/phone-taken"
    assert len(all_of(PhoneLink)) == 1


@ONE_DATABASE
def test_an_account_holds_only_so_many(
    phones: PhoneWorld, client_for: Callable[..., Browser], world: World
) -> None:
    others = [key for key in world.people if key != "mother"][:MOST_PHONES]
    mother = client_for("mother")
    for key in others:
        assert link(phones, mother, world[key].card.name).location == "/account"
    answered = mother.get("/account/phones/new")
    assert answered.location == "/account/refused/phone-too-many"
    assert "5つまで" in mother.get(answered.location).text


def test_a_phone_taken_off_opens_nothing_and_may_come_back(
    linked: PhoneWorld, portal: Flask, client_for: Callable[..., Browser], world: World
) -> None:
    card, elsewhere, mother = (
        world["mother"].card.name,
        another_browser(portal),
        client_for("mother"),
    )
    log_in(linked, elsewhere, card)
    (row,) = all_of(PhoneLink)
    assert "デジタル認証アプリ" in mother.get("/account").text
    assert client_for("father").post(f"/account/phones/{row.id}/remove").status_code == 404
    assert mother.post(f"/account/phones/{row.id}/remove").location == "/account"
    assert "/login" in elsewhere.get("/handbook/").location
    refused(log_in(linked, elsewhere, card), "phone-not-linked", elsewhere)
    assert mother.post(f"/account/phones/{row.id}/remove").status_code == 404
    assert link(linked, mother, card).location == "/account"
    assert log_in(linked, elsewhere, card).location == "/"


@ONE_DATABASE
def test_another_persons_phone_never_takes_over_a_session(
    linked: PhoneWorld, client_for: Callable[..., Browser], world: World
) -> None:
    father = client_for("father", Assurance.PASSKEY)
    answered = log_in(linked, father, world["mother"].card.name)
    assert answered.location == "/login/failed/another-person"
    (row,) = all_of(BrowserSession, account_id=world["father"].account_id)
    assert row.assurance == Assurance.PASSKEY


@ONE_DATABASE
def test_the_login_page_puts_the_phone_first_on_a_phone(
    phones: PhoneWorld, stranger: Browser
) -> None:
    assert phones.client.issuer
    on_phone = stranger.get("/login", headers=PHONE).text
    on_desk = stranger.get("/login").text
    assert on_phone.index("/login/phone") < on_phone.index("card-start")
    assert on_desk.index("card-start") < on_desk.index("/login/phone")
    told = stranger.get("/login", headers={**PHONE, "Sec-CH-UA-Mobile": "?0"}).text
    assert told.index("card-start") < told.index("/login/phone")


@ONE_DATABASE
def test_the_step_up_offers_the_phone_only_where_it_is_a_step(
    phones: PhoneWorld, client_for: Callable[..., Browser]
) -> None:
    assert phones.client.issuer
    path = "/login?why=card&next=/account"
    assert "/login/phone" in client_for("mother", Assurance.PASSKEY).get(path).text
    assert "/login/phone" not in client_for("mother", Assurance.PHONE).get(path).text
    images = "/login?why=card&next=/imaging/"
    assert "/login/phone" not in client_for("physician", Assurance.PASSKEY).get(images).text


@ONE_DATABASE
def test_without_a_provider_there_is_no_such_road(
    stranger: Browser, client_for: Callable[..., Browser]
) -> None:
    assert "/login/phone" not in stranger.get("/login").text
    assert stranger.get("/login/phone").status_code == 404
    assert stranger.get("/login/phone/return?state=x").status_code == 404
    assert client_for("mother").get("/account/phones/new").status_code == 404
    assert "認証アプリ" not in client_for("mother").get("/account").text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"phone_login_issuer": "http://id.example", "mode": Mode.PRODUCTION}, "https"),
        ({"phone_login_issuer": "id.example"}, "not the address"),
        ({"phone_login_client_id": ""}, "CLIENT_ID"),
    ],
)
def test_a_portal_that_must_not_rely_on_it_does_not_start(
    settings: PortalSettings, changes: dict[str, Any], words: str
) -> None:
    good: dict[str, Any] = {
        "phone_login_issuer": "https://id.example",
        "phone_login_client_id": "us",
    }
    good["phone_login_key"] = settings.access_token_key
    made = phone_provider(settings.model_copy(update=good))
    assert made is not None
    assert made.issuer == "https://id.example"
    with pytest.raises(Misconfigured, match=words):
        phone_provider(settings.model_copy(update=good | changes))
