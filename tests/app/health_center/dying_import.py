"""A staff member's process that kills itself with SIGKILL in the second step of an import or undo.

``python -m tests.app.health_center.dying_import MOMENT DATABASE SEALING_KEYS ACTOR ENTRY``;
ACTOR: account, person and organisation, separated by commas.
"""

from __future__ import annotations

import sys
from pathlib import Path
from uuid import UUID

from app.audit import chain
from app.authz.actor import Actor, Assurance, Membership, Role
from app.core import clock, db
from app.core.provenance import Source
from app.crypto.sealing import Sealer
from app.immunization import import_run_service, undo_service
from tests.app.jobs.dying import second_time

MOMENTS = ("import", "undo")


def main(moment: str, database: str, keys: str, person: str, entry: str) -> None:
    """Die when the rows of the second step are written and not yet committed."""
    db.bind(db.make_engine(database))
    account, holder, organisation = (UUID(one) for one in person.split(","))
    places = (Membership(organisation, "つなぐ市", Role.NURSE),)
    actor = Actor(account, holder, "例示", Assurance.CARD, clock.today(), places)
    vars(chain)["record_each"] = second_time(chain.record_each)
    if moment == "import":
        sealer = Sealer.load(Path(keys))
        choices = import_run_service.ImportChoices(Source.CLINIC)
        import_run_service.start_import(actor, UUID(entry), choices, sealer)
        while True:
            import_run_service.go_on(actor, UUID(entry), sealer)
    undo_service.CHILDREN_A_STEP = 1
    undo_service.start_undo(actor, UUID(entry), "ちがうファイル")
    while True:
        undo_service.undo_next(actor, UUID(entry))


if __name__ == "__main__":
    main(*sys.argv[1:])
