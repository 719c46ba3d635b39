"""A Celery worker that kills itself with SIGKILL between two letters.

``python -m tests.app.jobs.dying_worker BROKER DATABASE SEALING_KEYS SMTP_PORT``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from flask import Flask
from pydantic import SecretStr

from app.core import db
from app.crypto.sealing import Sealer
from app.jobs.workers import make_celery
from app.messagebox.posting import post_letter
from app.notifications.models import ChannelKind
from app.reminders import nightly
from app.web.i18n import load_catalogues
from config.settings import PortalSettings
from tests.app.jobs.dying import second_time
from tests.app.told import mailer_to


def main(broker: str, database: str, keys: str, port: str) -> None:
    """Take tasks from the broker until the second letter."""
    load_catalogues()
    db.bind(db.make_engine(database))
    vars(nightly)["post_letter"] = second_time(post_letter)
    app = Flask("dying")
    app.config["ORIGIN"] = "http://127.0.0.1:8000"
    app.extensions["settings"] = PortalSettings(jobs_broker=SecretStr(broker), reminder_hour=0)
    app.extensions["sealer"] = Sealer.load(Path(keys))
    app.extensions["carriers"] = {ChannelKind.MAIL: mailer_to(int(port))}
    make_celery(app).worker_main(["worker", "--pool=solo", "--without-mingle", "--without-gossip"])


if __name__ == "__main__":
    main(*sys.argv[1:])
