"""The wire contracts in ``config/wire``."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from config.settings import ROOT


@cache
def wire_schema(name: str) -> dict[str, Any]:
    """The JSON Schema ``config/wire/<name>.schema.json``."""
    path = ROOT / "config" / "wire" / f"{name}.schema.json"
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema
