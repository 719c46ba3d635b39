"""Puts the agent together from its settings, and refuses settings that must not run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, request

from card_agent.desk import DeskTransport
from card_agent.errors import CannotStart
from card_agent.guard import Guard, add_headers
from card_agent.origins import AllowList
from card_agent.pages import PageStore
from card_agent.pcsc import PcscTransport
from card_agent.services import Services, Strings
from card_agent.settings import CardAgentSettings, Mode
from card_agent.views import blueprint

if TYPE_CHECKING:
    from card_agent.peer import OwnerCheck
    from card_agent.transport import Transport

_FOLDER = Path(__file__).resolve().parent
_BODY_MAXIMUM = 128 * 1024
_LOOPBACK = frozenset({"127.0.0.1", "localhost"})


def choose_transport(settings: CardAgentSettings) -> Transport:
    """Simulated readers when the settings name them, else PC/SC. Raises CannotStart."""
    if not settings.simulated_readers:
        return PcscTransport()
    if settings.mode is Mode.PRODUCTION:
        raise CannotStart(
            "Simulated readers are refused in production mode: "
            "clear TSUNAGU_CARD_AGENT_SIMULATED_READERS."
        )
    host, _, port = settings.simulated_readers.rpartition(":")
    if host not in _LOOPBACK or not port.isdecimal():
        raise CannotStart(
            "TSUNAGU_CARD_AGENT_SIMULATED_READERS must be 127.0.0.1:PORT of the card desk."
        )
    return DeskTransport(host, int(port))


def create_app(
    transport: Transport,
    *,
    port: int,
    allowed_origins: tuple[str, ...],
    owner_check: OwnerCheck | None,
) -> Flask:
    """The agent's WSGI application for the given own port."""
    app = Flask("card_agent", static_url_path="/static", root_path=str(_FOLDER))
    app.config["MAX_CONTENT_LENGTH"] = _BODY_MAXIMUM
    guard = Guard(port, owner_check)
    app.extensions["card_agent"] = Services(
        transport, PageStore(), AllowList(allowed_origins), load_strings()
    )
    app.before_request(lambda: guard.check(request))
    app.after_request(add_headers)
    app.register_blueprint(blueprint)
    return app


def load_strings() -> Strings:
    """The words of ``strings.json``: language, then key, then text."""
    content = json.loads((_FOLDER / "strings.json").read_text(encoding="utf-8"))
    return {language: dict(words) for language, words in content.items()}
