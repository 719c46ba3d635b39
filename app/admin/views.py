"""Pages of the operator's desk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, current_app, flash, redirect, render_template, url_for

from app.admin import pages
from app.admin.forms import GatewayForm, InvitationForm, LicenseForm
from app.registry import enrolment, service
from app.registry.errors import (
    ImpossibleAddress,
    ImpossibleLicense,
    ImpossiblePeriod,
    LicenseNumberTaken,
    LicenseRefused,
    OwnMembership,
)
from app.registry.messages import license_words
from app.web.access import current_actor
from app.web.errors import status_of
from app.web.i18n import gettext as _
from app.web.places import role_name
from config.settings import Mode

if TYPE_CHECKING:
    from uuid import UUID

    from flask.typing import ResponseReturnValue

bp = Blueprint("admin", __name__, url_prefix="/admin")

ENROL_COMMAND = ("sudo", "-u", "tsunagu-gateway", "tsunagu-gateway", "enrol")


@bp.get("/")
def overview() -> ResponseReturnValue:
    """Is everything sound?"""
    return render_template("admin/overview.html", page=pages.overview(current_actor()))


@bp.get("/gateways")
def gateways() -> ResponseReturnValue:
    """Which hospitals have a gateway, and which codes wait."""
    return render_template("admin/gateways.html", page=pages.gateways(current_actor()))


@bp.get("/organisations/<uuid:organisation_id>/gateway/new")
def gateway_form(organisation_id: UUID) -> ResponseReturnValue:
    """The form of a new code."""
    site = pages.site(current_actor(), organisation_id)
    return render_template("admin/gateway_new.html", site=site, form=GatewayForm())


@bp.post("/organisations/<uuid:organisation_id>/gateway")
def offer_gateway(organisation_id: UUID) -> ResponseReturnValue:
    """Make the code and show it, this once."""
    actor, form = current_actor(), GatewayForm()
    site = pages.site(actor, organisation_id)
    if form.validate_on_submit():
        tried_out = current_app.extensions["settings"].mode is not Mode.PRODUCTION
        try:
            code = enrolment.offer(actor, organisation_id, form.origin, tried_out=tried_out)
        except ImpossibleAddress:
            form.address.errors = [form.UNREACHABLE]
        else:
            return _gateway_code(site, code)
    return render_template("admin/gateway_new.html", site=site, form=form), 422


def _gateway_code(site: pages.Site, code: str) -> ResponseReturnValue:
    command = " ".join((*ENROL_COMMAND, current_app.config["ORIGIN"], code))
    page = render_template("admin/gateway_code.html", site=site, code=code, command=command)
    return page, 201


@bp.post("/gateway-codes/<uuid:offer_id>/withdraw")
def withdraw_gateway_code(offer_id: UUID) -> ResponseReturnValue:
    """Take a code back."""
    enrolment.withdraw(current_actor(), offer_id)
    flash(_("コードを取り下げました。もう使えません。"))
    return redirect(url_for("admin.gateways"))


@bp.get("/staff")
def staff() -> ResponseReturnValue:
    """Who works here, who is invited, whose licence waits."""
    page = pages.staff(current_actor())
    return render_template("admin/staff.html", page=page, role_name=role_name)


@bp.get("/staff/<uuid:membership_id>")
def member(membership_id: UUID) -> ResponseReturnValue:
    """One member, and what can be done about the role."""
    found = pages.member(current_actor(), membership_id)
    role = role_name(found.membership.role)
    return render_template("admin/member.html", member=found, role=role)


@bp.get("/organisations/<uuid:organisation_id>/invitations/new")
def invitation(organisation_id: UUID) -> ResponseReturnValue:
    """The form of a new invitation."""
    place = pages.organisation(current_actor(), organisation_id)
    return render_template("admin/invite.html", place=place, form=InvitationForm())


@bp.post("/organisations/<uuid:organisation_id>/invitations")
def invite(organisation_id: UUID) -> ResponseReturnValue:
    """Make the invitation and show its link, this once."""
    actor, form = current_actor(), InvitationForm()
    place = pages.organisation(actor, organisation_id)
    if form.validate_on_submit():
        try:
            code = service.invite(actor, organisation_id, form.to_entry())
        except ImpossiblePeriod:
            form.from_on.errors = [_("今日から1年以内の日で、おわりの日より前にしてください。")]
        else:
            link = current_app.config["ORIGIN"] + url_for("registry.open_invitation", code=code)
            return render_template("admin/invited.html", place=place, link=link), 201
    return render_template("admin/invite.html", place=place, form=form), 422


@bp.post("/invitations/<uuid:invitation_id>/withdraw")
def withdraw_invitation(invitation_id: UUID) -> ResponseReturnValue:
    """Take an invitation back."""
    service.withdraw_invitation(current_actor(), invitation_id)
    flash(_("招待を取り下げました。リンクはもう使えません。"))
    return redirect(url_for("admin.staff"))


@bp.post("/staff/<uuid:membership_id>/end")
def end_membership(membership_id: UUID) -> ResponseReturnValue:
    """Let today be somebody's last day."""
    try:
        service.end_membership(current_actor(), membership_id)
    except OwnMembership:
        flash(_("ご自分の所属は終わりにできません。ほかの管理者にたのんでください。"), "danger")
    else:
        flash(_("所属は今日で終わります。"))
    return redirect(url_for("admin.staff"))


@bp.get("/staff/<uuid:membership_id>/license")
def license_form(membership_id: UUID) -> ResponseReturnValue:
    """The form for what stands on a physician's certificate."""
    try:
        name = service.physician_to_confirm(current_actor(), membership_id)
    except LicenseRefused as refusal:
        return _not_confirmed(refusal)
    return _license_page(membership_id, name, LicenseForm())


@bp.post("/staff/<uuid:membership_id>/license")
def confirm_license(membership_id: UUID) -> ResponseReturnValue:
    """Record the licence."""
    actor, form = current_actor(), LicenseForm()
    try:
        name = service.physician_to_confirm(actor, membership_id)
        if not form.validate_on_submit():
            return _license_page(membership_id, name, form, 422)
        service.confirm_license(actor, membership_id, form.to_entry())
    except (LicenseNumberTaken, ImpossibleLicense) as refusal:
        form.number.errors = [license_words(refusal)]
        name = service.physician_to_confirm(actor, membership_id)
        return _license_page(membership_id, name, form, 422)
    except LicenseRefused as refusal:
        return _not_confirmed(refusal)
    return _license_recorded()


def _license_recorded() -> ResponseReturnValue:
    flash(_("免許の確認を記録しました。"))
    return redirect(url_for("admin.staff"))


def _license_page(
    membership_id: UUID, name: str, form: LicenseForm, status: int = 200
) -> ResponseReturnValue:
    page = render_template("admin/license.html", membership_id=membership_id, name=name, form=form)
    return page, status


def _not_confirmed(refusal: LicenseRefused) -> ResponseReturnValue:
    words = license_words(refusal)
    return render_template("admin/license_refused.html", words=words), status_of(refusal)
