"""Writes ``docs/settings.md`` from ``config/settings.py``: ``python -m config.settings_doc``."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from card_agent.settings import CardAgentSettings
from config.settings import (
    ROOT,
    GatewaySettings,
    PortalSettings,
    SimulatorSettings,
)

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from pydantic_settings import BaseSettings

PAGE = ROOT / "docs" / "settings.md"
PROGRAMS: tuple[type[BaseSettings], ...] = (
    PortalSettings,
    GatewaySettings,
    CardAgentSettings,
    SimulatorSettings,
)
HEAD = """\
# Settings

Every variable a program reads, with its default. This page is written from `config/settings.py`
and `card_agent/settings.py` by `python -m config.settings_doc`; the suite fails when it is out of
date. Relative paths start at the repository. `make run` sets all of them for its own world, so
nothing has to be set to try the product; `TSUNAGU_PORT_OFFSET=1000 make run` starts a second world
beside a running one.
"""


def settings_page() -> str:
    """The whole page, Markdown."""
    return HEAD + "".join(_section(program) for program in PROGRAMS)


def _section(program: type[BaseSettings]) -> str:
    prefix = program.model_config.get("env_prefix", "")
    title = (program.__doc__ or "").strip().splitlines()[0]
    rows = [
        f"| `{prefix}{name.upper()}` | {_default(field)} | {field.description} |"
        for name, field in program.model_fields.items()
    ]
    return "\n".join(
        ["", f"## {title}", "", "| variable | default | meaning |", "|---|---|---|", *rows, ""]
    )


def _default(field: FieldInfo) -> str:
    value: Any = field.default
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, Path) and value.is_relative_to(ROOT):
        value = value.relative_to(ROOT)
    if isinstance(value, tuple):
        value = ",".join(value)
    if isinstance(value, bool):
        value = str(value).lower()
    text = str(value).replace(f"{ROOT}/", "")
    return f"`{text}`" if text else "empty"


if __name__ == "__main__":
    PAGE.write_text(settings_page(), encoding="utf-8")
