"""An SMTP server on loopback that writes each mail to a file.

Addresses at ``nobody.invalid`` do not exist (550); at ``busy.invalid`` it is always later (451).
"""

from __future__ import annotations

from asyncio.base_events import Server
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from aiosmtpd.controller import Controller
from typing_extensions import override

if TYPE_CHECKING:
    from pathlib import Path

    from aiosmtpd.smtp import SMTP, Envelope, Session

HOST = "127.0.0.1"
NO_SUCH_MAILBOX = "550 5.1.1 no such mailbox"
TRY_LATER = "451 4.3.0 try again later"


@dataclass
class MailFolder:
    """Keeps mails as ``0001.eml``, ``0002.eml``; the file says to whom and from where it came."""

    folder: Path

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Refuse the two kinds of address that stand for trouble."""
        if address.endswith("@nobody.invalid"):
            return NO_SUCH_MAILBOX
        if address.endswith("@busy.invalid"):
            return TRY_LATER
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Write one mail under the next free number."""
        self.folder.mkdir(parents=True, exist_ok=True)
        number = len(list(self.folder.glob("*.eml"))) + 1
        trace = f"Return-Path: <{envelope.mail_from}>\r\nX-Envelope-To: {envelope.rcpt_tos[0]}\r\n"
        path = self.folder / f"{number:04d}.eml"
        path.write_bytes(trace.encode() + _bytes(envelope.content))
        return "250 kept"


def _bytes(content: bytes | str | None) -> bytes:
    return content.encode() if isinstance(content, str) else content or b""


class _OnAnyPort(Controller):
    """Knows which port it was given before it knocks at its own door."""

    @override
    def _trigger_server(self) -> None:
        if isinstance(self.server, Server):
            self.port = int(self.server.sockets[0].getsockname()[1])
        super()._trigger_server()  # type: ignore[no-untyped-call]


class MailServer:
    """The server in a thread of its own; port 0 takes a free one."""

    def __init__(self, handler: MailFolder, port: int) -> None:
        self._controller = _OnAnyPort(handler, hostname=HOST, port=port, ready_timeout=10)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._controller.port)

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop(no_assert=True)
