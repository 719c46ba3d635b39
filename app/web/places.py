"""Where each kind of user can go: the places of the navigation and the person's own menu."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import url_for

from app.authz.actor import Assurance, Role
from app.authz.policy import DESK_ROLES
from app.web.i18n import gettext as _

if TYPE_CHECKING:
    from app.authz.actor import Actor

PARENT = {
    "records": "home.family",
    "schedule": "home.schedule",
    "news": "home.news",
    "more": "home.more",
}
STAFF_OF_ROLE = {
    Role.NURSE: {
        "worklist": "worklist.rows",
        "search": "health_center.search",
        "clinic_day": "clinic_day.choose",
        "imports": "imports.files",
    },
    Role.RECEPTIONIST: {"reception": "imaging.reception"},
    Role.ADMINISTRATOR: {"operations": "admin.overview"},
}
DESK = {"registrations": "desk.waiting"}


def context(actor: Actor | None) -> dict[str, Any]:
    """Template variables: places by navigation, and the person of the header."""
    if actor is None:
        return {"person": None, "place_urls": {}}
    staff = {
        place: url_for(endpoint)
        for role, places in STAFF_OF_ROLE.items()
        if actor.organisations(role)
        for place, endpoint in places.items()
    }
    if actor.organisations(*DESK_ROLES):
        staff |= {place: url_for(endpoint) for place, endpoint in DESK.items()}
    return {
        "person": _person(actor),
        "place_urls": {
            "parent": {place: url_for(endpoint) for place, endpoint in PARENT.items()},
            "staff": staff,
            "physician": {"worklist": url_for("imaging.worklist")},
        },
    }


def role_name(role: Role) -> str:
    """What a role is called."""
    return {
        Role.NURSE: _("保健師"),
        Role.PHYSICIAN: _("医師"),
        Role.RECEPTIONIST: _("受付"),
        Role.ADMINISTRATOR: _("管理者"),
    }[role]


def _person(actor: Actor) -> dict[str, Any]:
    first = actor.memberships[0] if actor.memberships else None
    links = []
    if actor.memberships:
        links.append({"label": _("仕事の画面"), "href": url_for("web.home"), "icon": "list"})
    links.append({"label": _("わたしの手帳"), "href": url_for("home.family"), "icon": "book"})
    links.append({"label": _("ログインの方法"), "href": url_for("account.show"), "icon": "lock"})
    return {
        "name": actor.name,
        "role": role_name(first.role) if first else None,
        "organisation": first.organisation_name if first else None,
        "assurance": _assurance(actor.assurance),
        "sign_out_url": url_for("identity.logout"),
        "links": links,
    }


def _assurance(assurance: Assurance) -> str | None:
    if assurance >= Assurance.CARD:
        return _("カードでログイン中")
    if assurance is Assurance.PHONE:
        return _("認証アプリでログイン中")
    return _("パスキーでログイン中") if assurance is Assurance.PASSKEY else None
