"""From a decided application to a person with an account and both certificates.

The same steps whether the portal or a desk decided; both call it inside their transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.ids import new_id
from app.identity import credentials, queries
from app.identity.application_text import Intent
from app.identity.errors import AccountClosed, ImpossibleDecision
from app.identity.evidence import seal_address
from app.identity.models import Account, KanaSource, Person, Sex
from app.identity.registration_models import RegistrationState

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.crypto.sealing import Sealer
    from app.identity.evidence import Claims
    from app.identity.registration_models import Registration


def account_for(
    session: Session, person_id: UUID | None, claims: Claims, *, at: datetime
) -> Account:
    """The account of a known person, or of a new one; raises ``AccountClosed``.

    Raises ``ImpossibleDecision`` when somebody new has no exact birth date.
    """
    person = _new_person(session, claims) if person_id is None else session.get(Person, person_id)
    if person is None:
        raise ImpossibleDecision("no such person")
    known = queries.account_of_person(session, person.id)
    if known is not None:
        if known.closed_at is not None:
            raise AccountClosed("account closed")
        return known
    account = Account(id=new_id(), person_id=person.id, created_at=at)
    account.person = person
    session.add(account)
    session.flush()
    return account


def complete(
    session: Session,
    sealer: Sealer,
    registration: Registration,
    account: Account,
    claims: Claims,
    *,
    at: datetime,
) -> str:
    """Bind both certificates and note what was proved; returns what changed, as it is told."""
    first = not queries.live_credentials_of(session, account.id)
    bound = [
        credentials.bind(session, account, one, at=at) for one in credentials.both_of(registration)
    ]
    for fresh in bound:
        fresh.last_used_at = registration.signed_at
    session.flush()
    replaced = 0
    if registration.intent is Intent.REPLACE:
        replaced = sum(credentials.replace_others(session, fresh, at=at) for fresh in bound)
    if replaced:
        for row in queries.sessions_of(session, account.id):
            session.delete(row)
    _note_attributes(account.person, claims, sealer)
    registration.state, registration.account_id = RegistrationState.COMPLETED, account.id
    registration.decided_at = at
    change = "registered" if first else "card-relinked" if replaced else "card-added"
    credentials.tell(session, account.id, change)
    session.flush()
    return change


def _new_person(session: Session, claims: Claims) -> Person:
    if claims.born_on is None:
        raise ImpossibleDecision("no exact birth date")
    person = Person(
        id=new_id(),
        family_name=claims.family_name,
        given_name=claims.given_name,
        family_kana=claims.family_kana,
        given_kana=claims.given_kana,
        born_on=claims.born_on,
        sex=Sex(claims.sex),
        kana_source=KanaSource.OWN_STATEMENT,
    )
    session.add(person)
    session.flush()
    return person


def _note_attributes(person: Person, claims: Claims, sealer: Sealer) -> None:
    """The certificate is newer than what we knew: a move or a marriage changes the record."""
    if person.name.split() != claims.name.split():
        person.family_name, person.given_name = claims.family_name, claims.given_name
        person.family_kana, person.given_kana = claims.family_kana, claims.given_kana
        person.kana_source = KanaSource.OWN_STATEMENT
    person.address = seal_address(sealer, person.id, claims.address)
