"""A worker that kills itself with SIGKILL at a chosen moment.

``python -m tests.app.jobs.dying MOMENT DATABASE SEALING_KEYS SMTP_PORT``.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.core import db
from app.crypto.sealing import Sealer
from app.jobs import work
from app.messagebox.posting import post_letter
from app.notifications.models import ChannelKind
from app.notifications.sending import Post
from app.reminders import nightly
from app.reminders.wanted import still_wanted
from app.web.i18n import load_catalogues
from tests.app.told import mailer_to

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from app.notifications.carriers import Carrier, Message

MOMENTS = ("planning", "writing", "before-mail", "after-mail")


def die() -> None:
    """No handler, no finally, no rollback by us."""
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class Dying:
    """A carrier that dies on the way."""

    real: Carrier
    moment: str

    def carry(self, message: Message) -> None:
        """Die with the claim taken, before or after the mail was accepted."""
        if self.moment == "before-mail":
            die()
        self.real.carry(message)
        if self.moment == "after-mail":
            die()


def second_time(real: Callable[..., Any]) -> Callable[..., Any]:
    """Works once, and dies when called again."""
    calls: list[object] = []

    def once(*arguments: object, **named: object) -> object:
        calls.append(arguments)
        if len(calls) > 1:
            die()
        return real(*arguments, **named)

    return once


def main(moment: str, database: str, keys: str, port: str) -> None:
    """One round that never ends."""
    load_catalogues()
    db.bind(db.make_engine(database))
    nightly.PAGE = 1
    if moment == "planning":
        vars(work)["plan_page"] = second_time(nightly.plan_page)
    if moment == "writing":
        vars(nightly)["post_letter"] = second_time(post_letter)
    post = Post(
        carriers={ChannelKind.MAIL: Dying(mailer_to(int(port)), moment)},
        sealer=Sealer.load(Path(keys)),
        origin="http://127.0.0.1:8000",
        still_wanted=still_wanted,
    )
    work.one_round(work.Office(post, first_hour=0))


if __name__ == "__main__":
    main(*sys.argv[1:])
