"""Gathers what ``matching`` judges: the applicant of a proved sitting, and whom we know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.identity import queries
from app.identity.evidence import open_address
from app.identity.matching import Applicant, Finding, KnownPerson, Verdict, decide

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.crypto.sealing import Sealer
    from app.identity.evidence import Claims
    from app.identity.models import Account, Person
    from app.identity.presented import PresentedCard
    from app.jpki.document import VerifiedSigner


@dataclass(frozen=True)
class Sitting:
    """Both proofs of one sitting; ``session_of`` is the account whose open session it was."""

    card: PresentedCard
    signer: VerifiedSigner
    claims: Claims
    stable_id: str | None
    session_of: UUID | None


def recognise(session: Session, sealer: Sealer, sitting: Sitting) -> Verdict:
    """Who the applicant is, as far as can be known."""
    account = queries.open_account(session, sitting.session_of) if sitting.session_of else None
    owner = _owner_of_signature(session, sitting)
    if account is not None and owner not in {None, account.person_id}:
        return Verdict(Finding.SOMEBODY_ELSE)
    claims = sitting.claims
    applicant = Applicant(
        name=claims.name,
        born_on=claims.born_on,
        sex=claims.sex,
        address=claims.address,
        name_substitutes=claims.name_substitutes,
        proved=account.person_id if account else owner,
        stable_id=sitting.stable_id,
        same_card_plausible=sitting.card.plausibly_shares_a_card(sitting.signer.not_after),
    )
    return decide(applicant, people_like(session, sealer, claims))


def people_like(session: Session, sealer: Sealer, claims: Claims) -> list[KnownPerson]:
    """Everybody with the birth date of these claims; nobody where it is not exact."""
    rows = queries.people_born_on(session, claims.born_on) if claims.born_on else []
    return [_known(sealer, *row) for row in rows]


def _owner_of_signature(session: Session, sitting: Sitting) -> UUID | None:
    """Whose registered signature certificate this is: a fresh signature with it is a proof."""
    name = sitting.signer.credential
    credential = queries.credential_named(session, name.issuer_key_id, name.serial)
    account = queries.open_account(session, credential.account_id) if credential else None
    return account.person_id if account else None


def _known(sealer: Sealer, person: Person, account: Account | None) -> KnownPerson:
    return KnownPerson(
        person_id=person.id,
        name=person.name,
        born_on=person.born_on,
        sex=person.sex.value,
        address=open_address(sealer, person.id, person.address),
        stable_id=account.stable_id if account else None,
    )
