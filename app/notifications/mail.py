"""Mail by SMTP (RFC 5321), with a Message-ID that is the ledger's and a return path of its own.

The return path names the delivery (variable envelope return path), so that a report of
non-delivery (RFC 3464) finds its address without anybody reading the text.
"""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from app.core import clock
from app.core.errors import Misconfigured
from app.notifications.errors import AddressGone, CarrierDown
from app.notifications.messages import wording

if TYPE_CHECKING:
    from app.notifications.carriers import Message

TIMEOUT_SECONDS = 20
PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
_NO_SUCH_MAILBOX = frozenset({550, 551, 553, 521, 556})
"""RFC 5321 §4.2.3 and RFC 7504: the mailbox or its host is not there."""


@dataclass(frozen=True, repr=False)
class SmtpServer:
    """Where mail is handed over. ``scheme``: smtp, smtp+starttls or smtps."""

    scheme: str
    host: str
    port: int
    user: str = ""
    password: str = ""

    @classmethod
    def of(cls, url: str) -> SmtpServer:
        """Read ``smtp+starttls://user:password@host:587``. Raises ``Misconfigured``."""
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise Misconfigured(
                "TSUNAGU_SMTP_URL must be smtp://, smtp+starttls:// or smtps://host:port"
            )
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        port = parts.port or PORTS[parts.scheme]
        return cls(parts.scheme, parts.hostname, port, user, password)


@dataclass(frozen=True)
class Mailer:
    """The carrier of mail. ``sender``: the address in From; its domain also takes returned mail."""

    server: SmtpServer
    sender: str

    def carry(self, message: Message) -> None:
        """Hand over one mail. Raises ``AddressGone``, ``CarrierDown``."""
        mail = self.compose(message)
        try:
            with self._connected() as smtp:
                smtp.send_message(mail, self._return_path(message), [message.address])
        except smtplib.SMTPRecipientsRefused as refused:
            reply, _words = refused.recipients[message.address]
            raise _refusal(reply) from refused
        except smtplib.SMTPResponseException as answer:
            raise CarrierDown(str(answer.smtp_code)) from answer
        except (OSError, smtplib.SMTPException) as problem:
            raise CarrierDown(type(problem).__name__) from problem

    def compose(self, message: Message) -> EmailMessage:
        """The mail itself; the same message gives the same Message-ID."""
        words = wording(message)
        mail = EmailMessage()
        mail["From"] = Address("つなぐ", addr_spec=self.sender)
        mail["To"] = Address(addr_spec=message.address)
        mail["Subject"] = words.subject
        mail["Date"] = format_datetime(clock.now())
        mail["Message-ID"] = f"<{message.id}@{self._domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(f"{words.body}\n\n{message.link}\n\n--\n{words.farewell}\n")
        mail["Content-Language"] = message.language.html_lang
        return mail

    @property
    def _domain(self) -> str:
        return self.sender.rpartition("@")[2]

    def _return_path(self, message: Message) -> str:
        return f"return+{message.id.hex}@{self._domain}"

    def _connected(self) -> smtplib.SMTP:
        server = self.server
        if server.scheme == "smtps":
            context = ssl.create_default_context()
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=TIMEOUT_SECONDS, context=context
            )
        else:
            smtp = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
        if server.scheme == "smtp+starttls":
            smtp.starttls(context=ssl.create_default_context())
        if server.user:
            smtp.login(server.user, server.password)
        return smtp


def _refusal(reply: int) -> AddressGone | CarrierDown:
    """Only "no such mailbox" is for good; other refusals may be our own server's fault."""
    return AddressGone(str(reply)) if reply in _NO_SUCH_MAILBOX else CarrierDown(str(reply))
