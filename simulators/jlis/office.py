"""The office: issues card folders, renews, revokes, and writes the trust profile others pin.

State lies in ``<var>/jlis`` (authorities, holders, register), cards in ``<var>/cards``, the pinned
profile in ``<var>/trust``. Everything is simulated and says so.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from cryptography.hazmat.primitives.asymmetric import rsa

from simulators.jlis import profile, status
from simulators.jlis.authority import Authority, der, new_key
from simulators.jlis.card_folder import (
    Card,
    CardFace,
    Issued,
    NoSuchCard,
    read_face,
    read_issued,
    write_card,
)
from simulators.jlis.clock import JST
from simulators.jlis.holder import SIGNATURE_AGE, Holder, Sex
from simulators.jlis.index import IssuedIndex, IssuedRow, Partition
from simulators.jlis.profile import GENERATION_YEARS, Purpose
from simulators.jlis.timestamps import POLICY, TimestampAuthority

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_PORT = 8200
NEWEST_GENERATION = 3
_YEAR = timedelta(days=365)
_SECTIONS = {Purpose.AUTHENTICATION: "authentication", Purpose.SIGNATURE: "signature"}

KeyPair: TypeAlias = tuple[rsa.RSAPrivateKey, rsa.RSAPrivateKey]


@dataclass(frozen=True)
class _Order:
    """What is issued: to whom, under which generation, for how long, on a card or a phone."""

    name: str
    holder: Holder
    generation: int
    at: datetime
    until: datetime
    phone: bool


class Office:
    """One simulated J-LIS with the municipal counters in front of it."""

    def __init__(
        self,
        var: Path,
        authorities: dict[tuple[Purpose, int], Authority],
        timestamps: TimestampAuthority,
        *,
        port: int,
    ) -> None:
        self.var = var
        self.authorities = authorities
        self.timestamps = timestamps
        self.index = IssuedIndex(var / "jlis" / "register.sqlite")
        self.base_url = f"http://127.0.0.1:{port}"
        self.write_trust_profile(var / "trust")

    @classmethod
    def create(cls, var: Path, *, at: datetime, port: int = DEFAULT_PORT) -> Self:
        """Make two hierarchies of three generations, or open those that are there."""
        folder = var / "jlis"
        authorities = {
            (purpose, generation): _load_or_create(folder, purpose, generation, at)
            for purpose in Purpose
            for generation in GENERATION_YEARS
        }
        return cls(var, authorities, TimestampAuthority.load_or_create(folder, at=at), port=port)

    def authority(self, purpose: Purpose, generation: int = NEWEST_GENERATION) -> Authority:
        """One root."""
        return self.authorities[purpose, generation]

    def issue(
        self,
        name: str,
        holder: Holder,
        *,
        at: datetime,
        face: CardFace | None = None,
        generation: int = NEWEST_GENERATION,
        valid_until: datetime | None = None,
        keys: KeyPair | None = None,
        phone: bool = False,
    ) -> Card:
        """Hand out a card, or put the same kind of certificates on a phone.

        An older card of that name loses its folder but stays valid.
        """
        root = self.authority(Purpose.AUTHENTICATION, generation).certificate
        until = min(valid_until or holder.expiry_after(at), root.not_valid_after_utc)
        keys = keys or (new_key(), new_key())
        order = _Order(name, holder, generation, at, until, phone)
        auth = self._certify(order, Purpose.AUTHENTICATION, keys[0])
        sign = None
        if holder.age_on(at.astimezone(JST).date()) >= SIGNATURE_AGE:
            sign = self._certify(order, Purpose.SIGNATURE, keys[1])
        card = Card(name, self.var / "cards" / name, holder, auth, sign)
        self._write(card, face or CardFace(), generation)
        return card

    def renew(self, name: str, *, at: datetime, keys: KeyPair | None = None) -> Card:
        """New keys and serials for the same person and PINs; the old certificates are revoked."""
        old = self.card(name)
        face = read_face(old.folder)
        for row in self._live_rows(name, tuple(Purpose)):
            self.index.revoke(row, at=at, reason="superseded")
        phone = profile.is_for_phone(old.auth.certificate)
        return self.issue(name, old.holder, at=at, face=face, keys=keys, phone=phone)

    def revoke(
        self,
        card_or_serial: str,
        *,
        at: datetime,
        purposes: tuple[Purpose, ...] = tuple(Purpose),
        reason: str = "unspecified",
    ) -> list[IssuedRow]:
        """Withdraw a card's certificates, or the one with this serial. Raises NoSuchCard."""
        rows = self._live_rows(card_or_serial, purposes)
        if not rows:
            raise NoSuchCard(card_or_serial)
        for row in rows:
            self.index.revoke(row, at=at, reason=reason)
        return rows

    def card(self, name: str) -> Card:
        """A card that was handed out. Raises NoSuchCard."""
        folder = self.var / "cards" / name
        auth = read_issued(folder, "auth")
        if auth is None:
            raise NoSuchCard(name)
        return Card(name, folder, self._recall(name), auth, read_issued(folder, "sign"))

    def crl(self, partition: Partition, *, at: datetime) -> bytes:
        """A partition's CRL now, as DER."""
        authority = self.authority(partition.purpose, partition.generation)
        return status.current_crl(authority, self.index, partition, at=at)

    def ocsp(self, purpose: Purpose, request_der: bytes, *, at: datetime) -> bytes:
        """The answer of one hierarchy's responder, as DER."""
        roots = [a for (kind, _), a in self.authorities.items() if kind is purpose]
        return status.answer_ocsp(roots, self.index, request_der, at=at)

    def write_trust_profile(self, folder: Path) -> None:
        """Write ``trust.json`` and the anchors it pins by SHA-256."""
        (folder / "anchors").mkdir(parents=True, exist_ok=True)
        data: dict[str, Any] = {"profile": "simulated", "simulated": True}
        for purpose, section in _SECTIONS.items():
            data[section] = {
                "policies": [purpose.policy.dotted_string],
                "phone_policies": [purpose.phone_policy.dotted_string],
                "anchors": [
                    _write_authority(folder, self.authority(purpose, generation))
                    for generation in GENERATION_YEARS
                ],
                "crl": f"{self.base_url}/crl/{purpose}/",
                "ocsp": f"{self.base_url}/ocsp/{purpose}",
            }
        data["timestamp"] = {
            "policies": [POLICY],
            "anchors": [_write_anchor(folder, "tsa", der(self.timestamps.root))],
            "url": f"{self.base_url}/timestamp",
        }
        text = json.dumps(data, indent=2, sort_keys=True) + "\n"
        _replace(folder / "trust.json", text.encode())

    def _write(self, card: Card, face: CardFace, generation: int) -> None:
        auth_ca = self.authority(Purpose.AUTHENTICATION, generation)
        sign_ca = self.authority(Purpose.SIGNATURE, generation)
        write_card(card, face, auth_ca=auth_ca, sign_ca=sign_ca)
        self._remember(card.name, card.holder)

    def _certify(self, order: _Order, purpose: Purpose, key: rsa.RSAPrivateKey) -> Issued:
        authority = self.authority(purpose, order.generation)
        builder = profile.leaf_builder(
            purpose,
            authority.certificate,
            order.holder,
            key.public_key(),
            valid_from=order.at,
            valid_until=order.until,
            ocsp_url=f"{self.base_url}/ocsp/{purpose}",
            phone=order.phone,
        )
        issued = Issued(authority.sign(builder), key)
        code = profile.partition_code(order.holder.municipality_code, phone=order.phone)
        self.index.add(
            IssuedRow(
                purpose, order.generation, issued.serial, code, order.name, order.at, issued.der
            )
        )
        return issued

    def _live_rows(self, card_or_serial: str, purposes: tuple[Purpose, ...]) -> list[IssuedRow]:
        rows = self.index.of_card(card_or_serial) or self.index.of_serial(card_or_serial)
        return [row for row in rows if row.purpose in purposes and row.revoked_at is None]

    def _remember(self, name: str, holder: Holder) -> None:
        folder = self.var / "jlis" / "holders"
        folder.mkdir(exist_ok=True)
        data = {**vars(holder), "born_on": holder.born_on.isoformat(), "sex": holder.sex.value}
        _replace(folder / f"{name}.json", json.dumps(data, ensure_ascii=False).encode())

    def _recall(self, name: str) -> Holder:
        path = self.var / "jlis" / "holders" / f"{name}.json"
        data = json.loads(path.read_text(encoding="utf-8"))
        data |= {"born_on": date.fromisoformat(data["born_on"]), "sex": Sex(data["sex"])}
        return Holder(**data)


def _write_authority(folder: Path, authority: Authority) -> dict[str, Any]:
    return _write_anchor(
        folder, authority.name, der(authority.certificate), generation=authority.generation
    )


def _write_anchor(
    folder: Path, name: str, content: bytes, *, generation: int = 1
) -> dict[str, Any]:
    _replace(folder / "anchors" / f"{name}.cer", content)
    return {
        "file": f"anchors/{name}.cer",
        "sha256": hashlib.sha256(content).hexdigest(),
        "generation": generation,
        "algorithms": ["RS256"],
    }


def _load_or_create(folder: Path, purpose: Purpose, generation: int, at: datetime) -> Authority:
    if (folder / f"{purpose}-g{generation}-ocsp.cer").exists():
        return Authority.load(folder, purpose, generation)
    since, until = GENERATION_YEARS[generation]
    authority = Authority.create(
        purpose, generation, valid_from=at + since * _YEAR, valid_until=at + until * _YEAR
    )
    authority.save(folder)
    return authority


def _replace(path: Path, content: bytes) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_bytes(content)
    fresh.replace(path)
