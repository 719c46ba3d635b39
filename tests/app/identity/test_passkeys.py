"""Passkeys over HTTP: enrolled after the card, good for a login, and every way they are not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.audit.actions import Action
from app.authz.actor import Assurance
from app.core import clock
from app.core.errors import TsunaguError
from app.crypto.digests import sha256_hex
from app.identity.errors import BadPasskeyAnswer, PasskeySignatureInvalid
from app.identity.models import Account, CardChallenge, Passkey
from app.identity.passkey_service import MOST_PASSKEYS
from app.identity.passkeys import (
    UnverifiedAssertion,
    UnverifiedRegistration,
    relying_party_of,
    verify_assertion,
    verify_registration,
)
from app.web.models import BrowserSession
from tests.app.browser import stranger as another_browser
from tests.app.identity.authenticator import (
    ORIGIN,
    USER_PRESENT,
    USER_VERIFIED,
    Authenticator,
    decoded,
    encoded,
    enrol,
    log_in,
)
from tests.app.ledger import all_of, changing, events

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from werkzeug.test import TestResponse

    from tests.app.browser import Browser
    from tests.app.world import World

RS1 = {3: -65535}
"""A COSE algorithm over SHA-1."""


def refused(answered: TestResponse, code: str, status: int = 403) -> str:
    """Assert a refused login; return the address of its page."""
    assert answered.json is not None
    assert (answered.status_code, answered.json["code"]) == (status, code)
    last = events(Action.LOGIN_REFUSED)[-1]
    assert (last.outcome, last.person_id) == ("refused", None)
    assert last.detail == {"reason": code, "acr": "passkey"}
    assert not all_of(BrowserSession, assurance=int(Assurance.PASSKEY))
    return str(answered.json["location"])


def not_enrolled(answered: TestResponse, code: str, status: int = 403) -> str:
    """Assert a refused enrolment; return the address of its page."""
    assert answered.json is not None
    assert (answered.status_code, answered.json["code"]) == (status, code)
    assert events(Action.PASSKEY_REFUSED)[-1].detail == {"reason": code}
    return str(answered.json["location"])


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://tsunagu.example", "tsunagu.example"),
        ("https://tsunagu.example:8443", "tsunagu.example"),
        ("http://localhost:8000", "localhost"),
        ("http://portal.localhost:8000", "portal.localhost"),
        ("http://127.0.0.1:8000", None),
        ("https://192.0.2.7", None),
        ("https://[2001:db8::1]:8000", None),
        ("http://tsunagu.example", None),
        ("", None),
    ],
)
def test_passkeys_belong_to_a_name_and_a_safe_connection(origin: str, host: str | None) -> None:
    party = relying_party_of(origin)
    assert (party.id if party else None) == host


def test_a_passkey_enrolled_after_the_card_opens_a_session_of_its_own_level(
    device: Authenticator, stranger: Browser, world: World
) -> None:
    stranger.get("/login?next=/handbook/news")
    stranger.csrf_token()
    before = stranger.cookie()
    answered = log_in(stranger, device)
    assert (answered.status_code, answered.json) == (200, {"location": "/handbook/news"})
    assert stranger.cookie() != before
    (row,) = all_of(BrowserSession, assurance=int(Assurance.PASSKEY))
    assert row.account_id == world["mother"].account_id
    assert row.id_hash == sha256_hex(str(stranger.cookie()))
    assert "パスキーでログイン中" in stranger.get("/handbook/news").text


def test_enrolment_and_login_are_written_down(
    device: Authenticator, stranger: Browser, world: World
) -> None:
    log_in(stranger, device)
    mother = world["mother"]
    (added,) = events(Action.PASSKEY_ADDED)
    assert (added.agent_id, added.person_id) == (mother.account_id, mother.person_id)
    entered = events(Action.LOGIN_SUCCEEDED)[-1]
    assert (entered.entity_id, entered.person_id) == (mother.account_id, mother.person_id)
    assert entered.detail == {"acr": "passkey"}
    (row,) = all_of(Passkey)
    assert (row.label, row.sign_count) == ("でんわ", 8)
    assert row.last_used_at is not None


def test_the_browser_is_asked_for_a_discoverable_verified_passkey(
    at_localhost: Flask, client_for: Callable[..., Browser], world: World
) -> None:
    mother = client_for("mother")
    enrol(mother, device := Authenticator())
    options = mother.send("/account/passkeys/challenge", {}).json
    assert options is not None
    assert options["rp"]["id"] == "localhost"
    assert options["user"]["id"] == encoded(world["mother"].account_id.bytes)
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert [one["alg"] for one in options["pubKeyCredParams"]] == [-7, -8, -257]
    assert [one["id"] for one in options["excludeCredentials"]] == [encoded(device.credential_id)]
    asked = another_browser(at_localhost).send("/login/passkey/challenge", {}).json
    assert asked is not None
    assert asked["userVerification"] == "required"
    assert "allowCredentials" not in asked


def test_without_the_card_no_passkey_is_added(
    device: Authenticator, client_for: Callable[..., Browser]
) -> None:
    browser = client_for("mother", Assurance.PASSKEY)
    asked = browser.send("/account/passkeys/challenge", {})
    assert asked.json is not None
    assert (asked.status_code, asked.json["code"]) == (401, "card-needed")
    assert asked.json["location"] == "/login?why=card&next=/account"
    options = {"user": {"id": ""}, "challenge": encoded(bytes(32))}
    made = {"label": "", "credential": Authenticator().make(options)}
    answered = browser.send("/account/passkeys", made)
    assert answered.json is not None
    assert (answered.status_code, answered.json["code"]) == (401, "card-needed")
    assert [row.credential_id for row in all_of(Passkey)] == [device.credential_id]


@pytest.mark.usefixtures("at_localhost")
def test_the_card_leads_back_to_adding_a_passkey(
    client_for: Callable[..., Browser], world: World
) -> None:
    browser = client_for("mother", Assurance.PASSKEY)
    page = browser.get("/account").text
    assert "/login?why=card&amp;next=/account" in page
    assert "passkey-task" not in page
    browser.get("/login?why=card&next=/account")
    assert browser.log_in(world["mother"].card.auth).json == {"location": "/account"}
    assert "passkey-task" in browser.get("/account").text
    assert enrol(browser, Authenticator()).status_code == 200


def test_a_counter_that_goes_back_is_refused(device: Authenticator, stranger: Browser) -> None:
    assert log_in(stranger, device).status_code == 200
    stranger.post("/logout")
    for counter in (8, 7, 0):
        device.counter = counter
        page = stranger.get(refused(log_in(stranger, device), "passkey-copied"))
        assert "写し取られたおそれ" in page.text
    assert all_of(Passkey)[0].sign_count == 8


def test_a_device_that_does_not_count_is_welcome(
    at_localhost: Flask, client_for: Callable[..., Browser]
) -> None:
    enrol(client_for("mother"), phone := Authenticator(counter=0))
    for _ in range(2):
        assert log_in(another_browser(at_localhost), phone).status_code == 200


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        ({"origin": "http://localhost:8001"}, "passkey-of-another-site"),
        ({"origin": "https://evil.example"}, "passkey-of-another-site"),
        ({"rp_id": "evil.example"}, "passkey-of-another-site"),
        ({"cross_origin": True}, "passkey-of-another-site"),
        ({"flags": USER_PRESENT}, "passkey-user-not-verified"),
        ({"flags": USER_VERIFIED}, "passkey-user-not-verified"),
        ({"credential_id": b"another"}, "passkey-unknown"),
        ({"user_handle": b"another"}, "passkey-unknown"),
        ({"user_handle": b""}, "passkey-unknown"),
        ({"key": ec.generate_private_key(ec.SECP256R1())}, "passkey-signature-invalid"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_a_passkey_that_lies_does_not_open(
    device: Authenticator, stranger: Browser, lie: dict[str, Any], code: str
) -> None:
    for name, value in lie.items():
        setattr(device, name, value)
    page = stranger.get(refused(log_in(stranger, device), code))
    assert page.status_code == 200
    assert "ログインできませんでした" not in page.text, "the words of this refusal"


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        ({"origin": "http://localhost:8001"}, "passkey-of-another-site"),
        ({"rp_id": "evil.example"}, "passkey-of-another-site"),
        ({"cross_origin": True}, "passkey-of-another-site"),
        ({"flags": USER_PRESENT}, "passkey-user-not-verified"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
@pytest.mark.usefixtures("at_localhost")
def test_a_new_passkey_that_lies_is_not_kept(
    client_for: Callable[..., Browser], lie: dict[str, Any], code: str
) -> None:
    browser = client_for("mother")
    page = browser.get(not_enrolled(enrol(browser, Authenticator(**lie)), code))
    assert "変えられませんでした" not in page.text, "the words of this refusal"
    assert not all_of(Passkey)


@pytest.mark.usefixtures("at_localhost")
def test_a_key_of_a_kind_nobody_asked_for_is_not_kept(client_for: Callable[..., Browser]) -> None:
    browser = client_for("mother")
    options = browser.send("/account/passkeys/challenge", {}).json
    assert options is not None
    weak = Authenticator().make(options, RS1)
    answered = browser.send("/account/passkeys", {"label": "", "credential": weak})
    not_enrolled(answered, "passkey-malformed", 422)


def test_one_passkey_cannot_be_on_two_accounts(
    device: Authenticator, client_for: Callable[..., Browser], world: World
) -> None:
    neighbour = client_for("neighbour")
    not_enrolled(enrol(neighbour, device), "passkey-taken", 409)
    (row,) = all_of(Passkey)
    assert row.account_id == world["mother"].account_id


@pytest.mark.usefixtures("at_localhost")
def test_an_account_holds_only_so_many(client_for: Callable[..., Browser]) -> None:
    browser = client_for("mother")
    waiting = browser.send("/account/passkeys/challenge", {}).json
    assert waiting is not None
    for _ in range(MOST_PASSKEYS):
        assert enrol(browser, Authenticator()).status_code == 200
    body = {"label": "", "credential": Authenticator().make(waiting)}
    not_enrolled(browser.send("/account/passkeys", body), "passkey-too-many", 409)
    asked = browser.send("/account/passkeys/challenge", {})
    assert asked.json is not None
    assert (asked.status_code, asked.json["code"]) == (409, "passkey-too-many")
    assert "10個まで" in browser.get(asked.json["location"]).text


def test_a_removed_passkey_does_not_open(device: Authenticator, stranger: Browser) -> None:
    with changing(Passkey, credential_id=device.credential_id) as row:
        row.removed_at = clock.now()
    page = stranger.get(refused(log_in(stranger, device), "passkey-removed"))
    assert "外されています" in page.text


def test_a_closed_account_opens_by_no_passkey(
    device: Authenticator, stranger: Browser, world: World
) -> None:
    with changing(Account, id=world["mother"].account_id) as row:
        row.closed_at = clock.now()
    refused(log_in(stranger, device), "account-closed")


def test_an_answer_serves_once_for_one_browser_and_one_purpose(
    device: Authenticator, at_localhost: Flask, client_for: Callable[..., Browser]
) -> None:
    browser, other = another_browser(at_localhost), another_browser(at_localhost)
    options = browser.send("/login/passkey/challenge", {}).json
    assert options is not None
    body = {"credential": device.sign(options)}
    other.csrf_token()
    refused(other.send("/login/passkey", body), "passkey-too-late")
    relabelled = {"credential": _relabelled(body)}
    refused(browser.send("/login/passkey", relabelled), "passkey-malformed", 422)
    page = browser.get(refused(browser.send("/login/passkey", body), "passkey-too-late"))
    assert "時間がすぎました" in page.text
    mother = client_for("mother")
    nonce = mother.challenge()
    made = {"label": "", "credential": Authenticator().make(_options(nonce))}
    not_enrolled(mother.send("/account/passkeys", made), "passkey-too-late")


def test_of_many_simultaneous_answers_one_gets_through(
    device: Authenticator, at_localhost: Flask, stranger: Browser
) -> None:
    options = stranger.send("/login/passkey/challenge", {}).json
    assert options is not None
    body = {"credential": device.sign(options)}
    headers = {"X-CSRFToken": stranger.csrf_token(), "Accept": "application/json"}
    session = str(stranger.cookie())

    def answer_once(_number: int) -> int:
        copy = at_localhost.test_client()
        copy.set_cookie("tsunagu", session)
        return copy.post("/login/passkey", json=body, headers=headers).status_code

    with ThreadPoolExecutor(12) as crowd:
        statuses = list(crowd.map(answer_once, range(12)))
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 400, 403}


def test_a_challenge_older_than_five_minutes_is_gone(
    device: Authenticator, stranger: Browser
) -> None:
    options = stranger.send("/login/passkey/challenge", {}).json
    assert options is not None
    with changing(CardChallenge, purpose="passkey-login") as row:
        row.expires_at -= timedelta(minutes=5)
    body = {"credential": device.sign(options)}
    refused(stranger.send("/login/passkey", body), "passkey-too-late")


def test_a_passkey_never_takes_over_somebody_elses_session(
    device: Authenticator, client_for: Callable[..., Browser], world: World
) -> None:
    browser = client_for("neighbour")
    page = browser.get(refused(log_in(browser, device), "another-person"))
    assert "ほかの方のカードかパスキーです" in page.text
    assert world["neighbour"].name in page.text


def test_a_card_of_somebody_else_never_takes_over_a_step_up(
    client_for: Callable[..., Browser], world: World
) -> None:
    browser = client_for("physician", Assurance.PASSKEY)
    target = browser.get("/imaging/").location
    browser.get(target)
    before = browser.cookie()
    answered = browser.log_in(world["mother"].card.auth)
    assert answered.json is not None
    assert (answered.status_code, answered.json["code"]) == (403, "another-person")
    assert events(Action.LOGIN_REFUSED)[-1].detail == {"reason": "another-person"}
    page = browser.get(answered.json["location"])
    assert "ほかの方のカードかパスキーです" in page.text
    assert 'href="/login?why=card"' in page.text
    assert browser.cookie() == before
    (row,) = all_of(BrowserSession, account_id=world["physician"].account_id)
    assert row.assurance == Assurance.PASSKEY
    assert browser.log_in(world["physician"].card.auth).json == {"location": "/imaging/"}
    assert browser.get("/imaging/").status_code == 200


def test_at_an_address_without_passkeys_the_pages_say_so(
    stranger: Browser, client_for: Callable[..., Browser]
) -> None:
    assert "このアドレスでは、パスキーは使えません。" in stranger.get("/login").text
    mother = client_for("mother")
    assert "数字だけのアドレスでは使えない" in mother.get("/account").text
    for browser, path in (
        (stranger, "/login/passkey/challenge"),
        (stranger, "/login/passkey"),
        (mother, "/account/passkeys/challenge"),
        (mother, "/account/passkeys"),
    ):
        answered = browser.send(path, {})
        assert answered.json is not None
        assert (answered.status_code, answered.json["code"]) == (404, "passkeys-not-here")


@pytest.mark.usefixtures("at_localhost")
def test_the_login_page_offers_passkeys_but_not_where_the_card_is_needed(
    stranger: Browser, client_for: Callable[..., Browser]
) -> None:
    assert "パスキーでログイン" in stranger.get("/login").text
    assert "パスキーでログイン" not in stranger.get("/login?why=card").text
    browser = client_for("physician")
    assert "passkey-task" not in browser.get("/login?why=card").text


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"credential": 7},
        {"credential": {}},
        {"credential": {"rawId": 7, "response": {}}},
        {"credential": {"rawId": "AA", "response": []}},
        {"credential": {"rawId": "AA", "response": {"clientDataJSON": 7}}},
        {"credential": {"rawId": "AA", "response": {"clientDataJSON": "e30"}}},
        {"credential": {"rawId": "A", "response": {"clientDataJSON": "W10"}}},
        {"credential": {"rawId": "é", "response": {"clientDataJSON": "é"}}},
        {"credential": {"rawId": "A" * 70_000, "response": {}}},
    ],
    ids=lambda body: str(body)[:60],
)
@pytest.mark.usefixtures("at_localhost")
def test_a_body_that_is_no_answer_is_refused_before_anything_else(
    stranger: Browser, client_for: Callable[..., Browser], body: object
) -> None:
    for browser, path in (
        (stranger, "/login/passkey"),
        (client_for("mother"), "/account/passkeys"),
    ):
        answered = browser.send(path, body)
        assert answered.json is not None
        assert (answered.status_code, answered.json["code"]) == (422, "passkey-malformed")
        assert "読み取れませんでした" in browser.get(answered.json["location"]).text


@pytest.mark.parametrize("label", ["あ" * 65, "a\nb", "a\x00b", 7, None])
@pytest.mark.usefixtures("at_localhost")
def test_a_label_nobody_can_read_is_refused(
    client_for: Callable[..., Browser], label: object
) -> None:
    answered = enrol(client_for("mother"), Authenticator(), label)  # type: ignore[arg-type]
    assert answered.json is not None
    assert (answered.status_code, answered.json["code"]) == (422, "passkey-label")
    assert not all_of(Passkey)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_damaged_answer_is_refused_and_never_a_fault(data: st.DataObject) -> None:
    party = relying_party_of(ORIGIN)
    assert party is not None
    new, old = deepcopy(MADE), deepcopy(SIGNED)
    victim = new if data.draw(st.booleans()) else old
    member = data.draw(st.sampled_from(sorted(victim["response"])))
    before = decoded(victim["response"][member])
    damaged = bytearray(before)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)))
    victim["response"][member] = encoded(bytes(damaged[:cut]))
    try:
        if victim is new:
            verify_registration(party, UnverifiedRegistration.from_json(new))
        else:
            verify_assertion(party, UnverifiedAssertion.from_json(old), KEPT)
    except TsunaguError:
        return
    signed = {"clientDataJSON", "authenticatorData", "signature"}
    assert victim is new or member not in signed or bytes(damaged[:cut]) == before


def test_a_key_that_is_none_fails_at_the_login_by_name() -> None:
    party = relying_party_of(ORIGIN)
    assert party is not None
    device = Authenticator()
    for key in ({1: 2, 3: -7}, {1: 2, 3: -7, -1: 1, -2: b"x", -3: b"y"}, {1: 2, 3: -7, -1: 9}):
        data = bytes(16) + b"\x00\x20" + device.credential_id + cbor.encode(key)
        answer = UnverifiedAssertion.from_json(device.sign({"challenge": encoded(bytes(32))}))
        with pytest.raises(PasskeySignatureInvalid):
            verify_assertion(party, answer, data)


def test_an_answer_of_the_other_ceremony_is_refused() -> None:
    party = relying_party_of(ORIGIN)
    assert party is not None
    options = {"challenge": encoded(bytes(32))}
    signed = Authenticator().sign(options, kind="webauthn.create")
    with pytest.raises(BadPasskeyAnswer):
        verify_assertion(party, UnverifiedAssertion.from_json(signed), KEPT)


def _options(nonce: str) -> dict[str, Any]:
    return {"user": {"id": encoded(bytes(16))}, "challenge": nonce}


def _one_passkey() -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """A registration, an assertion, and the key both are of; the same bytes in every example."""
    party, phone = relying_party_of(ORIGIN), Authenticator()
    assert party is not None
    made = phone.make(_options(encoded(bytes(32))))
    kept = verify_registration(party, UnverifiedRegistration.from_json(made)).credential_data
    return made, phone.sign({"challenge": encoded(bytes(32))}), kept


MADE, SIGNED, KEPT = _one_passkey()


def _relabelled(body: dict[str, Any]) -> dict[str, Any]:
    """The same answer, said to be a new passkey's."""
    response = dict(body["credential"]["response"])
    client = decoded(response["clientDataJSON"]).replace(b"webauthn.get", b"webauthn.create")
    return {**body["credential"], "response": {**response, "clientDataJSON": encoded(client)}}
