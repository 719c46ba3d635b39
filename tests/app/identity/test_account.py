"""The page of one's own account: what it lists, and what can be ended there."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from app.audit.actions import Action
from app.authz.actor import Assurance
from app.core import clock
from app.core.db import transaction
from app.crypto.digests import sha256_hex
from app.identity.models import Credential, CredentialKind, Passkey
from app.web.models import BrowserSession
from tests.app.browser import stranger as another_browser
from tests.app.identity.applicant import told
from tests.app.identity.authenticator import Authenticator, enrol, log_in
from tests.app.ledger import all_of, changing, events
from tests.app.world import credentials_of
from tests.pki import issue_card

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from simulators.jlis.card_folder import Card
    from simulators.jlis.office import Office
    from tests.app.browser import Browser
    from tests.app.world import World

NAMELESS = re.compile(r"<h3[^>]*>\s*パスキー\s*</h3>")
END = re.compile(r'action="/account/sessions/([0-9a-f]{64})/end"')


@pytest.fixture
def second_card(jlis: Office, database: str, world: World) -> Card:
    """One more card of the mother, registered with her account."""
    assert database
    mother = world["mother"]
    card = issue_card(jlis, at=clock.now() - timedelta(days=9))
    with transaction() as session:
        session.add_all(
            credentials_of(type(mother)("second", mother.account_id, mother.person_id, card))
        )
    return card


def certificate(
    card: Card, kind: CredentialKind = CredentialKind.JPKI_AUTHENTICATION
) -> Credential:
    """The row of one certificate of a card."""
    issued = card.auth if kind is CredentialKind.JPKI_AUTHENTICATION else card.signing
    (row,) = all_of(Credential, serial=issued.serial)
    return row


def sessions_of(world: World, key: str) -> set[str]:
    return {row.id_hash for row in all_of(BrowserSession, account_id=world[key].account_id)}


def test_the_page_lists_credentials_and_sessions(
    device: Authenticator, client_for: Callable[..., Browser], world: World
) -> None:
    browser = client_for("mother", Assurance.PASSKEY)
    page = browser.get("/account").text
    assert device.counter
    for words in (
        "ログインの方法",
        "でんわ",
        "カードのログイン用の証明書",
        "カードの署名用の証明書",
    ):
        assert words in page
    assert page.count("まだ使っていません") == 3, "a new passkey and two certificates"
    assert page.count("この画面</span>") == 1
    assert len(END.findall(page)) == 1, "the session that enrolled it"
    for row in all_of(BrowserSession):
        assert row.id_hash not in page
    assert 'href="/account"' in browser.get("/handbook/more").text
    assert world["neighbour"].name not in page


def test_an_expired_certificate_and_a_dead_session_are_told_apart(
    client_for: Callable[..., Browser], second_card: Card
) -> None:
    with changing(Credential, serial=second_card.auth.serial) as row:
        row.not_after = clock.now() - timedelta(seconds=1)
    client_for("mother", seen_at=clock.now() - timedelta(hours=2))
    client_for("mother", expires_at=clock.now() - timedelta(seconds=1))
    page = client_for("mother").get("/account").text
    assert page.count("期限が切れています") == 1
    assert "ほかの端末ではログインしていません。" in page


def test_a_removed_card_is_unknown_at_once_and_other_sessions_end(
    client_for: Callable[..., Browser], world: World, second_card: Card, portal: Flask
) -> None:
    thief = client_for("mother")
    stays = client_for("mother", Assurance.PASSKEY)
    neighbour = client_for("neighbour")
    row = certificate(second_card)
    answered = stays.post(f"/account/cards/{row.id}/remove")
    assert (answered.status_code, answered.location) == (302, "/account")
    refused = another_browser(portal).log_in(second_card.auth)
    assert refused.json is not None
    assert refused.json["code"] == "credential-removed"
    assert told() == [(str(world["mother"].account_id), "card-removed")]
    assert "/login" in thief.get("/handbook/").location
    assert stays.get("/account").status_code == 200
    assert neighbour.get("/account").status_code == 200
    (event,) = events(Action.CREDENTIAL_REMOVED)
    assert (event.entity_id, event.person_id) == (row.id, world["mother"].person_id)
    assert event.detail == {"kind": "jpki-auth", "sessions": 1}


def test_the_last_card_goes_only_after_a_warning(
    client_for: Callable[..., Browser], world: World, second_card: Card
) -> None:
    browser, mother = client_for("mother"), world["mother"]
    with changing(Credential, serial=second_card.auth.serial) as row:
        row.not_after = clock.now() - timedelta(seconds=1)
    answered = browser.post(f"/account/cards/{certificate(mother.card).id}/remove")
    assert answered.status_code == 409
    assert "最後のカードを外しますか" in answered.text
    assert told() == []
    assert certificate(mother.card).removed_at is None
    assert not events(Action.CREDENTIAL_REMOVED)
    sure = browser.post(answered.request.path, {"sure": "yes"})
    assert sure.location == "/account"
    assert certificate(mother.card).removed_at is not None
    signing = certificate(mother.card, CredentialKind.JPKI_SIGNATURE)
    assert browser.post(f"/account/cards/{signing.id}/remove").status_code == 302
    assert certificate(mother.card, CredentialKind.JPKI_SIGNATURE).removed_at is not None


def test_of_two_cards_removed_at_the_same_moment_one_stays(
    client_for: Callable[..., Browser], world: World, second_card: Card
) -> None:
    rows = [certificate(world["mother"].card), certificate(second_card)]
    browsers = [client_for("mother"), client_for("mother")]
    for browser in browsers:
        browser.csrf_token()

    def remove(number: int) -> int:
        return browsers[number].post(f"/account/cards/{rows[number].id}/remove").status_code

    with ThreadPoolExecutor(2) as both:
        list(both.map(remove, range(2)))
    left = all_of(Credential, account_id=world["mother"].account_id, removed_at=None)
    assert [row.kind for row in left].count(CredentialKind.JPKI_AUTHENTICATION) == 1


def test_a_removed_passkey_and_its_sessions_end_at_once(
    device: Authenticator, client_for: Callable[..., Browser], at_localhost: Flask
) -> None:
    phone = another_browser(at_localhost)
    assert log_in(phone, device).status_code == 200
    device.counter += 1
    (row,) = all_of(Passkey)
    browser = client_for("mother")
    assert browser.post(f"/account/passkeys/{row.id}/remove").location == "/account"
    assert "/login" in phone.get("/handbook/").location
    refused = log_in(another_browser(at_localhost), device)
    assert refused.json is not None
    assert refused.json["code"] == "passkey-removed"
    assert "でんわ" not in browser.get("/account").text
    assert events(Action.CREDENTIAL_REMOVED)[-1].detail == {"kind": "passkey", "sessions": 2}
    assert [change for _, change in told()] == ["passkey-added", "passkey-removed"]
    assert browser.post(f"/account/passkeys/{row.id}/remove").status_code == 404


def test_one_session_elsewhere_is_ended(client_for: Callable[..., Browser], world: World) -> None:
    here, there, third = client_for("mother"), client_for("mother"), client_for("mother")
    handle = sha256_hex(sha256_hex(str(there.cookie())))
    assert handle in END.findall(here.get("/account").text)
    assert here.post(f"/account/sessions/{handle}/end").location == "/account"
    assert "/login" in there.get("/handbook/").location
    assert third.get("/handbook/").status_code == 200
    (event,) = events(Action.SESSIONS_ENDED)
    assert (event.agent_id, event.detail) == (world["mother"].account_id, {"sessions": 1})
    assert here.post(f"/account/sessions/{handle}/end").status_code == 404


def test_all_other_sessions_are_ended_and_nobody_elses(
    client_for: Callable[..., Browser], world: World
) -> None:
    here, neighbour = client_for("mother"), client_for("neighbour")
    elsewhere = [client_for("mother") for _ in range(3)]
    answered = here.post("/account/sessions/end")
    assert answered.location == "/account"
    assert "3件のログインを終わらせました。" in here.get("/account").text
    assert sessions_of(world, "mother") == {sha256_hex(str(here.cookie()))}
    assert all("/login" in browser.get("/handbook/").location for browser in elsewhere)
    assert neighbour.get("/handbook/").status_code == 200
    assert events(Action.SESSIONS_ENDED)[-1].detail == {"sessions": 3}
    assert told() == [(str(world["mother"].account_id), "sessions-ended")]
    here.post("/account/sessions/end")
    assert len(events(Action.SESSIONS_ENDED)) == 1, "nothing ended, nothing to write down"


def test_an_ended_session_does_not_come_back_with_its_next_answer(
    client_for: Callable[..., Browser], world: World
) -> None:
    here, there = client_for("mother"), client_for("mother")
    here.post("/account/sessions/end")
    there.get("/handbook/")
    assert sessions_of(world, "mother") == {sha256_hex(str(here.cookie()))}


def test_what_belongs_to_somebody_else_is_not_found(
    device: Authenticator, client_for: Callable[..., Browser], world: World
) -> None:
    assert device.counter
    mother, neighbour = client_for("mother"), client_for("neighbour")
    (passkey,) = all_of(Passkey)
    own = sha256_hex(sha256_hex(str(neighbour.cookie())))
    paths = (
        f"/account/cards/{certificate(world['mother'].card).id}/remove",
        f"/account/cards/{uuid4()}/remove",
        f"/account/passkeys/{passkey.id}/remove",
        f"/account/passkeys/{uuid4()}/remove",
        f"/account/sessions/{sha256_hex(sha256_hex(str(mother.cookie())))}/end",
        f"/account/sessions/{own}/end",
        f"/account/sessions/{'0' * 64}/end",
    )
    assert [neighbour.post(path).status_code for path in paths] == [404] * len(paths)
    assert mother.get("/account").status_code == 200
    assert not events(Action.CREDENTIAL_REMOVED, Action.SESSIONS_ENDED)


@pytest.mark.usefixtures("at_localhost")
def test_a_passkey_without_a_name_is_called_a_passkey(client_for: Callable[..., Browser]) -> None:
    browser = client_for("mother")
    enrol(browser, Authenticator(), "  ")
    enrol(browser, Authenticator(), "<b>x</b>")
    page = browser.get("/account").text
    assert len(NAMELESS.findall(page)) == 1
    assert "&lt;b&gt;x&lt;/b&gt;" in page


@pytest.mark.parametrize(("days", "warned"), [(91, True), (93, False), (-1, False)])
def test_three_months_before_its_end_the_first_page_warns(
    client_for: Callable[..., Browser],
    world: World,
    days: int,
    warned: bool,  # noqa: FBT001
) -> None:
    ends_at = clock.now() + timedelta(days=days)
    for issued in (world["mother"].card.auth, world["mother"].card.signing):
        with changing(Credential, serial=issued.serial) as row:
            row.not_after = ends_at
    browser = client_for("mother", Assurance.PASSKEY)
    for path in ("/handbook/", "/account"):
        assert browser.get(path).text.count("カードの電子証明書は、") == int(warned)
    assert "カードの電子証明書は、" not in client_for("neighbour").get("/handbook/").text


def test_an_unknown_refusal_gets_general_words(client_for: Callable[..., Browser]) -> None:
    assert "変えられませんでした" in client_for("mother").get("/account/refused/nonsense").text
