"""The simulated mail server: keeps mails, knows two kinds of trouble."""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING

import pytest

from simulators.mail.server import MailFolder, MailServer

if TYPE_CHECKING:
    from pathlib import Path

MAIL = "Subject: hello\r\n\r\nwords\r\n"


def send(port: int, address: str) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as smtp:
        smtp.sendmail("a@example.jp", [address], MAIL)


def test_mails_are_kept_in_order_with_their_envelope(tmp_path: Path) -> None:
    with MailServer(MailFolder(tmp_path / "mail"), 0) as server:
        send(server.port, "one@example.jp")
        send(server.port, "two@example.jp")
    first, second = sorted((tmp_path / "mail").glob("*.eml"))
    assert b"X-Envelope-To: one@example.jp" in first.read_bytes()
    assert b"Return-Path: <a@example.jp>" in second.read_bytes()


@pytest.mark.parametrize(("address", "code"), [("a@nobody.invalid", 550), ("a@busy.invalid", 451)])
def test_trouble_has_an_address(tmp_path: Path, address: str, code: int) -> None:
    with (
        MailServer(MailFolder(tmp_path), 0) as server,
        pytest.raises(smtplib.SMTPRecipientsRefused) as refused,
    ):
        send(server.port, address)
    assert refused.value.recipients[address][0] == code
