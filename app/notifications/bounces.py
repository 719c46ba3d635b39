"""Reports of non-delivery (RFC 3464) as a mail server hands them back: whose, and for good?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage

_RETURN_PATH = re.compile(r"return\+([0-9a-f]{32})@")
_FOR_GOOD = re.compile(r"5\.1\.\d+|5\.2\.1")
"""RFC 3463 §3.2, §3.3: bad destination address; mailbox disabled."""


@dataclass(frozen=True)
class Bounce:
    """A delivery that came back for good, with its enhanced status code."""

    delivery_id: UUID
    status: str


def read_bounce(content: bytes) -> Bounce | None:
    """The delivery a report tells of; None when it is none of ours, a delay, or no report."""
    mail: EmailMessage = message_from_bytes(content, policy=policy.default)
    if mail.get_content_type() != "multipart/report":
        return None
    named = _RETURN_PATH.search(" ".join(_recipients(mail)))
    status = next((one for one in _failures(mail) if _FOR_GOOD.fullmatch(one)), None)
    if named is None or status is None:
        return None
    return Bounce(UUID(named[1]), status)


def _recipients(mail: EmailMessage) -> Iterator[str]:
    for name in ("To", "Delivered-To", "X-Original-To"):
        yield from (str(value) for value in mail.get_all(name, []))


def _failures(mail: EmailMessage) -> Iterator[str]:
    for part in mail.walk():
        if part.get_content_type() != "message/delivery-status":
            continue
        for block in part.iter_parts() if part.is_multipart() else ():
            if str(block.get("Action", "")).strip().lower() == "failed":
                yield str(block.get("Status", "")).split(" ")[0].strip()
