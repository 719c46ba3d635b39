"""The gateway's settings: one TOML file, and variables ``TSUNAGU_GATEWAY_*`` that come before it.

The gateway is installed alone in a hospital, so it shares no settings with other programs. A key of
the file is the field's name; a variable is the prefix and the name in capitals.
``docs/configuration.md`` lists them all and is written from here.
"""

from __future__ import annotations

import os
import tomllib
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import BeforeValidator, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from typing_extensions import override

from dicom_gateway.addresses import near
from dicom_gateway.errors import Misconfigured
from dicom_gateway.peers import Peer, Peers

VERSION: Final = "0.1.0"
PREFIX: Final = "TSUNAGU_GATEWAY_"
FILE_VARIABLE: Final = f"{PREFIX}CONFIG"
HOME: Final = Path("/etc/tsunagu-gateway")
DEFAULT_FILE: Final = HOME / "gateway.toml"
DEFAULT_DATA: Final = Path("/var/lib/tsunagu-gateway")

UNKNOWN_KEY: Final = frozenset({"extra_forbidden", "unexpected_keyword_argument"})
Port = Annotated[int, Field(ge=1, le=65535)]


def _comma_list(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


CommaList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_comma_list)]


class Mode(StrEnum):
    """Production demands a portal over https; development and test do not."""

    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


class GatewaySettings(BaseSettings):
    """One hospital's gateway (``dicom_gateway/``)."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    mode: Mode = Field(Mode.PRODUCTION, description="development, test or production")
    gateway_id: str = Field(
        "", description="id given by the portal at enrolment; audience of access tokens"
    )
    var: Path = Field(DEFAULT_DATA, description="folder of objects and index")
    database_url: str = Field("", description="index; empty means SQLite inside var")
    storage_url: str = Field(
        "",
        description="where objects lie: empty means inside var; `file:///FOLDER`; "
        "`s3://BUCKET/PREFIX?endpoint=URL&region=NAME`",
    )
    storage_key_id: str = Field(
        "",
        description="key id of the bucket; empty takes `AWS_ACCESS_KEY_ID` and what else the tools "
        "of Amazon read",
    )
    storage_secret: Path = Field(
        HOME / "storage-secret", description="file with the secret of that key, nothing else in it"
    )
    storage_cache_bytes: int = Field(
        20 * 1024**3,
        ge=0,
        description="with a bucket: objects and HTJ2K copies kept on this machine's disk for speed",
    )
    http_host: str = Field("127.0.0.1", description="address of the DICOMweb listener")
    http_port: Port = Field(8101, description="port of the DICOMweb listener")
    http_workers: int = Field(2, ge=1, le=64, description="DICOMweb worker processes")
    http_threads: int = Field(
        32, ge=1, le=256, description="threads a worker; a slow reader holds one"
    )
    dicom_host: str = Field("127.0.0.1", description="address of the DIMSE listener")
    dicom_port: Port = Field(11112, description="port of the DIMSE listener")
    dicom_tls_port: int = Field(
        0, ge=0, le=65535, description="port of DIMSE over TLS (2762 by custom); 0 switches it off"
    )
    dicom_tls_certificate: Path = Field(
        HOME / "dicom.pem", description="certificate chain shown to DIMSE peers, PEM"
    )
    dicom_tls_key: Path = Field(HOME / "dicom.key", description="its private key, PEM")
    dicom_tls_authorities: Path = Field(
        HOME / "dicom-authorities.pem", description="authorities that vouch for DIMSE peers, PEM"
    )
    ae_title: str = Field(
        "TSUNAGU", max_length=16, description="called AE title this gateway answers to"
    )
    calling_ae_titles: CommaList = Field(
        (),
        description="without peer rows: comma list of AE titles that may store; empty allows all",
    )
    peer: tuple[Peer, ...] = Field(
        (),
        description="the hospital's own systems that speak DIMSE, a `[[peer]]` table each; "
        "with one of them nobody else may",
    )
    portal_origin: str = Field(
        "http://127.0.0.1:8000", description="the portal: token issuer, CORS, events"
    )
    portal_jwks: Path = Field(
        HOME / "portal-jwks.json", description="public keys of the portal's access tokens"
    )
    signing_key: Path = Field(
        HOME / "signing.pem", description="EC P-256 private key that signs event reports"
    )
    status_host: str = Field("127.0.0.1", description="address of the administrator's page")
    status_port: Port = Field(8190, description="port of the administrator's page and /metrics")
    status_allowed: CommaList = Field(
        ("127.0.0.1", "::1"),
        description="comma list of addresses and networks that may open that page",
    )
    htj2k: bool = Field(
        default=True,
        description="make a lossless HTJ2K copy of grey frames for thin lines, "
        "where the extra `htj2k` is installed",
    )
    keep_days: int = Field(
        0,
        ge=0,
        description="days a study stays after it last changed or was read, for a gateway that is "
        "a cache of the PACS; 0: for good. What came from a medium, or may be here alone, stays",
    )
    keep_gigabytes: int = Field(
        0,
        ge=0,
        description="GB of objects above which the studies that were longest neither changed nor "
        "read go, until the rest fits; 0: no limit. The same studies stay as with keep_days, and "
        "what was used within the hour. HTJ2K copies are not counted",
    )
    study_settle_seconds: float = Field(
        2.0, ge=0, description="quiet time after the last object before a study is announced"
    )
    disk_reserve_bytes: int = Field(
        1024**3,
        ge=0,
        description="free space below which no object is taken in, so that reading goes on",
    )
    maximum_object_bytes: int = Field(4 * 1024**3, description="largest accepted DICOM object")

    @property
    def peers(self) -> Peers:
        """The allow-list of DIMSE. The gateway itself, on this machine, may store for its check."""
        rows = self.peer
        if rows and self.ae_title not in {row.ae_title for row in rows}:
            rows = (*rows, Peer(self.ae_title, near(self.dicom_host)))
        return Peers(rows, self.calling_ae_titles)

    @model_validator(mode="after")
    def _require_different_peers(self) -> Self:
        Peers(self.peer, self.calling_ae_titles)
        return self

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then variables, then the file."""
        chosen = os.environ.get(FILE_VARIABLE, "")
        content = _content(Path(chosen)) if chosen else {}
        return init_settings, env_settings, InitSettingsSource(settings_cls, content)


