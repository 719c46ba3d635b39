"""Pages of the municipality's desk for applications the portal could not decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import Blueprint, current_app, flash, redirect, render_template, url_for

from app.identity import desk_pages, desk_service
from app.identity.desk_words import DOUBTS, INTENTS, SEXES
from app.identity.errors import CertificateTaken, ImpossibleDecision, OwnRegistration
from app.identity.registration_forms import DecisionForm
from app.web.access import current_actor
from app.web.i18n import gettext as _

if TYPE_CHECKING:
    from uuid import UUID

    from flask.typing import ResponseReturnValue

    from app.crypto.sealing import Sealer
    from app.identity.desk_service import Case

bp = Blueprint("desk", __name__, url_prefix="/staff/registrations")


@bp.get("/")
def waiting() -> ResponseReturnValue:
    """What waits, longest first."""
    rows = desk_pages.waiting(current_actor())
    return render_template("identity/desk_list.html", rows=rows, doubts=DOUBTS, intents=INTENTS)


@bp.get("/<uuid:registration_id>")
def case(registration_id: UUID) -> ResponseReturnValue:
    """One application beside the records it may belong to."""
    found = desk_service.open_case(current_actor(), registration_id, _sealer())
    return _page(found, _form(found))


@bp.post("/<uuid:registration_id>/decision")
def decide(registration_id: UUID) -> ResponseReturnValue:
    """Decide, once, with a reason."""
    actor, sealer = current_actor(), _sealer()
    found = desk_service.open_case(actor, registration_id, sealer)
    form = _form(found)
    if not form.validate_on_submit():
        return _page(found, form), 422
    try:
        desk_service.decide(actor, registration_id, form.to_decision(), sealer)
    except (OwnRegistration, ImpossibleDecision, CertificateTaken) as refusal:
        form.choice.errors = [_why_not(refusal.code)]
        return _page(found, form), 409
    flash(_("決定を記録しました。"))
    return redirect(url_for("desk.waiting"))


def _form(found: Case) -> DecisionForm:
    people = [
        (one.person_id, _("%(name)s の記録の方である", name=one.name)) for one in found.likenesses
    ]
    return DecisionForm(people, may_create=found.claims.born_on is not None)


def _page(found: Case, form: DecisionForm) -> str:
    return render_template(
        "identity/desk_case.html",
        case=found,
        form=form,
        doubts=DOUBTS,
        intents=INTENTS,
        sexes=SEXES,
    )


def _why_not(code: str) -> str:
    if code == "own-registration":
        return _("ご自分の申請は決められません。ほかの担当者にたのんでください。")
    if code == "certificate-taken":
        return _(
            "この証明書は、もう別のアカウントに登録されています。「登録しない」を選んでください。"
        )
    return _("選んだ方は、この申請には結びつけられません。もう一度ごらんください。")


def _sealer() -> Sealer:
    return cast("Sealer", current_app.extensions["sealer"])
