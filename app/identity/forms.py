"""What the pages of login and account send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import request

from app.crypto.tokens import TOKEN_LENGTH
from app.identity.errors import BadCardAnswer, BadPasskeyAnswer, BadPasskeyLabel
from app.identity.passkey_service import Enrolment, PasskeyAnswer
from app.identity.passkeys import UnverifiedAssertion, UnverifiedRegistration
from app.identity.service import CardAnswer

if TYPE_CHECKING:
    from uuid import UUID

LONGEST_LABEL = 64
LARGEST_PASSKEY_ANSWER = 64 * 1024


def read_card_answer(session_hash: str, session_of: UUID | None = None) -> CardAnswer:
    """``{"nonce", "token": {...}}`` from the body; raises ``BadCardAnswer``."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise BadCardAnswer("not a JSON object")
    nonce, token = body.get("nonce"), body.get("token")
    if not isinstance(nonce, str) or len(nonce) != TOKEN_LENGTH or not nonce.isascii():
        raise BadCardAnswer("no nonce")
    if not isinstance(token, dict):
        raise BadCardAnswer("no token")
    return CardAnswer(nonce, token, session_hash, session_of)


def read_passkey_answer(session_hash: str, session_of: UUID | None) -> PasskeyAnswer:
    """``{"credential": AuthenticationResponseJSON}``; raises ``BadPasskeyAnswer``."""
    credential = _credential(_passkey_body())
    return PasskeyAnswer(UnverifiedAssertion.from_json(credential), session_hash, session_of)


def read_enrolment(session_hash: str) -> Enrolment:
    """``{"label", "credential": RegistrationResponseJSON}``.

    Raises ``BadPasskeyAnswer`` or ``BadPasskeyLabel``. The label may be empty.
    """
    body = _passkey_body()
    label = body.get("label", "")
    if not isinstance(label, str) or len(label.strip()) > LONGEST_LABEL:
        raise BadPasskeyLabel("too long a label")
    if not label.isprintable():
        raise BadPasskeyLabel("a label nobody can read")
    registration = UnverifiedRegistration.from_json(_credential(body))
    return Enrolment(registration, label.strip(), session_hash)


def _passkey_body() -> dict[str, Any]:
    if (request.content_length or 0) > LARGEST_PASSKEY_ANSWER:
        raise BadPasskeyAnswer("far too large")
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise BadPasskeyAnswer("not a JSON object")
    return body


def _credential(body: dict[str, Any]) -> dict[str, Any]:
    credential = body.get("credential")
    if not isinstance(credential, dict):
        raise BadPasskeyAnswer("no credential")
    return credential