def choose_file(path: Path) -> None:
    """Let this process and those it starts read this TOML file."""
    os.environ[FILE_VARIABLE] = str(path.absolute())


@cache
def gateway_settings() -> GatewaySettings:
    """The settings of this process, read once.

    Raises:
        Misconfigured: the file cannot be read, or holds a key or value that cannot be used.
    """
    try:
        return GatewaySettings()
    except ValidationError as error:
        raise Misconfigured("\n".join(_lines(error))) from error


def _lines(error: ValidationError) -> list[str]:
    """One line a fault: which key, and what would be right."""
    return [
        f"{_place(one['loc'])}: "
        + ("no such key; see docs/configuration.md" if one["type"] in UNKNOWN_KEY else one["msg"])
        for one in error.errors(include_url=False, include_context=False)
    ]


def _place(loc: tuple[int | str, ...]) -> str:
    """``http_port``, or ``peer 2, port``: tables are counted as people count."""
    if len(loc) > 1 and isinstance(loc[1], int):
        return ", ".join([f"{loc[0]} {loc[1] + 1}", *map(str, loc[2:])])
    return ".".join(map(str, loc)) or "peer"


def _content(path: Path) -> dict[str, Any]:
    """The file's keys; relative paths start at its folder."""
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise Misconfigured(f"{path} is not there; `tsunagu-gateway enrol` writes it") from error
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise Misconfigured(f"{path} is not TOML: {error}") from error
    paths = {name for name, f in GatewaySettings.model_fields.items() if f.annotation is Path}
    return {
        key: str(path.parent / value) if key in paths and isinstance(value, str) else value
        for key, value in content.items()
    }
