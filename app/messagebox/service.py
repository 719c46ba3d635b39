"""Use cases of one's own letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.audit import chain
from app.audit.actions import Action
from app.authz.policy import Permission, authorize
from app.core import clock
from app.core.db import transaction
from app.messagebox import queries
from app.messagebox.errors import LetterNotFound
from app.messagebox.models import Letter

if TYPE_CHECKING:
    from uuid import UUID

    from app.authz.actor import Actor


def open_letter(actor: Actor, letter_id: UUID) -> Letter:
    """The letter; its first opening is written down. Raises ``LetterNotFound``."""
    with transaction() as session:
        letter = session.scalar(queries.letters_visible_to(actor).where(Letter.id == letter_id))
        if letter is None:
            raise LetterNotFound(str(letter_id))
        authorize(actor, Permission.LETTER_READ, letter)
        if letter.opened_at is None:
            letter.opened_at = clock.now()
            entity = chain.Entity("letter", letter.id, actor.person_id)
            chain.record(session, actor, Action.LETTER_OPENED, entity)
        return letter
