"""The development world: which programs run, on which ports, with which settings.

The single source for ``make run``, ``make tour`` and the browser tests. A second world beside the
first has an offset, added to every port, and a folder of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scripts.steps import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BIN = ROOT / ".venv" / "bin"
PYTHON = str(BIN / "python")
HIGHEST_OFFSET = 50_000

PORTS = {
    "portal": 8000,
    "gateway-a-web": 8101,
    "gateway-b-web": 8102,
    "gateway-a-page": 8191,
    "gateway-b-page": 8192,
    "jlis": 8200,
    "agent": 8300,
    "desk": 8400,
    "mail": 8025,
    "openid": 8500,
    "gateway-a-dimse": 11112,
    "gateway-b-dimse": 11113,
}

HEALTH = {"portal": "/health"}
PORTAL_THREADS = 8
OPENID_CLIENT = "tsunagu-demo"
PHONE_RETURNS = ("/login/phone/return", "/account/phones/return")


@dataclass(frozen=True)
class Hospital:
    """One hospital's gateway, known to the portal's demo data by its id."""

    key: str
    gateway_id: str
    ae_title: str


HOSPITALS = (
    Hospital("a", "01998b1e-0000-7000-8000-00000000000a", "TSUNAGU_A"),
    Hospital("b", "01998b1e-0000-7000-8000-00000000000b", "TSUNAGU_B"),
)


@dataclass(frozen=True)
class Program:
    """One process of the world.

    ``port`` answers once it is ready; None listens nowhere. With ``health``, a path, being ready
    means an answer 200 to it over HTTP.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    port: int | None
    health: str = ""


