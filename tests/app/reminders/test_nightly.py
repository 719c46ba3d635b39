"""The nightly round: planned from the forecast, looked at again, one digest a family and day."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from app.audit.actions import Action
from app.core import clock
from app.jobs.work import nightly, one_round
from app.messagebox.models import Letter
from app.messagebox.posting import read_letter
from app.reminders.models import Reminder
from tests.app.ledger import all_of, events
from tests.app.told import channel_of

if TYPE_CHECKING:
    from flask import Flask

    from app.jobs.work import Office
    from tests.app.told import Mails
    from tests.app.world import World


def test_a_family_gets_one_letter_each_and_one_mail_without_content(
    office: Office, world: World, portal: Flask, mails: Mails
) -> None:
    channel_of(world["mother"], portal.extensions["sealer"])
    done = one_round(office)
    assert done.sent > 0
    assert done.deliveries.sent == 1
    (mail,) = mails.received()
    text = mail["Subject"] + mail.get_content()
    assert mail["Subject"] == "つなぐにお知らせがあります"
    assert "http://127.0.0.1:8000/handbook/news" in text
    assert not any(word in text for word in ("さくら", "見本", "ワクチン", "予防接種", "BCG"))
    (letter,) = all_of(Letter, account_id=world["mother"].account_id)
    said = read_letter(letter, portal.extensions["sealer"])["items"]
    children = {str(world.children[key]) for key in ("sakura", "yuto")}
    assert {item["child"] for item in said} == children
    assert len(all_of(Letter, account_id=world["father"].account_id)) == 1
    assert len(events(Action.LETTER_DELIVERED)) == len(all_of(Letter))


def test_the_same_is_never_said_twice(
    office: Office, world: World, mails: Mails, portal: Flask
) -> None:
    channel_of(world["mother"], portal.extensions["sealer"])
    one_round(office)
    letters, reminders = len(all_of(Letter)), len(all_of(Reminder))
    tomorrow = clock.now() + timedelta(days=1)
    nightly(office, tomorrow)
    one_round(office)
    assert len(mails.received()) == 1
    assert (len(all_of(Letter)), len(all_of(Reminder))) == (letters, reminders)
