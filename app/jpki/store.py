"""The revocation store: verified lists in tables, one indexed look-up per login.

A new list is written beside the old one in short transactions and then takes its place in one; a
reader sees the old or the new one, and nobody waits for a million entries.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

import psycopg
import structlog
from sqlalchemy import ColumnElement, and_, bindparam, delete, or_, select, update
from sqlalchemy.exc import IntegrityError

from app.core.db import reading, transaction
from app.jpki.bulk import insert_entries
from app.jpki.certificates import COMPLETE_SCOPE, JpkiCertificate
from app.jpki.errors import CrlMalformed, CrlReplayed
from app.jpki.models import Crl, CrlEntry
from app.jpki.names import serial_hex
from app.jpki.revocation import CrlAnswer, NotRevoked, judge_lists

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from app.jpki.anchors import ProvenPath
    from app.jpki.crl import VerifiedCrl

log = structlog.get_logger(__name__)

BATCH = 10_000
ABANDONED_AFTER = timedelta(hours=1)


def ingest(crl: VerifiedCrl, *, at: datetime) -> bool:
    """Take a verified list into the store. False when it is the one already held.

    Raises CrlReplayed when its number is not higher than the held one's, CrlMalformed or
    CrlWrongScope when an entry cannot be used; the held list then stays. Call it outside a
    transaction: its own are short.
    """
    with reading() as session:
        if _held(session, crl) == crl.sha256:
            return False
    crl_id = _open(crl, at)
    try:
        _write_entries(crl, crl_id)
        superseded = _swap(crl, crl_id)
    except BaseException:
        _discard([crl_id])
        raise
    _discard(superseded)
    log.info("jpki.crl_taken", number=crl.number, entries=len(crl), scope=crl.scope[:12])
    return True


def _held(session: Session, crl: VerifiedCrl) -> str | None:
    """SHA-256 of this scope's current list. Raises CrlReplayed unless ``crl`` may follow it."""
    statement = select(Crl.number, Crl.sha256).where(*_scope_of(crl), Crl.current)
    held = session.execute(statement.with_for_update()).one_or_none()
    if held is None or held.sha256 == crl.sha256:
        return held.sha256 if held else None
    if crl.number <= int(held.number):
        log.error("jpki.crl_replayed", held=held.number, offered=crl.number, scope=crl.scope[:12])
        raise CrlReplayed(held=int(held.number), offered=crl.number)
    return str(held.sha256)


def _open(crl: VerifiedCrl, at: datetime) -> int:
    row = Crl(
        issuer_key_id=crl.issuer_key_id,
        scope=crl.scope,
        number=str(crl.number),
        this_update=crl.this_update,
        next_update=crl.next_update,
        sha256=crl.sha256,
        fetched_at=at,
        entry_count=len(crl),
        current=False,
    )
    with transaction() as session:
        abandoned = select(Crl.id).where(
            *_scope_of(crl), ~Crl.current, Crl.fetched_at < at - ABANDONED_AFTER
        )
        leftovers = list(session.scalars(abandoned))
        session.add(row)
        session.flush()
    _discard(leftovers)
    return row.id


def _write_entries(crl: VerifiedCrl, crl_id: int) -> None:
    """Write the lines in the order of the index, in short transactions that let others in."""
    entries = crl.entries()
    while batch := list(islice(entries, BATCH)):
        try:
            with transaction() as session:
                insert_entries(session.connection(), crl_id, batch)
        except (IntegrityError, psycopg.IntegrityError) as error:
            raise CrlMalformed("a serial stands twice") from error


def _swap(crl: VerifiedCrl, crl_id: int) -> list[int]:
    """Make the new list the current one; the ids of those it supersedes."""
    with transaction() as session:
        _held(session, crl)
        older = list(session.scalars(select(Crl.id).where(*_scope_of(crl), Crl.current)))
        session.execute(update(Crl).where(Crl.id.in_(older)).values(current=False))
        session.execute(update(Crl).where(Crl.id == crl_id).values(current=True))
    return older


def _discard(crl_ids: Iterable[int]) -> None:
    """Delete lists that nobody reads, their entries in short transactions."""
    for crl_id in crl_ids:
        while not _discard_some(crl_id):
            continue


def _discard_some(crl_id: int) -> bool:
    """Delete one batch; True when the list itself is gone."""
    mine = CrlEntry.crl_id == crl_id
    with transaction() as session:
        following = select(CrlEntry.serial).where(mine).order_by(CrlEntry.serial).offset(BATCH)
        boundary = session.scalars(following.limit(1)).one_or_none()
        if boundary is not None:
            session.execute(delete(CrlEntry).where(mine, CrlEntry.serial < boundary))
            return False
        session.execute(delete(CrlEntry).where(mine))
        session.execute(delete(Crl).where(Crl.id == crl_id))
        return True


def _scope_of(crl: VerifiedCrl) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Crl.issuer_key_id == crl.issuer_key_id, Crl.scope == crl.scope


_LOOK_UP = (
    select(Crl.number, Crl.this_update, Crl.next_update, CrlEntry.revoked_at, CrlEntry.reason)
    .outerjoin(CrlEntry, and_(CrlEntry.crl_id == Crl.id, CrlEntry.serial == bindparam("looked_up")))
    .where(
        Crl.issuer_key_id == bindparam("issuer"),
        or_(Crl.scope == bindparam("its_scope"), Crl.scope == COMPLETE_SCOPE),
        Crl.current,
    )
)


@dataclass(frozen=True)
class CrlTable:
    """The RevocationSource over the stored lists: one query, no parsing."""

    def prove_not_revoked(self, path: ProvenPath[JpkiCertificate], *, at: datetime) -> NotRevoked:
        """Raises CertificateRevoked, CrlStale, RevocationUnknown."""
        certificate = path.certificate
        serial = serial_hex(certificate.serial)
        asked = {
            "looked_up": serial,
            "issuer": path.anchor.key_id,
            "its_scope": certificate.crl_scope,
        }
        with reading() as session:
            rows = session.execute(_LOOK_UP, asked).all()
        answers = [
            CrlAnswer(int(number), this_update, next_update, revoked_at, reason)
            for number, this_update, next_update, revoked_at, reason in rows
        ]
        return judge_lists(answers, serial, at=at)
