"""Writes the pages of settings from their types: ``python -m config.settings_doc``.

``docs/settings.md`` holds the variables of every program, ``dicom_gateway/docs/configuration.md``
the keys of the gateway's file.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from card_agent.settings import CardAgentSettings
from config.settings import ROOT, PortalSettings, SimulatorSettings
from dicom_gateway.peers import Peer
from dicom_gateway.settings import DEFAULT_FILE, FILE_VARIABLE, PREFIX, GatewaySettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_settings import BaseSettings

PAGE = ROOT / "docs" / "settings.md"
GATEWAY_PAGE = ROOT / "dicom_gateway" / "docs" / "configuration.md"
PROGRAMS: tuple[type[BaseSettings], ...] = (
    PortalSettings,
    GatewaySettings,
    CardAgentSettings,
    SimulatorSettings,
)
HEAD = """\
# Settings

Every variable a program reads, with its default. This page is written from `config/settings.py`,
`card_agent/settings.py` and `dicom_gateway/settings.py` by `python -m config.settings_doc`; the
suite fails when it is out of date. The gateway also takes a file:
[its configuration](../dicom_gateway/docs/configuration.md). Relative paths start at the repository.
`make run` sets all of them for its own world, so nothing has to be set to try the product;
`TSUNAGU_PORT_OFFSET=1000 make run` starts a second world beside a running one.
"""
GATEWAY_HEAD = f"""\
# Configuration of the gateway

One TOML file, `{DEFAULT_FILE}` unless `--config FILE` or the variable `{FILE_VARIABLE}` names
another. `tsunagu-gateway enrol` writes it; everything it leaves out has the default below. A
variable `{PREFIX}` and the key in capitals comes before the file. Relative paths start at the
file's folder. A key that is not listed here, or a value that cannot be used, is named in one line
and nothing starts.

This page is written from `dicom_gateway/settings.py` by `python -m config.settings_doc`; the suite
fails when it is out of date.

| key | default | meaning |
|---|---|---|
"""

STORAGE = """
## `storage_url`

```toml
storage_url = "s3://hospital-images/gateway?endpoint=https://s3.example&region=ap-northeast-1"
storage_key_id = "AKIA…"
storage_secret = "storage-secret"   # a file beside this one, readable by the gateway alone
```

A folder (`file:///srv/images`) holds objects only; index and reports stay in `var`. With a bucket,
objects are durable on this machine before they are acknowledged and are uploaded behind; `var`
needs room for `storage_cache_bytes` and for as long as the bucket may be away. Without `endpoint`
it is Amazon's own service. Keys never stand in the URL; without `storage_key_id` they come from
`AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or from the role of the machine. An authority of
the hospital's own is named by `AWS_CA_BUNDLE`. The key needs `GetObject`, `PutObject`,
`DeleteObject`, `AbortMultipartUpload`, `ListBucket` and `ListBucketMultipartUploads`, on this
prefix. The bucket is private and encrypts what it keeps; versioning with a rule that deletes old
versions protects against a lost bucket, a retention lock would keep what was rejected. In
production the endpoint is https. `tsunagu-gateway check` puts a probe there, reads it back and
removes it. To move a folder into a bucket, or back: `backup --whole`, change the URL and `var`,
`restore`.
"""

PEERS_HEAD = """
## `[[peer]]`

```toml
[[peer]]
ae_title = "PACS"
host = "192.0.2.10"
port = 104
rights = ["store", "query", "retrieve"]
pull = "move"
```

| key | default | meaning |
|---|---|---|
"""


def gateway_page() -> str:
    """The keys of the gateway's file, Markdown."""
    rows = [
        f"| `{field.alias or name}` | {_default(field)} | {field.description} |\n"
        for name, field in GatewaySettings.model_fields.items()
    ]
    return GATEWAY_HEAD + "".join(rows) + STORAGE + PEERS_HEAD + "".join(_peer_rows())


def _peer_rows() -> Iterator[str]:
    for name, kind in get_type_hints(Peer, include_extras=True).items():
        (about,) = (one for one in kind.__metadata__ if isinstance(one, FieldInfo))
        yield f"| `{name}` | {_peer_default(name)} | {about.description} |\n"


def _peer_default(name: str) -> str:
    (found,) = (one.default for one in fields(Peer) if one.name == name)
    if found is MISSING:
        return "none: always written"
    if isinstance(found, frozenset):
        return f"`[{', '.join(json.dumps(str(one)) for one in sorted(found))}]`"
    return f"`{json.dumps(found)}`"


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
    GATEWAY_PAGE.write_text(gateway_page(), encoding="utf-8")
