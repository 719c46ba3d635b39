"""Somebody who applies for use: card, form, signature, as the pages send them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from html import unescape
from typing import TYPE_CHECKING, Any

from app.core import clock
from app.core.outbox import OutboxMessage
from app.identity.credentials import CHANGED
from app.jpki.challenge import Challenge
from simulators.jlis.holder import Holder, Sex
from tests.app.imaging.sharing import in_json, signed
from tests.app.ledger import all_of
from tests.app.world import ORIGIN
from tests.pki import answer, issue_card

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from simulators.jlis.card_folder import Card
    from simulators.jlis.office import Office
    from tests.app.browser import Browser

TEXT = re.compile(r'<textarea id="application-text"[^>]*>\n(.*?)</textarea>', re.DOTALL)
NEWCOMER = Holder(
    name="新顔　初子",
    born_on=date(1995, 10, 4),
    sex=Sex.FEMALE,
    address="東京都つなぐ市見本町一丁目2番3号",
    municipality_code="999997",
)
MOTHER = replace(NEWCOMER, name="見本　花子", born_on=date(1988, 2, 28))
FORM = {"family_kana": "ニイガオ", "given_kana": "はつこ", "intent": "first"}


@dataclass
class Applicant:
    """A browser and a card in front of it."""

    browser: Browser
    card: Card

    def present(self, **changes: Any) -> TestResponse:
        """The login certificate answers."""
        nonce = self.browser.challenge("/register/challenge")
        token = answer(self.card.auth, Challenge(nonce=nonce, origin=ORIGIN)) | changes
        return self.browser.send("/register/card", {"nonce": nonce, "token": token})

    def fill(self, **changes: str) -> TestResponse:
        """The form."""
        return self.browser.post("/register/application", FORM | changes)

    def text(self) -> str:
        """What the page asks to be signed."""
        found = TEXT.search(self.browser.get("/register/sign").text)
        assert found
        return unescape(found[1])

    def sign(self, text: str | None = None, card: Card | None = None) -> TestResponse:
        """The signature certificate signs."""
        cms = signed((card or self.card).signing, text or self.text())
        return self.browser.send("/register/signature", in_json(cms))

    def apply(self, **changes: str) -> TestResponse:
        """All of it."""
        presented = self.present()
        assert presented.status_code == 200, presented.json
        filled = self.fill(**changes)
        assert filled.location == "/register/sign", filled.text
        return self.sign()


def a_card(jlis: Office, holder: Holder = NEWCOMER, **options: Any) -> Card:
    """A live card of somebody."""
    return issue_card(jlis, holder, at=clock.now() - timedelta(days=9), **options)


def told() -> list[tuple[str, str]]:
    """Account and change of every notice that waits in the outbox."""
    rows = all_of(OutboxMessage, topic=CHANGED)
    return [(str(row.payload["account_id"]), str(row.payload["change"])) for row in rows]
