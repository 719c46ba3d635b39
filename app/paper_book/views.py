"""Pages on which a family copies its paper book, and the confirmation by staff."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)

from app.immunization.errors import AlreadyRecorded, DoseBeforeBirth, DoseInFuture
from app.paper_book import pages, service
from app.paper_book.errors import LooksUnusual
from app.paper_book.forms import OwnDoseForm
from app.paper_book.messages import explain
from app.paper_book.photos import MOST_BYTES
from app.web.access import current_actor
from app.web.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from flask.typing import ResponseReturnValue

    from app.crypto.sealing import Sealer
    from app.immunization.models import Dose
    from app.paper_book.pages import EntryPage
    from app.paper_book.service import Copied

bp = Blueprint("paper_book", __name__)
FRAME = 64 * 1024
"""What a form puts around the photo."""
WITH_PHOTO = frozenset({"paper_book.enter", "paper_book.correct"})
CHILD = "/handbook/children/<uuid:child_id>"


@bp.url_value_preprocessor
def allow_photo(endpoint: str | None, _values: object) -> None:
    """Only these two may be as large as a photo."""
    if endpoint in WITH_PHOTO:
        request.max_content_length = MOST_BYTES + FRAME


@bp.get(f"{CHILD}/own-doses")
def new(child_id: UUID) -> ResponseReturnValue:
    """Copy a dose from the book."""
    return _show(pages.new_entry(current_actor(), child_id), OwnDoseForm())


@bp.post(f"{CHILD}/own-doses")
def enter(child_id: UUID) -> ResponseReturnValue:
    """Take the copied dose into the record."""
    page = pages.new_entry(current_actor(), child_id)
    return _take(page, partial(service.enter_dose, current_actor(), child_id))


@bp.get(f"{CHILD}/own-doses/<uuid:dose_id>")
def entry(child_id: UUID, dose_id: UUID) -> ResponseReturnValue:
    """An own entry, to correct it."""
    page = pages.own_entry(current_actor(), child_id, dose_id)
    return _show(page, OwnDoseForm.of(page.dose) if page.dose else OwnDoseForm())


@bp.post(f"{CHILD}/own-doses/<uuid:dose_id>")
def correct(child_id: UUID, dose_id: UUID) -> ResponseReturnValue:
    """Write its next version."""
    page = pages.own_entry(current_actor(), child_id, dose_id)
    return _take(page, partial(service.correct_dose, current_actor(), child_id, dose_id))


@bp.post(f"{CHILD}/own-doses/<uuid:dose_id>/withdraw")
def withdraw(child_id: UUID, dose_id: UUID) -> ResponseReturnValue:
    """Take it back."""
    service.withdraw_dose(current_actor(), child_id, dose_id)
    flash(_("保護者の記入を取り消しました。写真も消しました。"))
    return redirect(url_for("home.vaccinations", child_id=child_id))


@bp.get(f"{CHILD}/photos/<uuid:photo_id>")
def photo(child_id: UUID, photo_id: UUID) -> ResponseReturnValue:
    """The picture itself."""
    image = service.open_photo(current_actor(), child_id, photo_id, _sealer())
    return Response(image, mimetype="image/jpeg", headers={"Cache-Control": "no-store"})


@bp.post("/staff/children/<uuid:child_id>/own-doses/<uuid:dose_id>/confirm")
def confirm(child_id: UUID, dose_id: UUID) -> ResponseReturnValue:
    """Staff compared it with the book."""
    service.confirm_dose(current_actor(), child_id, dose_id)
    flash(_("保護者の記入を確認し、保健センターの記録にしました。"))
    return redirect(url_for("health_center.child", child_id=child_id))


def _take(page: EntryPage, use: Callable[[Copied, Sealer], Dose]) -> ResponseReturnValue:
    form, asked = OwnDoseForm(), None
    if form.validate_on_submit():
        try:
            use(form.to_copied(), _sealer())
        except LooksUnusual as problem:
            asked = problem
        except (AlreadyRecorded, DoseBeforeBirth, DoseInFuture) as problem:
            form.given_on.errors = [explain(problem)]
        else:
            flash(_("保護者の記入として記録しました。保健センターも見ることができます。"))
            return redirect(url_for("home.vaccinations", child_id=page.child.id))
    return _show(page, form, asked), 422


def _show(page: EntryPage, form: OwnDoseForm, asked: LooksUnusual | None = None) -> str:
    return render_template("paper_book/entry.html", page=page, form=form, asked=asked)


def _sealer() -> Sealer:
    sealer: Sealer = current_app.extensions["sealer"]
    return sealer
