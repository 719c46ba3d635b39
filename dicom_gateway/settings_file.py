"""The gateway's TOML file as text: some keys set, everything a person wrote kept."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEAD: Final = """\
# The gateway of one hospital. All keys and their defaults: dicom_gateway/docs/configuration.md
# Check after a change: tsunagu-gateway check
"""
_TABLE: Final = re.compile(r"^\s*\[", re.MULTILINE)


def with_keys(text: str, values: Mapping[str, str]) -> str:
    """The text with these top-level keys set to strings; other lines stay as they are."""
    found = _TABLE.search(text)
    cut = found.start() if found else len(text)
    head, tables = text[:cut] or _HEAD, text[cut:]
    for key, value in values.items():
        head = _with_line(head, key, f"{key} = {json.dumps(value, ensure_ascii=False)}")
    return head + ("\n" if tables and not head.endswith("\n\n") else "") + tables


def _with_line(head: str, key: str, line: str) -> str:
    present = re.compile(rf"^{key}\s*=.*$", re.MULTILINE)
    if present.search(head):
        return present.sub(lambda _: line, head, count=1)
    return head.rstrip("\n") + f"\n{line}\n"
