"""The evidence of an application: what was signed, by whom, and what was proved, sealed as one.

The envelope is bound to the application's id, so that evidence of one cannot stand for another.
Addresses of people are sealed the same way, bound to the person.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from uuid import UUID

    from app.crypto.sealing import Sealer
    from app.jpki.attributes import FourAttributes
    from app.jpki.revocation import NotRevoked

VERSION = 1
_FILES = ("cms", "pdf")
_CODED_SEX = {"1": "male", "2": "female", "3": "not_known"}


@dataclass(frozen=True, repr=False)
class Claims:
    """The four attributes as read once, and how the applicant says the name is read.

    ``born_on`` is None where a part of the date is unknown; ``birth_words`` is as on the card.
    """

    name: str
    name_substitutes: str
    birth_words: str
    sex: str
    address: str
    family_kana: str
    given_kana: str

    @classmethod
    def of(cls, attributes: FourAttributes, family_kana: str, given_kana: str) -> Self:
        """From a proved signature certificate and the applicant's own statement."""
        born = attributes.birth
        words = f"{born.year:04}-{born.month:02}-{born.day:02}"
        return cls(
            name=attributes.name,
            name_substitutes=attributes.name_substitutes,
            birth_words=words,
            sex=_CODED_SEX[attributes.sex.value],
            address=attributes.address,
            family_kana=family_kana,
            given_kana=given_kana,
        )

    @property
    def born_on(self) -> date | None:
        """The birth date, when every part is known."""
        try:
            return date.fromisoformat(self.birth_words)
        except ValueError:
            return None

    def age_on(self, day: date) -> int:
        """Completed years, counted from the latest day the known parts allow to be the birthday."""
        year, month, born = (int(part) for part in self.birth_words.split("-"))
        latest = (month or 12, born or 31)
        return day.year - year - ((day.month, day.day) < latest)

    @property
    def family_name(self) -> str:
        """What stands before the first space; the whole name where there is none."""
        return self.name.split()[0]

    @property
    def given_name(self) -> str:
        """Everything after the first space."""
        return " ".join(self.name.split()[1:])


@dataclass(frozen=True, repr=False)
class Evidence:
    """Everything that shows, years later, that this person applied.

    ``cms`` is the signed text with its certificate, ``pdf`` the file that proves it for years
    (``app/jpki/evidence.py``: timestamp, status, report, sealed with PAdES). ``token`` is the login
    certificate's answer to ``login_nonce`` at ``origin``; ``statuses`` what their issuers said.
    """

    text: str
    cms: bytes
    pdf: bytes
    token: dict[str, Any]
    login_nonce: str
    origin: str
    statuses: dict[str, Any]
    simulated: bool
    claims: Claims

    def seal(self, sealer: Sealer, registration_id: UUID) -> bytes:
        """The envelope kept in ``registration.evidence``."""
        files = {name: base64.b64encode(getattr(self, name)).decode() for name in _FILES}
        data = {**asdict(self), **files, "version": VERSION}
        plain = json.dumps(data, ensure_ascii=False, sort_keys=True).encode()
        return sealer.seal(plain, context=_context(registration_id))

    @classmethod
    def open(cls, sealer: Sealer, registration_id: UUID, sealed: bytes) -> Self:
        """Raises SealBroken when it was altered or belongs to another application."""
        data = json.loads(sealer.open(sealed, context=_context(registration_id)))
        data.pop("version")
        claims = Claims(**data.pop("claims"))
        files = {name: base64.b64decode(data[name]) for name in _FILES}
        return cls(**{**data, **files}, claims=claims)


def status_words(status: NotRevoked) -> dict[str, Any]:
    """What the issuer said, as JSON."""
    return {
        "source": status.source.value,
        "as_of": status.as_of.isoformat(),
        "good_until": status.good_until.isoformat(),
        "crl_number": status.crl_number,
    }


def seal_address(sealer: Sealer, person_id: UUID, address: str) -> bytes:
    """A person's address as it is kept."""
    return sealer.seal(address.encode(), context=f"identity.address:{person_id}")


def open_address(sealer: Sealer, person_id: UUID, sealed: bytes | None) -> str | None:
    """The address, or None where none is kept. Raises SealBroken."""
    if sealed is None:
        return None
    return sealer.open(sealed, context=f"identity.address:{person_id}").decode()


def _context(registration_id: UUID) -> str:
    return f"identity.registration:{registration_id}"
