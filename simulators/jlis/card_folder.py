"""Card folders: what the simulated card and the card desk read."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography import x509

from simulators.jlis.authority import Authority, der, key_pem, load_key

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric import rsa

    from simulators.jlis.holder import Holder


class NoSuchCard(Exception):
    """No card, certificate or serial of that name."""


@dataclass(frozen=True)
class Issued:
    """One certificate with its key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    @property
    def der(self) -> bytes:
        """The certificate as DER."""
        return der(self.certificate)

    @property
    def serial(self) -> str:
        """Lower-case hex."""
        return format(self.certificate.serial_number, "x")


@dataclass(frozen=True)
class Card:
    """What lies on one card. ``sign`` is None for a holder under 15."""

    name: str
    folder: Path
    holder: Holder
    auth: Issued
    sign: Issued | None

    @property
    def signing(self) -> Issued:
        """The signature certificate. Raises NoSuchCard when this card has none."""
        if self.sign is None:
            raise NoSuchCard(f"{self.name} has no signature certificate")
        return self.sign


@dataclass(frozen=True)
class CardFace:
    """How the physical card behaves: label, PINs, and its answer when a PIN is blocked."""

    label: str = ""
    auth_pin: str = "1234"
    sign_pin: str = "ABC123"
    contactless: bool = False
    blocked_status: str = "6984"

    def to_json(self, card_name: str) -> dict[str, Any]:
        """The contents of ``card.json``."""
        return {
            "label": self.label or card_name,
            "auth_pin": self.auth_pin,
            "sign_pin": self.sign_pin,
            "auth_tries_left": 3,
            "sign_tries_left": 5,
            "contactless": self.contactless,
            "blocked_status": self.blocked_status,
        }


def write_card(card: Card, face: CardFace, *, auth_ca: Authority, sign_ca: Authority) -> None:
    """Write the folder whole, replacing an older card of that name in one rename."""
    fresh = card.folder.with_name(f".{card.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    (fresh / "card.json").write_text(
        json.dumps(face.to_json(card.name), ensure_ascii=False, indent=2), encoding="utf-8"
    )
    _write_pair(fresh, "auth", card.auth, auth_ca)
    if card.sign is not None:
        _write_pair(fresh, "sign", card.sign, sign_ca)
    shutil.rmtree(card.folder, ignore_errors=True)
    fresh.rename(card.folder)


def _write_pair(folder: Path, prefix: str, issued: Issued, authority: Authority) -> None:
    (folder / f"{prefix}.key.pem").write_bytes(key_pem(issued.key))
    (folder / f"{prefix}.cer").write_bytes(issued.der)
    (folder / f"{prefix}-ca.cer").write_bytes(der(authority.certificate))


def read_face(folder: Path) -> CardFace:
    """Label and PINs of an existing card. Raises NoSuchCard."""
    try:
        data = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise NoSuchCard(folder.name) from error
    return CardFace(
        data["label"],
        data["auth_pin"],
        data["sign_pin"],
        data["contactless"],
        data["blocked_status"],
    )


def read_issued(folder: Path, prefix: str) -> Issued | None:
    """One key pair of a card, None when it is not on the card."""
    path = folder / f"{prefix}.cer"
    if not path.exists():
        return None
    certificate = x509.load_der_x509_certificate(path.read_bytes())
    return Issued(certificate, load_key(folder / f"{prefix}.key.pem"))
