"""The agent's settings: options of its command, else variables ``TSUNAGU_CARD_AGENT_*``.

The agent is installed alone on people's computers, so it shares no settings with other programs.
"""

from __future__ import annotations

import argparse
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

VERSION = "0.1.0"


def _comma_list(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


class Mode(StrEnum):
    """Production refuses simulated readers; development announces them."""

    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


class CardAgentSettings(BaseSettings):
    """The card agent on the user's own computer (``card_agent/``)."""

    model_config = SettingsConfigDict(env_prefix="TSUNAGU_CARD_AGENT_", extra="ignore", frozen=True)

    mode: Mode = Field(Mode.PRODUCTION, description="development, test or production")
    port: Annotated[int, Field(ge=1, le=65535)] = Field(
        8300, description="loopback port; the host is always 127.0.0.1"
    )
    allowed_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_comma_list)] = Field(
        ("http://127.0.0.1:8000",), description="comma list of origins that may ask for the card"
    )
    simulated_readers: str = Field(
        "", description="host:port of the simulated card desk; empty means real readers over PC/SC"
    )


def read_settings(arguments: list[str] | None = None) -> CardAgentSettings:
    """The settings of this start. Raises ``ValidationError`` for a value that cannot be used."""
    options = _parser().parse_args(arguments)
    chosen: dict[str, Any] = {}
    if options.allow:
        chosen["allowed_origins"] = tuple(options.allow)
    if options.port is not None:
        chosen["port"] = options.port
    return CardAgentSettings(**chosen)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tsunagu-card-agent",
        description="Talks to the card reader of this computer for the pages you allow.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {VERSION}")
    parser.add_argument(
        "--allow",
        action="append",
        metavar="ORIGIN",
        help="address of a portal that may ask for the card, such as https://tsunagu.example; "
        "may be given several times",
    )
    parser.add_argument(
        "--port", type=int, help="port on 127.0.0.1, 8300 unless the portal says so"
    )
    return parser
