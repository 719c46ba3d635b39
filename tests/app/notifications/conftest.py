"""A post office in a test: the real mail carrier in front of the simulated mail server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.jobs.work import Office
from app.notifications.models import ChannelKind
from app.notifications.sending import Post
from app.reminders.wanted import still_wanted
from simulators.mail.server import MailFolder, MailServer
from tests.app.told import Mails, mailer_to

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask


@pytest.fixture
def mails(tmp_path: Path) -> Iterator[Mails]:
    """A mail server on a free port, and what it was given."""
    folder = tmp_path / "mail"
    with MailServer(MailFolder(folder), 0) as server:
        yield Mails(folder, server.port)


@pytest.fixture
def office(portal: Flask, mails: Mails) -> Office:
    """Everything the jobs need, at any hour."""
    post = Post(
        carriers={ChannelKind.MAIL: mailer_to(mails.port)},
        sealer=portal.extensions["sealer"],
        origin="http://127.0.0.1:8000",
        still_wanted=still_wanted,
    )
    return Office(post, first_hour=0)
