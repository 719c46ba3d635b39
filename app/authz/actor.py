"""The person behind a request, assembled once by the loaders that ``factory`` wires."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID


class Assurance(IntEnum):
    """How the person proved who they are in this session (``acr``).

    ``PHONE``: another party, デジタル認証アプリ, vouches for card and PIN. ``CARD``: we saw the
    certificate and its proof ourselves.
    """

    NONE = 0
    PASSKEY = 1
    PHONE = 2
    CARD = 3


class Role(StrEnum):
    """What a membership lets a person do at one organisation."""

    NURSE = "nurse"
    RECEPTIONIST = "receptionist"
    PHYSICIAN = "physician"
    ADMINISTRATOR = "administrator"


class Profession(StrEnum):
    """A licensed profession (国家資格)."""

    PHYSICIAN = "physician"


@dataclass(frozen=True)
class Membership:
    """A role at an organisation that is in force today."""

    organisation_id: UUID
    organisation_name: str
    role: Role


@dataclass(frozen=True)
class License:
    """A professional licence that somebody confirmed."""

    profession: Profession
    confirmed_on: date
    expires_on: date | None


@dataclass(frozen=True)
class Actor:
    """An account with its assurance, memberships and licences at this moment."""

    account_id: UUID
    person_id: UUID
    name: str
    assurance: Assurance
    today: date
    memberships: tuple[Membership, ...] = ()
    licenses: tuple[License, ...] = field(default=())

    def organisations(self, *roles: Role) -> frozenset[UUID]:
        """Organisations where this person has one of the roles today."""
        return frozenset(m.organisation_id for m in self.memberships if m.role in roles)

    def has_license(self, profession: Profession) -> bool:
        """Whether a confirmed licence of this profession is in force today."""
        return any(
            licence.profession is profession
            and (licence.expires_on is None or self.today <= licence.expires_on)
            for licence in self.licenses
        )


class Scope(StrEnum):
    """What another organisation's system may ask."""

    FORECAST = "immds-forecast"


@dataclass(frozen=True)
class ClientSystem:
    """A system of another organisation that acts under its own key, within its scopes."""

    id: UUID
    organisation_id: UUID
    name: str
    scopes: frozenset[Scope]


@dataclass(frozen=True)
class Machine:
    """A program that acts under its own key: a hospital's gateway."""

    id: UUID
    organisation_id: UUID
    name: str
