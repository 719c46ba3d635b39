"""Pages of an import: upload, columns, progress of the check, preview, done."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for

from app.core.provenance import Source
from app.health_center import import_pages as pages
from app.health_center.forms import ImportForm, read_about_copies, read_columns
from app.health_center.messages import explain_file, explain_finding, field_names
from app.immunization import import_run_service as run_service
from app.immunization import import_service as service
from app.immunization.csv_file import MOST_BYTES, FileUnreadable
from app.immunization.errors import ColumnsMissing
from app.immunization.models import ImportState
from app.web.access import current_actor

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from flask.typing import ResponseReturnValue

    from app.crypto.sealing import Sealer
    from app.immunization.family_copies import AboutCopy

bp = Blueprint("imports", __name__, url_prefix="/staff/imports")
NOTHING_SAID: Mapping[int, AboutCopy] = {}
FRAME = 64 * 1024
"""What a form puts around the file."""
STEPS_OF_A_SMALL_FILE = 3
"""Its one part, the publication, its children on the worklist: done with one click."""


@bp.url_value_preprocessor
def allow_large_file(endpoint: str | None, _values: object) -> None:
    """Only the upload may be as large as a file."""
    if endpoint == "imports.upload":
        request.max_content_length = MOST_BYTES + FRAME


@bp.get("")
def files() -> ResponseReturnValue:
    """Choose a file; the ones taken in last."""
    return _files("")


@bp.post("")
def upload() -> ResponseReturnValue:
    """Take a file in."""
    actor, sent = current_actor(), request.files.get("file")
    desk = pages.desk_of(actor)
    try:
        row = service.upload(actor, desk, sent.read() if sent else b"", _sealer())
    except FileUnreadable as problem:
        return _files(explain_file(problem)), 422
    return redirect(url_for("imports.file", import_id=row.id))


@bp.get("/<uuid:import_id>")
def file(import_id: UUID) -> ResponseReturnValue:
    """Where one file stands."""
    return _show(import_id, ImportForm())


@bp.post("/<uuid:import_id>/columns")
def columns(import_id: UUID) -> ResponseReturnValue:
    """Say what the columns mean."""
    chosen = read_columns(request.form)
    try:
        service.choose_columns(current_actor(), import_id, chosen, _sealer())
    except ColumnsMissing as problem:
        return _show(import_id, ImportForm(), chosen=chosen, missing=problem.fields), 422
    return redirect(url_for("imports.file", import_id=import_id))


@bp.post("/<uuid:import_id>/check")
def check(import_id: UUID) -> ResponseReturnValue:
    """Look at the next rows."""
    service.check_next(current_actor(), import_id, _sealer())
    return redirect(url_for("imports.file", import_id=import_id))


@bp.post("/<uuid:import_id>/run")
def run(import_id: UUID) -> ResponseReturnValue:
    """Record every row that can be."""
    form, actor = ImportForm(), current_actor()
    about = read_about_copies(request.form)
    needed = bool(about) or pages.has_doubtful(actor, import_id)
    if not form.validate_on_submit() or not form.states_reason(needed=needed):
        return _show(import_id, form, about=about), 422
    choices = run_service.ImportChoices(Source(form.source.data), form.reason.data, about)
    run_service.start_import(actor, import_id, choices, _sealer())
    return _go_on(import_id, STEPS_OF_A_SMALL_FILE)


@bp.post("/<uuid:import_id>/go-on")
def go_on(import_id: UUID) -> ResponseReturnValue:
    """Write the next rows."""
    return _go_on(import_id, 1)


@bp.post("/<uuid:import_id>/discard")
def discard(import_id: UUID) -> ResponseReturnValue:
    """Throw the file away."""
    service.discard(current_actor(), import_id)
    return redirect(url_for("imports.files"))


@bp.post("/<uuid:import_id>/findings")
def findings(import_id: UUID) -> ResponseReturnValue:
    """The rows that are not simply new, as a CSV file."""
    lines = pages.findings_csv(current_actor(), import_id, _sealer(), explain_finding)
    answer = Response(lines, mimetype="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = "attachment; filename=findings.csv"
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _go_on(import_id: UUID, steps: int) -> ResponseReturnValue:
    for _step in range(steps):
        row = run_service.go_on(current_actor(), import_id, _sealer())
        if row.state is ImportState.IMPORTED:
            return redirect(url_for("clinic_day.recorded", entry_id=row.bulk_entry_id))
    return redirect(url_for("imports.file", import_id=import_id))


def _files(problem: str) -> str:
    page = pages.files(current_actor())
    return render_template("health_center/imports.html", rows=page, problem=problem)


def _show(
    import_id: UUID,
    form: ImportForm,
    *,
    chosen: dict[str, int] | None = None,
    missing: tuple[str, ...] = (),
    about: Mapping[int, AboutCopy] = NOTHING_SAID,
) -> str:
    page = pages.file(current_actor(), import_id, _sealer())
    names = field_names()
    return render_template(
        "health_center/import.html",
        page=page,
        form=form,
        chosen=chosen if chosen is not None else page.row.columns or {},
        missing=[names[field] for field in missing if field in names],
        names=names,
        explain=explain_finding,
        about=about,
    )


def _sealer() -> Sealer:
    return cast("Sealer", current_app.extensions["sealer"])
