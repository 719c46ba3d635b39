"""How long a municipality's CSV file takes from upload to worklist, and back.

``python -m bench.import_rows 100000``: five doses a child, on an SQLite file that syncs each
commit. Every step is one request of the page; the longest one is what a person waits for.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import func, select

from app.core import db
from app.core.provenance import Source
from app.crypto.sealing import Sealer, new_sealing_key
from app.family.models import Child
from app.immunization import import_run_service, import_service, undo_service
from app.immunization.models import Dose, ImportState
from bench.batch_entry import city, migrate

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from app.authz.actor import Actor

DOSES = (("HEPB", 62), ("HEPB", 92), ("PCV20", 62), ("PCV20", 92), ("BCG", 160))
HEAD = "手帳番号,生年月日,ワクチン,接種日,ロット"
KILOBYTE = 1024
Row = TypeVar("Row")


def import_rows(count: int) -> dict[str, float]:
    """Seconds by the wall clock of each stage, and the longest single step.

    Raises ``AssertionError`` when a dose is seen too early, or one is missing at the end.
    """
    with tempfile.TemporaryDirectory() as folder:
        engine = db.make_engine(f"sqlite:///{Path(folder) / 'bench.sqlite'}")
        migrate(engine)
        actor, _ = city(count // len(DOSES))
        figures = _stages(actor, _file(), Sealer.of(new_sealing_key()))
        engine.dispose()
    return {"import_rows": count, **figures, "import_peak_rss_mb": _peak_mb()}


def _peak_mb() -> int:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KILOBYTE)


def _stages(actor: Actor, data: bytes, sealer: Sealer) -> dict[str, float]:
    place = next(iter(actor.memberships)).organisation_id
    steps: list[float] = []
    started = time.perf_counter()
    row = _timed(steps, import_service.upload, actor, place, data, sealer)
    row = _timed(steps, import_service.choose_columns, actor, row.id, row.columns, sealer)
    while row.state is ImportState.CHECKING:
        row = _timed(steps, import_service.check_next, actor, row.id, sealer)
    checked, wanted = time.perf_counter(), row.counts["new"]
    choices = import_run_service.ImportChoices(Source.CLINIC, "試験")
    row = _timed(steps, import_run_service.start_import, actor, row.id, choices, sealer)
    while row.state is ImportState.WRITING:
        _require(_seen(), 0)
        row = _timed(steps, import_run_service.go_on, actor, row.id, sealer)
    _require(_seen(), wanted)
    while row.state is ImportState.LISTING:
        row = _timed(steps, import_run_service.go_on, actor, row.id, sealer)
    written, bulk = time.perf_counter(), row.bulk_entry_id
    if bulk is None:
        raise AssertionError("an import without its bulk entry")
    return {
        "import_check_s": round(checked - started, 1),
        "import_write_s": round(written - checked, 1),
        "import_longest_step_s": round(max(steps), 1),
        "import_peak_before_undo_mb": _peak_mb(),
        **_undo(actor, bulk),
    }


def _undo(actor: Actor, bulk: UUID) -> dict[str, float]:
    steps: list[float] = []
    _timed(steps, undo_service.start_undo, actor, bulk, "試験")
    while _timed(steps, undo_service.undo_next, actor, bulk).undone_at is None:
        pass
    _require(_seen(), 0)
    return {
        "import_undo_s": round(sum(steps), 1),
        "import_longest_undo_step_s": round(max(steps), 1),
    }


def _timed(steps: list[float], step: Callable[..., Row], *given: object) -> Row:
    started = time.perf_counter()
    row = step(*given)
    steps.append(time.perf_counter() - started)
    return row


def _seen() -> int:
    current = Dose.superseded_at.is_(None), Dose.voided.is_(False)
    with db.reading() as session:
        return session.scalar(select(func.count()).select_from(Dose).where(*current)) or 0


def _require(found: int, wanted: int) -> None:
    if found != wanted:
        raise AssertionError(f"{found} doses are seen where {wanted} belong")


def _file() -> bytes:
    lines = [HEAD]
    with db.reading() as session:
        for child in session.scalars(select(Child)).unique():
            born = child.person.born_on
            lines += [
                f"{child.handbook_number},{born},{product},{born + timedelta(age)},L1"
                for product, age in DOSES
            ]
    return "\n".join(lines).encode()


if __name__ == "__main__":
    for name, figure in import_rows(int(sys.argv[1])).items():
        sys.stdout.write(f"{name:40} {figure:>12,}\n")
