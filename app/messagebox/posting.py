"""Puts letters into people's boxes, in the transaction of whatever they tell of."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.audit import chain
from app.audit.actions import Action
from app.core import clock
from app.core.ids import new_id
from app.messagebox.models import Letter, LetterKind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.crypto.sealing import Sealer


@dataclass(frozen=True)
class Draft:
    """One letter to be. ``content``: JSON values; ids and codes, no names and no sentences."""

    account_id: UUID
    sender_id: UUID
    kind: LetterKind
    occasion: str
    content: Mapping[str, Any]


def post_letter(session: Session, draft: Draft, sealer: Sealer) -> Letter:
    """Write one letter. A second one on the same occasion breaks the transaction."""
    letter_id = new_id()
    plain = json.dumps(draft.content, separators=(",", ":")).encode()
    letter = Letter(
        id=letter_id,
        account_id=draft.account_id,
        sender_id=draft.sender_id,
        kind=draft.kind,
        occasion=draft.occasion,
        sealed_body=sealer.seal(plain, context=_context(letter_id)),
        sent_at=clock.now(),
    )
    session.add(letter)
    session.flush()
    entity = chain.Entity("letter", letter.id)
    detail = {"kind": draft.kind.value, "to": str(draft.account_id)}
    chain.record(
        session,
        None,
        Action.LETTER_DELIVERED,
        entity,
        organisation_id=draft.sender_id,
        detail=detail,
    )
    return letter


def read_letter(letter: Letter, sealer: Sealer) -> dict[str, Any]:
    """What a letter holds. Raises ``SealBroken``."""
    content: dict[str, Any] = json.loads(
        sealer.open(letter.sealed_body, context=_context(letter.id))
    )
    return content


def _context(letter_id: UUID) -> str:
    return f"messagebox.letter:{letter_id}"
