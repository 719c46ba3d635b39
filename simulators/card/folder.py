"""A card on disk: ``card.json``, keys and certificates; what changes goes to ``state.json``.

The state names the ``card.json`` it belongs to, so a card issued anew into the same folder starts
with the PINs and tries it was issued with.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from simulators.card import status
from simulators.card.pins import AUTH_RULE, SIGN_RULE, PinValue

if TYPE_CHECKING:
    from pathlib import Path

DESCRIPTION = "card.json"
STATE = "state.json"
_ISSUE = "issue"
_BLOCKED_STATUSES = frozenset({status.METHOD_BLOCKED, status.REFERENCE_UNUSABLE, status.TRIES_LEFT})


class UnreadableCard(Exception):
    """The folder does not hold a usable card. The message names the folder and the reason."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"{folder}: {reason}")
        self.folder = folder
        self.reason = reason


@dataclass(frozen=True)
class KeyAndCertificates:
    """One key of the card with its certificate and the issuer's, both DER."""

    key: rsa.RSAPrivateKey
    certificate: bytes
    ca_certificate: bytes


@dataclass(frozen=True)
class CardFolder:
    """Everything read from a card folder. ``sign`` is None for a card without that certificate."""

    path: Path
    label: str
    contactless: bool
    blocked_status: int
    auth: KeyAndCertificates
    sign: KeyAndCertificates | None
    auth_pin: PinValue
    sign_pin: PinValue

    def save_pin(self, name: str, value: PinValue) -> None:
        """Keep a PIN and its counter across restarts; on disk before this returns."""
        target = self.path / STATE
        state = _read_state(self.path) | {_ISSUE: _issue(self.path)}
        state[f"{name}_pin"] = value.secret.decode("ascii") if value.secret else None
        state[f"{name}_tries_left"] = value.tries_left
        temporary = target.with_suffix(".part")
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(state, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)


def read_folder(path: Path) -> CardFolder:
    """Read a card folder. Raises UnreadableCard when a part is missing or malformed."""
    try:
        description = _read_json(path / DESCRIPTION)
        current = description | _read_state(path)
        return CardFolder(
            path=path,
            label=str(description.get("label", path.name)),
            contactless=bool(description.get("contactless", False)),
            blocked_status=_blocked_status(description),
            auth=_read_key(path, "auth"),
            sign=_read_key(path, "sign") if (path / "sign.cer").exists() else None,
            auth_pin=_pin_value(current, "auth", AUTH_RULE.maximum_tries),
            sign_pin=_pin_value(current, "sign", SIGN_RULE.maximum_tries),
        )
    except (OSError, ValueError) as error:
        raise UnreadableCard(path, str(error)) from error


def _read_json(path: Path) -> dict[str, Any]:
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError(f"{path.name} is not a JSON object")  # noqa: TRY004 - one error for bad files
    return content


def _read_state(path: Path) -> dict[str, Any]:
    target = path / STATE
    state = _read_json(target) if target.exists() else {}
    return state if state.get(_ISSUE) == _issue(path) else {}


def _issue(path: Path) -> str:
    return hashlib.sha256((path / DESCRIPTION).read_bytes()).hexdigest()


def _blocked_status(description: dict[str, Any]) -> int:
    word = int(str(description.get("blocked_status", "6984")), 16)
    if word not in _BLOCKED_STATUSES:
        raise ValueError("blocked_status must be 6983, 6984 or 63C0")
    return word


def _pin_value(current: dict[str, Any], name: str, maximum: int) -> PinValue:
    text = current.get(f"{name}_pin")
    tries = int(current.get(f"{name}_tries_left", maximum))
    if not 0 <= tries <= maximum:
        raise ValueError(f"{name}_tries_left must be between 0 and {maximum}")
    return PinValue(str(text).encode("ascii") if text else None, tries)


def _read_key(path: Path, name: str) -> KeyAndCertificates:
    pem = (path / f"{name}.key.pem").read_bytes()
    # Checking the primes takes longer than signing; these keys come from our own set-up.
    key = load_pem_private_key(pem, password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError(f"{name}.key.pem is not an RSA key")  # noqa: TRY004 - one error for bad files
    return KeyAndCertificates(
        key=key,
        certificate=(path / f"{name}.cer").read_bytes(),
        ca_certificate=(path / f"{name}-ca.cer").read_bytes(),
    )
