"""Settings of portal and simulated world, typed, with defaults.

The only reader of the environment for both. Card agent and gateway are installed alone and bring
their own: ``card_agent/settings.py``, ``dicom_gateway/settings.py``.

A variable is the prefix of its class plus the field name in capitals, for example
``TSUNAGU_DATABASE_URL``. ``docs/settings.md`` lists them all.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent

Port = Annotated[int, Field(ge=1, le=65535)]


def _comma_list(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


CommaList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_comma_list)]


class Mode(StrEnum):
    """Production refuses every simulated part; development announces it."""

    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


class RevocationPolicy(StrEnum):
    """Which source of certificate status is asked. Silence of all of them is a refusal.

    ``both``: each must say that the certificate stands.
    """

    OCSP_FIRST = "ocsp_first"
    CRL_FIRST = "crl_first"
    BOTH = "both"
    CRL_ONLY = "crl_only"
    OCSP_ONLY = "ocsp_only"


def _config(prefix: str) -> SettingsConfigDict:
    return SettingsConfigDict(env_prefix=prefix, extra="ignore", frozen=True)


class PortalSettings(BaseSettings):
    """The portal (``app/``)."""

    model_config = _config("TSUNAGU_")

    mode: Mode = Field(Mode.PRODUCTION, description="development, test or production")
    var: Path = Field(
        ROOT / "var", description="folder for everything that is not in the repository"
    )
    secret_key: SecretStr = Field(
        SecretStr(""),
        description="signs CSRF tokens and first-administrator links; at least 32 characters",
    )
    database_url: str = Field(
        f"sqlite:///{ROOT / 'var' / 'portal.sqlite'}",
        description="SQLAlchemy URL, SQLite or PostgreSQL",
    )
    origin: str = Field(
        "http://127.0.0.1:8000", description="scheme, host and port as the browser sees the portal"
    )
    card_agent_origin: str = Field(
        "http://127.0.0.1:8300", description="where the person's own card agent listens"
    )
    card_agent_download: str = Field(
        "",
        description="https address where people get the card agent; empty: their desk hands it out",
    )
    trust_profile: Path = Field(
        ROOT / "var" / "pki" / "trust", description="folder of the pinned JPKI anchors (trust.json)"
    )
    revocation_policy: RevocationPolicy = Field(
        RevocationPolicy.OCSP_FIRST,
        description="ocsp_first, crl_first, both, crl_only, ocsp_only; an anchor may say otherwise",
    )
    access_token_key: Path = Field(
        ROOT / "var" / "keys" / "portal-access.pem",
        description="EC P-256 private key, image-access tokens",
    )
    sealing_keys: Path = Field(
        ROOT / "var" / "keys" / "sealing-keys",
        description="AES-256 keys of evidence and addresses at rest; base64 lines, current first",
    )
    evidence_signing_key: Path = Field(
        ROOT / "var" / "keys" / "evidence-seal.pem",
        description="RSA private key that seals evidence of signed documents",
    )
    evidence_certificate: Path = Field(
        ROOT / "var" / "keys" / "evidence-seal-certificates.pem",
        description="its certificate first, then issuers and certificates of earlier seals (PEM)",
    )
    evidence_font: Path = Field(
        Path("/usr/share/fonts/opentype/ipaexfont-gothic/ipaexg.ttf"),
        description="TrueType font of evidence; IPAmj Mincho has every character of names",
    )
    client_certificate_origin: str = Field(
        "", description="https address, at another port, where nginx asks for cards; empty: none"
    )
    client_certificate_proof: Path = Field(
        ROOT / "var" / "keys" / "client-certificate-proof",
        description="what only that nginx knows; 32 characters or more",
    )
    phone_login_issuer: str = Field(
        "",
        description="issuer of デジタル認証アプリ, without a trailing slash; empty: no phone login",
    )
    phone_login_client_id: str = Field("", description="what that issuer calls this portal")
    phone_login_key: Path = Field(
        ROOT / "var" / "keys" / "phone-login.pem",
        description="EC P-256 private key that proves this portal to that issuer",
    )
    phone_login_profile: Path = Field(
        ROOT / "config" / "openid" / "digital-auth-app.json",
        description="what that issuer expects, and which of its answers count",
    )
    rate_limit_storage: str = Field(
        "memory://", description="Flask-Limiter storage URL; Redis when replicated"
    )
    rate_limits: bool = Field(default=True, description="rate limits on login and token routes")
    trusted_proxies: int = Field(
        0, ge=0, le=3, description="reverse proxies whose X-Forwarded-* count"
    )
    smtp_url: SecretStr = Field(
        SecretStr(""),
        description="mail server: smtp://, smtp+starttls:// or smtps://user:password@host:port; "
        "empty sends no mail",
    )
    mail_from: str = Field(
        "no-reply@tsunagu.invalid",
        description="address in From; its domain takes returned mail at return+…@",
    )
    push_key: Path = Field(
        ROOT / "var" / "keys" / "push.pem",
        description="EC P-256 private key of Web Push (VAPID); without the file there is no push",
    )
    push_contact: str = Field(
        "", description="whom a push service writes to, mailto: or https:; empty means mail_from"
    )
    push_services: CommaList = Field(
        (
            "https://fcm.googleapis.com",
            "https://updates.push.services.mozilla.com",
            "https://web.push.apple.com",
            "https://*.notify.windows.com",
        ),
        description="comma list of push services that may be called, by origin",
    )
    reminder_hour: int = Field(
        9, ge=0, le=23, description="hour in Japan from which a day's reminders are sent"
    )
    jobs_broker: SecretStr = Field(
        SecretStr(""),
        description="Celery broker, redis:// or amqp://; empty: `flask jobs run` works alone",
    )
    metrics_token: SecretStr = Field(
        SecretStr(""), description="bearer token of /metrics; empty closes it"
    )


class SimulatorSettings(BaseSettings):
    """The simulated world (``simulators/``): never in production."""

    model_config = _config("TSUNAGU_SIMULATOR_")

    mode: Mode = Field(
        Mode.PRODUCTION, description="must be development or test, else nothing starts"
    )
    var: Path = Field(
        ROOT / "var" / "pki", description="folder of the development PKI and card files"
    )
    jlis_port: Port = Field(
        8200, description="loopback port of the simulated J-LIS (CRL, OCSP, timestamps)"
    )
    card_desk_port: Port = Field(8400, description="loopback port of the simulated card desk")
    mail_port: Port = Field(8025, description="loopback port of the simulated mail server")
    mail_folder: Path = Field(
        ROOT / "var" / "mail", description="folder in which the simulated mail server keeps mails"
    )
    openid_port: Port = Field(8500, description="loopback port of the simulated デジタル認証アプリ")
    openid_client_id: str = Field("tsunagu-demo", description="what it calls the portal")
    openid_client_jwks: Path = Field(
        ROOT / "var" / "keys" / "phone-login-jwks.json",
        description="public keys the portal proves itself with there",
    )
    openid_redirect_uris: CommaList = Field(
        (), description="comma list of the portal's return addresses; empty: no client"
    )


@cache
def portal_settings() -> PortalSettings:
    """The portal's settings, read once."""
    return PortalSettings()


@cache
def simulator_settings() -> SimulatorSettings:
    """The simulated world's settings, read once."""
    return SimulatorSettings()