@dataclass(frozen=True)
class World:
    """Everything of one running demo, derived from an offset and a folder."""

    offset: int = 0
    folder: Path | None = None
    mode: str = field(default="development")

    def __post_init__(self) -> None:
        if not 0 <= self.offset <= HIGHEST_OFFSET:
            raise ValueError(f"port offset must lie between 0 and {HIGHEST_OFFSET}")

    @property
    def var(self) -> Path:
        """Folder of all data: ``var`` itself, or one of its own beside it."""
        if self.folder is not None:
            return self.folder
        return ROOT / "var" / f"world-{self.offset}" if self.offset else ROOT / "var"

    @property
    def ports(self) -> dict[str, int]:
        """Port of every listening program."""
        return {name: port + self.offset for name, port in PORTS.items()}

    def origin(self, program: str) -> str:
        """Where a program answers over HTTP."""
        return f"http://127.0.0.1:{self.ports[program]}"

    def programs(self) -> tuple[Program, ...]:
        """Every process, in the order in which they start."""
        environment = self.environment()
        return tuple(
            Program(name, command, environment[name], self.ports.get(name), HEALTH.get(name, ""))
            for name, command in self._commands().items()
        )

    def environment(self) -> dict[str, dict[str, str]]:
        """Settings by program; ``portal`` also serves migrations, demo data and jobs."""
        simulators = self._simulators()
        settings = {
            "portal": self._portal(),
            "housekeeping": self._portal(),
            "jobs": self._portal(),
            "mail": simulators,
            "jlis": simulators,
            "desk": simulators,
            "openid": simulators,
            "agent": self._agent(),
            "modality": simulators,
        }
        for hospital in HOSPITALS:
            gateway = self._gateway(hospital)
            settings[f"gateway-{hospital.key}-dimse"] = gateway
            settings[f"gateway-{hospital.key}-web"] = gateway
            settings[f"gateway-{hospital.key}-page"] = gateway
        return settings

    def _commands(self) -> dict[str, tuple[str, ...]]:
        commands = {
            "jlis": (PYTHON, "-m", "simulators.jlis", "serve"),
            "desk": (PYTHON, "-m", "simulators.card", "desk"),
            "openid": (PYTHON, "-m", "simulators.openid", "serve"),
            "agent": (PYTHON, "-m", "card_agent"),
            "portal": self._granian(),
            "housekeeping": self._housekeeping(),
            "mail": (PYTHON, "-m", "simulators.mail"),
            "jobs": self._jobs(),
        }
        for hospital in HOSPITALS:
            name = f"gateway-{hospital.key}"
            commands[f"{name}-dimse"] = (PYTHON, "-m", "dicom_gateway", "dimse")
            commands[f"{name}-web"] = (PYTHON, "-m", "dicom_gateway", "web")
            commands[f"{name}-page"] = (PYTHON, "-m", "dicom_gateway", "page")
        return {**commands, "modality": self._modality()}

    def _granian(self) -> tuple[str, ...]:
        port = str(self.ports["portal"])
        listen = ("--host", "127.0.0.1", "--port", port, "--no-ws")
        threads = ("--blocking-threads", str(PORTAL_THREADS))
        return (str(BIN / "granian"), "--interface", "wsgi", *listen, *threads, "wsgi:app")

    def _housekeeping(self) -> tuple[str, ...]:
        return (str(BIN / "flask"), "--app", "wsgi", "housekeeping", "--every", "600")

    def _jobs(self) -> tuple[str, ...]:
        return (str(BIN / "flask"), "--app", "wsgi", "jobs", "run", "--every", "15")

    def _modality(self) -> tuple[str, ...]:
        targets = [
            f"{hospital.ae_title}@127.0.0.1:{self.ports[f'gateway-{hospital.key}-dimse']}"
            for hospital in HOSPITALS
        ]
        return (PYTHON, "-m", "simulators.modality", "schedule", *targets)

    def _portal(self) -> dict[str, str]:
        return {
            "TSUNAGU_MODE": self.mode,
            "TSUNAGU_VAR": str(self.var),
            "TSUNAGU_SECRET_KEY": self._secret_key(),
            "TSUNAGU_DATABASE_URL": f"sqlite:///{self.var / 'portal.sqlite'}",
            "TSUNAGU_ORIGIN": self.origin("portal"),
            "TSUNAGU_CARD_AGENT_ORIGIN": self.origin("agent"),
            "TSUNAGU_TRUST_PROFILE": str(self.var / "pki" / "trust"),
            "TSUNAGU_SEALING_KEYS": str(self.var / "keys" / "sealing-keys"),
            "TSUNAGU_PHONE_LOGIN_ISSUER": f"{self.origin('openid')}/api/realms/main",
            "TSUNAGU_PHONE_LOGIN_CLIENT_ID": OPENID_CLIENT,
            "TSUNAGU_PHONE_LOGIN_KEY": str(self.var / "keys" / "phone-login.pem"),
            "TSUNAGU_ACCESS_TOKEN_KEY": str(self.var / "keys" / "portal-access.pem"),
            "TSUNAGU_PUSH_KEY": str(self.var / "keys" / "push.pem"),
            "TSUNAGU_SMTP_URL": f"smtp://127.0.0.1:{self.ports['mail']}",
            "TSUNAGU_REMINDER_HOUR": "0",
            "TSUNAGU_EVIDENCE_SIGNING_KEY": str(self.var / "keys" / "evidence-seal.pem"),
            "TSUNAGU_EVIDENCE_CERTIFICATE": str(
                self.var / "keys" / "evidence-seal-certificates.pem"
            ),
        }

    def _secret_key(self) -> str:
        path = self.var / "keys" / "secret-key"
        return path.read_text(encoding="ascii") if path.is_file() else ""

    def _agent(self) -> dict[str, str]:
        return {
            "TSUNAGU_CARD_AGENT_MODE": self.mode,
            "TSUNAGU_CARD_AGENT_PORT": str(self.ports["agent"]),
            "TSUNAGU_CARD_AGENT_ALLOWED_ORIGINS": self.origin("portal"),
            "TSUNAGU_CARD_AGENT_SIMULATED_READERS": f"127.0.0.1:{self.ports['desk']}",
        }

    def _simulators(self) -> dict[str, str]:
        return {
            "TSUNAGU_SIMULATOR_MODE": self.mode,
            "TSUNAGU_SIMULATOR_VAR": str(self.var / "pki"),
            "TSUNAGU_SIMULATOR_JLIS_PORT": str(self.ports["jlis"]),
            "TSUNAGU_SIMULATOR_CARD_DESK_PORT": str(self.ports["desk"]),
            "TSUNAGU_SIMULATOR_MAIL_PORT": str(self.ports["mail"]),
            "TSUNAGU_SIMULATOR_MAIL_FOLDER": str(self.var / "mail"),
            "TSUNAGU_SIMULATOR_OPENID_PORT": str(self.ports["openid"]),
            "TSUNAGU_SIMULATOR_OPENID_CLIENT_ID": OPENID_CLIENT,
            "TSUNAGU_SIMULATOR_OPENID_CLIENT_JWKS": str(
                self.var / "keys" / "phone-login-jwks.json"
            ),
            "TSUNAGU_SIMULATOR_OPENID_REDIRECT_URIS": ",".join(
                self.origin("portal") + path for path in PHONE_RETURNS
            ),
        }

    def _gateway(self, hospital: Hospital) -> dict[str, str]:
        name = f"gateway-{hospital.key}"
        folder = self.var / "gateways" / hospital.key
        return {
            "TSUNAGU_GATEWAY_MODE": self.mode,
            "TSUNAGU_GATEWAY_GATEWAY_ID": hospital.gateway_id,
            "TSUNAGU_GATEWAY_VAR": str(folder),
            "TSUNAGU_GATEWAY_HTTP_PORT": str(self.ports[f"{name}-web"]),
            "TSUNAGU_GATEWAY_HTTP_WORKERS": "1",
            "TSUNAGU_GATEWAY_DICOM_PORT": str(self.ports[f"{name}-dimse"]),
            "TSUNAGU_GATEWAY_STATUS_PORT": str(self.ports[f"{name}-page"]),
            "TSUNAGU_GATEWAY_AE_TITLE": hospital.ae_title,
            "TSUNAGU_GATEWAY_PORTAL_ORIGIN": self.origin("portal"),
            "TSUNAGU_GATEWAY_PORTAL_JWKS": str(self.var / "keys" / "portal-jwks.json"),
            "TSUNAGU_GATEWAY_SIGNING_KEY": str(folder / "signing.pem"),
        }
