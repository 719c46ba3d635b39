"""One's own channels: added, confirmed from the mailbox, taken off; credential changes told."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.audit.actions import Action
from app.core import clock
from app.core.db import transaction
from app.core.outbox import tell
from app.jobs.work import one_round
from app.notifications.changes import CREDENTIAL_CHANGED
from app.notifications.models import Channel, Delivery
from app.notifications.service import MOST_CHANNELS
from tests.app.ledger import all_of, changing, events
from tests.app.told import channel_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from app.jobs.work import Office
    from tests.app.browser import Browser
    from tests.app.told import Mails
    from tests.app.world import World

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
LINK = re.compile(r"http://127\.0\.0\.1:8000(/notifications/mail/\S+)")
ADDRESS = "hanako@example.jp"


def ask(browser: Browser, address: str = ADDRESS, language: str = "en") -> int:
    sent = browser.post("/notifications/mail", {"address": address, "language": language})
    return sent.status_code


def link_in(mails: Mails) -> str:
    found = LINK.search(mails.received()[-1].get_content())
    assert found
    return found[1]


def test_an_address_counts_once_its_owner_opened_the_link(
    office: Office,
    mails: Mails,
    client_for: Callable[..., Browser],
    stranger: Browser,
) -> None:
    mother = client_for("mother")
    assert ask(mother) == 302
    one_round(office)
    assert [str(mail["Subject"]) for mail in mails.received()] == [
        "Tsunagu: confirm your email address"
    ]
    path = link_in(mails)
    assert stranger.get(path).status_code == 200
    assert all_of(Channel)[0].confirmed_at is None
    assert stranger.post(path).status_code == 200
    (channel,) = all_of(Channel)
    assert channel.confirmed_at is not None
    assert ADDRESS.encode() not in channel.sealed_address
    assert "届きます" in mother.get("/notifications").text
    assert stranger.post(path).status_code == 404
    assert [event.action for event in events(Action.CHANNEL_ADDED, Action.CHANNEL_CONFIRMED)]


def test_an_unconfirmed_address_gets_nothing_but_the_confirmation(
    office: Office, mails: Mails, client_for: Callable[..., Browser]
) -> None:
    ask(client_for("mother"))
    one_round(office)
    assert len(mails.received()) == 1


def test_a_link_of_yesterday_is_no_use(
    office: Office, mails: Mails, client_for: Callable[..., Browser], stranger: Browser
) -> None:
    ask(client_for("mother"))
    one_round(office)
    with changing(Channel) as channel:
        channel.code_expires_at = clock.now() - timedelta(seconds=1)
    answer = stranger.get(link_in(mails))
    assert answer.status_code == 404
    assert "もう使えません" in answer.text
    assert stranger.post(link_in(mails)).status_code == 404


@pytest.mark.parametrize(
    "address",
    ["", "hanako", "a@b", "はなこ@example.jp", "a b@example.jp", "a@example.jp\r\nBcc: x"],
)
def test_what_is_no_address_is_explained(address: str, client_for: Callable[..., Browser]) -> None:
    browser = client_for("mother")
    answer = browser.post("/notifications/mail", {"address": address, "language": "ja"})
    assert answer.status_code == 422
    assert "メールアドレス" in answer.text
    assert all_of(Channel) == []


def test_the_same_address_twice_and_too_many_are_refused(
    client_for: Callable[..., Browser],
) -> None:
    browser = client_for("mother")
    assert ask(browser) == 302
    assert ask(browser) == 409
    for number in range(1, MOST_CHANNELS):
        assert ask(browser, f"{number}@example.jp") == 302
    assert ask(browser, "one-more@example.jp") == 409
    assert len(all_of(Channel)) == MOST_CHANNELS


def test_a_channel_is_taken_off_by_its_owner_alone(
    portal: Flask, world: World, client_for: Callable[..., Browser]
) -> None:
    channel_id = channel_of(world["mother"], portal.extensions["sealer"], "mine@example.org")
    path = f"/notifications/channels/{channel_id}/remove"
    assert client_for("father").post(path).status_code == 404
    mother = client_for("mother")
    assert mother.post(path).status_code == 302
    (channel,) = all_of(Channel)
    assert channel.sealed_address == b""
    assert "mine@example.org" not in mother.get("/notifications").text
    assert mother.post(path).status_code == 404


def test_a_changed_credential_is_told_once_on_every_channel(
    office: Office, mails: Mails, portal: Flask, world: World
) -> None:
    sealer = portal.extensions["sealer"]
    channel_of(world["nurse"], sealer, "one@example.jp")
    channel_of(world["nurse"], sealer, "two@example.jp", language="en")
    channel_of(world["nurse"], sealer, "new@example.jp", confirmed_at=None)
    payload = {"account_id": str(world["nurse"].account_id), "change": "passkey-added"}
    with transaction() as session:
        tell(session, CREDENTIAL_CHANGED, payload)
    one_round(office)
    one_round(office)
    subjects = {str(mail["To"]): str(mail["Subject"]) for mail in mails.received()}
    assert subjects == {
        "one@example.jp": "つなぐのログインの方法が変わりました",
        "two@example.jp": "Your ways to log in to Tsunagu have changed",
    }
    assert len(all_of(Delivery)) == 2
