"""Mail as an SMTP server received it, in each language; refusals and reports of non-delivery."""

from __future__ import annotations

from email.message import EmailMessage
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from app.core.errors import Misconfigured
from app.notifications.bounces import Bounce, read_bounce
from app.notifications.carriers import Message
from app.notifications.errors import AddressGone, CarrierDown
from app.notifications.mail import SmtpServer
from app.notifications.models import DeliveryKind
from app.web.i18n import Language, load_catalogues
from tests.app.told import mailer_to, report

if TYPE_CHECKING:
    from tests.app.told import Mails

KEY = UUID("01998b1e-0000-7000-8000-0000000000aa")
SUBJECTS = {
    Language.JAPANESE: "つなぐにお知らせがあります",
    Language.ENGLISH: "A message is waiting for you in Tsunagu",
    Language.EASY: "つなぐに お知らせが あります",
}


BODIES = {
    Language.JAPANESE: (
        "ログインして、お知らせをごらんください。",
        "このメールには、お知らせの中身を書いていません。心当たりのないときは、"
        "リンクを開かずに消してください。",
    ),
    Language.ENGLISH: (
        "Log in to read it.",
        "This mail does not say what the message is about. If it means nothing to you, "
        "delete it without opening the link.",
    ),
}


def message(address: str = "hanako@example.jp", language: Language = Language.JAPANESE) -> Message:
    return Message(
        id=KEY,
        kind=DeliveryKind.REMINDER,
        address=address,
        language=language,
        link="https://tsunagu.example/handbook/news",
    )


@pytest.mark.parametrize("language", Language)
def test_a_mail_speaks_its_readers_language(mails: Mails, language: Language) -> None:
    load_catalogues()
    mailer_to(mails.port).carry(message(language=language))
    (mail,) = mails.received()
    assert mail["Subject"] == SUBJECTS[language]
    assert mail["Message-ID"] == f"<{KEY}@tsunagu.example>"
    assert mail["Return-Path"] == f"<return+{KEY.hex}@tsunagu.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == language.html_lang
    assert "https://tsunagu.example/handbook/news" in mail.get_content()


@pytest.mark.parametrize("language", BODIES)
def test_nothing_else_stands_in_a_mail(mails: Mails, language: Language) -> None:
    load_catalogues()
    mailer_to(mails.port).carry(message(language=language))
    (mail,) = mails.received()
    body, farewell = BODIES[language]
    link = "https://tsunagu.example/handbook/news"
    assert mail.get_content().splitlines() == [body, "", link, "", "--", farewell]


def test_the_second_attempt_is_the_same_message(mails: Mails) -> None:
    for _ in range(2):
        mailer_to(mails.port).carry(message())
    assert len({str(mail["Message-ID"]) for mail in mails.received()}) == 1


@pytest.mark.parametrize(
    ("address", "refusal"),
    [("a@nobody.invalid", AddressGone), ("a@busy.invalid", CarrierDown)],
)
def test_a_servers_no_is_told_apart_from_its_later(
    mails: Mails, address: str, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        mailer_to(mails.port).carry(message(address))


def test_a_server_that_is_away_is_asked_later(mails: Mails) -> None:
    with pytest.raises(CarrierDown):
        mailer_to(1).carry(message())
    assert mails.received() == []


@pytest.mark.parametrize("url", ["", "http://mail.example", "smtp://", "mail.example:25"])
def test_an_address_of_no_mail_server_stops_the_start(url: str) -> None:
    with pytest.raises(Misconfigured):
        SmtpServer.of(url)


def test_user_and_password_are_read_from_the_address() -> None:
    server = SmtpServer.of("smtp+starttls://me%40here:p%2Fw@mail.example")
    assert (server.user, server.password, server.port) == ("me@here", "p/w", 587)


def test_a_report_names_the_delivery_that_failed_for_good() -> None:
    assert read_bounce(report(KEY.hex)) == Bounce(KEY, "5.1.1")


@pytest.mark.parametrize(
    "content",
    [
        report(KEY.hex, status="4.2.2", action="delayed"),
        report(KEY.hex, status="5.2.2"),
        report("0" * 31),
        b"",
        bytes(EmailMessage()),
        b"\xff\x00 not a mail",
    ],
)
def test_anything_else_flags_nobody(content: bytes) -> None:
    assert read_bounce(content) is None
