"""The simulated デジタル認証アプリ refuses what a real one refuses; its phones read cards."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx
import pytest

from simulators.jlis import clock
from simulators.openid.phones import Phones, PhoneTrouble, Trouble
from simulators.openid.provider import BadRequest, Provider, Wish
from tests.phone import CLIENT_ID, RETURNS, phone_world
from tests.pki import issue_card, office

if TYPE_CHECKING:
    from simulators.jlis.office import Office

__all__ = ["office"]

WISH = Wish(CLIENT_ID, RETURNS[0], "s", "n", "c")
ASKED = {
    "response_type": "code",
    "client_id": CLIENT_ID,
    "redirect_uri": RETURNS[0],
    "scope": "openid",
    "state": "s",
    "nonce": "n",
    "code_challenge": "c",
    "code_challenge_method": "S256",
}


def trouble(phones: Phones, person: str, pin: str) -> tuple[Trouble, int]:
    with pytest.raises(PhoneTrouble) as met:
        phones.authenticate(person, pin, at=clock.now())
    return met.value.trouble, met.value.tries_left


def test_a_phone_asks_for_the_cards_own_pin(office: Office) -> None:
    card, phones = issue_card(office, at=clock.now() - timedelta(days=9)), Phones(office.var)
    assert phones.authenticate(card.name, "1234", at=clock.now()).key == card.name
    assert trouble(phones, card.name, "") == (Trouble.WRONG_PIN, 2)
    assert trouble(phones, card.name, "９９９９") == (Trouble.WRONG_PIN, 1)
    assert trouble(phones, card.name, "0000") == (Trouble.PIN_BLOCKED, 0)
    assert trouble(phones, card.name, "1234") == (Trouble.PIN_BLOCKED, 0)
    assert trouble(phones, "../nobody", "1234")[0] is Trouble.NO_SUCH_PHONE


def test_a_card_that_is_not_live_authenticates_nobody(office: Office) -> None:
    old, now = timedelta(days=9), clock.now()
    revoked = issue_card(office, at=now - old)
    office.revoke(revoked.name, at=now)
    expired = issue_card(office, at=now - old, valid_until=now - timedelta(days=1))
    for card in (revoked, expired):
        assert trouble(Phones(office.var), card.name, "1234")[0] is Trouble.NOT_LIVE


def test_a_person_has_one_name_a_client_for_good() -> None:
    provider = Provider("https://id.example", {})
    assert provider.subject("a", "hanako") == provider.subject("a", "hanako")
    assert provider.subject("a", "hanako") != provider.subject("b", "hanako")
    assert provider.subject("a", "hanako") != provider.subject("a", "taro")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "name"}, "invalid_scope"),
        ({"nonce": ""}, "invalid_request"),
        ({"state": ""}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_a_request_without_what_is_mandatory_is_refused(changes: dict[str, str], code: str) -> None:
    provider = Provider("https://id.example", {})
    assert provider.read_wish(ASKED) == WISH
    with pytest.raises(BadRequest) as refusal:
        provider.read_wish(ASKED | changes)
    assert refusal.value.code == code


def test_the_answer_goes_to_a_registered_address_only(office: Office) -> None:
    with phone_world(office.var) as phones:

        def ask(**changes: str) -> httpx.Response:
            query = urlencode(ASKED | changes)
            return httpx.get(f"{phones.provider.endpoint}/auth?{query}", timeout=30)

        assert ask().status_code == 200
        assert ask(redirect_uri="https://thief.example").status_code == 400
        assert ask(client_id="stranger").status_code == 400
        assert "error=invalid_request" in ask(nonce="").headers["Location"]


def test_only_the_client_itself_redeems_its_code_and_once(office: Office) -> None:
    with phone_world(office.var) as phones:
        provider, own = phones.provider, phones.client
        address = f"{provider.endpoint}/token"

        def redeem(wish: Wish = WISH, *, assertion: str | None = None, **form: Any) -> int:
            made = assertion or own._assertion(own._current().metadata)
            known = {
                "grant_type": "authorization_code",
                "client_id": CLIENT_ID,
                "client_assertion": made,
                "code": provider.grant(wish, "hanako", at=clock.now()),
                "redirect_uri": RETURNS[0],
                "code_verifier": "v",
            }
            return httpx.post(address, data=known | form, timeout=30).status_code

        good = replace(WISH, code_challenge="TJRIXgwhrmxBzh3-e2v6zupato5AokdvUCCOUm9QYIA")
        assert redeem(code_verifier="other") == 400
        assert redeem(good, redirect_uri=RETURNS[1]) == 400
        assert redeem(good, code="never-granted") == 400
        assert redeem(good, client_id="stranger") == 401
        assert redeem(good, assertion="a.b.c") == 401
        once = own._assertion(own._current().metadata)
        assert redeem(good, assertion=once) == 200
        assert redeem(good, assertion=once) == 401
