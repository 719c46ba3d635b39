"""Who is told of what in tests: mails as a server received them, and channels."""

from __future__ import annotations

import json
from dataclasses import dataclass
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

from app.core import clock
from app.core.db import transaction
from app.core.ids import new_id
from app.notifications.mail import Mailer, SmtpServer
from app.notifications.models import Channel, ChannelKind

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path
    from uuid import UUID

    from app.crypto.sealing import Sealer
    from tests.app.world import Resident


@dataclass(frozen=True)
class Mails:
    """A simulated mail server's folder and port."""

    folder: Path
    port: int

    def received(self) -> list[EmailMessage]:
        """Every mail, in the order in which it came."""
        return [
            message_from_bytes(path.read_bytes(), policy=policy.default)
            for path in sorted(self.folder.glob("*.eml"))
        ]


def mailer_to(port: int) -> Mailer:
    """The real carrier in front of that server."""
    return Mailer(SmtpServer("smtp", "127.0.0.1", port), "no-reply@tsunagu.example")


def channel_of(
    resident: Resident,
    sealer: Sealer,
    address: str = "hanako@example.jp",
    **columns: Any,
) -> UUID:
    """A confirmed channel of somebody; a mail address unless said otherwise."""
    channel_id, now = new_id(), clock.now()
    sealed = sealer.seal(
        json.dumps({"address": address}).encode(), context=f"notifications.channel:{channel_id}"
    )
    known: dict[str, Any] = {"kind": ChannelKind.MAIL, "language": "ja", "confirmed_at": now}
    with transaction() as session:
        session.add(
            Channel(
                id=channel_id,
                account_id=resident.account_id,
                sealed_address=sealed,
                added_at=now,
                **known | columns,
            )
        )
    return channel_id


def report(to: str, *, status: str = "5.1.1", action: str = "failed") -> bytes:
    """A report of non-delivery as RFC 3464 lays it out."""
    return (
        f"From: <>\r\nTo: <return+{to}@tsunagu.example>\r\nSubject: undelivered\r\n"
        "MIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nsorry\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; a@example.jp\r\nAction: {action}\r\nStatus: {status}\r\n\r\n"
        "--b--\r\n"
    ).encode()
