"""Default deny: whoever is not logged in reaches only what is listed here."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import current_app, request, session
from flask_login import LoginManager, UserMixin, current_user

from app.core.errors import Unauthenticated

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from flask import Flask

    from app.authz.actor import Actor, Assurance
    from app.web.session import ServerSession

    ActorLoader = Callable[[UUID, Assurance], Actor | None]

PUBLIC_ENDPOINTS = frozenset(
    {
        "static",
        "health",
        "identity.login_page",
        "identity.login_challenge",
        "identity.login_with_card",
        "identity.passkey_challenge",
        "identity.log_in_with_passkey",
        "identity.login_failed",
        "certificate.show",
        "certificate.log_in",
        "phone.begin_login",
        "phone.log_in",
        "identity.card_help",
        "identity.lost_card",
        "registration.start",
        "registration.challenge",
        "registration.present_card",
        "registration.application",
        "registration.write_application",
        "registration.sign",
        "registration.submit",
        "registration.waiting",
        "registration.refused",
        "session.leave",
        "registry.open_invitation",
        "registry.invitation",
        "imaging_gateway.receive_events",
        "imaging_gateway.check",
        "registry_gateway.enrol",
        "fhir.immds_forecast",
        "fhir.metadata",
        "jobs.metrics",
        "notifications.confirm_mail",
        "notifications.confirmation",
        "notifications.worker",
        "calendar_feed.read",
    }
)
"""``imaging_gateway`` is proved by the gateway's own key instead of a session,
``registry_gateway.enrol`` by a one-time code and the key it brings,
``fhir.immds_forecast`` by the asking system's, and ``fhir.metadata`` says how;
``jobs.metrics`` by the token of the settings, a mailbox by the code that was sent to it."""

PASSIVE_ENDPOINTS = frozenset({"session.state", "imaging.patient_state"})
"""What a page asks by itself, again and again: nobody need be sitting there."""


class LoginNeeded(Unauthenticated):
    """This page is for people who are logged in."""

    code = "login-needed"


class SessionLocked(Unauthenticated):
    """Nobody used this session for a while; its owner proves again who they are."""

    code = "session-locked"


class SessionUser(UserMixin):  # type: ignore[misc]
    """Flask-Login's view of the actor."""

    def __init__(self, actor: Actor) -> None:
        self.id = str(actor.account_id)
        self.actor = actor


def browser_session() -> ServerSession:
    """The session of this request, with its typed fields."""
    return cast("ServerSession", session._get_current_object())  # type: ignore[attr-defined]


def current_actor() -> Actor:
    """The person behind this request; raises ``LoginNeeded`` when there is none."""
    if not current_user.is_authenticated:
        raise LoginNeeded("login needed")
    return cast("SessionUser", current_user).actor


def init_access(app: Flask, load_actor: ActorLoader) -> None:
    """Wire Flask-Login onto the database sessions and close every door that is not listed."""
    manager = LoginManager()
    manager.session_protection = None
    manager.init_app(app)

    @manager.request_loader  # type: ignore[untyped-decorator]
    def load(_request: object) -> SessionUser | None:
        state = browser_session()
        if state.account_id is None or state.locked:
            return None
        actor = load_actor(state.account_id, state.assurance)
        return SessionUser(actor) if actor else None

    @app.before_request
    def require_login() -> None:
        if request.endpoint is None or request.endpoint in PUBLIC_ENDPOINTS:
            return
        browser_session().passive = request.endpoint in PASSIVE_ENDPOINTS
        if browser_session().locked:
            raise SessionLocked("locked")
        if not current_user.is_authenticated:
            raise LoginNeeded("login needed")


def agent_origin() -> str:
    """Where the person's own card agent listens."""
    return str(current_app.config["CARD_AGENT_ORIGIN"])
