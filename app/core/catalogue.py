"""Data that a municipality may replace: a YAML file checked against its JSON Schema."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml
from jsonschema import Draft202012Validator

from app.core.errors import Misconfigured

if TYPE_CHECKING:
    from pathlib import Path


def read_catalogue(file: Path, schema: Path) -> Any:
    """The content of ``file``. Raises ``Misconfigured`` with everything that is wrong with it."""
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    validator = Draft202012Validator(json.loads(schema.read_text(encoding="utf-8")))
    problems = [
        f"{'.'.join(map(str, found.path)) or file.stem}: {found.message}"
        for found in validator.iter_errors(content)
    ]
    if problems:
        raise Misconfigured(f"config/{schema.parent.name}: " + "; ".join(problems))
    return content
