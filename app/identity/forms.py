"""What the login page sends."""

from __future__ import annotations

from flask import request

from app.crypto.tokens import TOKEN_LENGTH
from app.identity.errors import BadCardAnswer
from app.identity.service import CardAnswer


def read_card_answer(session_hash: str) -> CardAnswer:
    """``{"nonce", "token": {...}}`` from the body; raises ``BadCardAnswer``."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise BadCardAnswer("not a JSON object")
    nonce, token = body.get("nonce"), body.get("token")
    if not isinstance(nonce, str) or len(nonce) != TOKEN_LENGTH or not nonce.isascii():
        raise BadCardAnswer("no nonce")
    if not isinstance(token, dict):
        raise BadCardAnswer("no token")
    return CardAnswer(nonce=nonce, token=token, session_hash=session_hash)
