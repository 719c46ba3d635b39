"""What the provider's redirect carries (OpenID Connect Core §3.1.2.5, RFC 9207 §2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.crypto.tokens import TOKEN_LENGTH
from app.identity.openid_errors import PhoneTooLate
from app.identity.openid_service import PhoneAnswer

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

LONGEST_CODE = 2048
LONGEST_NAME = 512


def read_phone_answer(arguments: MultiDict[str, str]) -> PhoneAnswer:
    """The answer; raises ``PhoneTooLate`` when it is to nothing that was ever asked.

    A parameter given twice counts as none: which of them was meant nobody knows.
    """
    state = _once(arguments, "state", TOKEN_LENGTH)
    if state is None or len(state) != TOKEN_LENGTH:
        raise PhoneTooLate("no state of ours")
    return PhoneAnswer(
        state=state,
        code=_once(arguments, "code", LONGEST_CODE) or "",
        issuer=_once(arguments, "iss", LONGEST_NAME),
        error="malformed" if len(arguments.getlist("error")) > 1 else arguments.get("error"),
    )


def _once(arguments: MultiDict[str, str], name: str, longest: int) -> str | None:
    given = arguments.getlist(name)
    return given[0] if len(given) == 1 and len(given[0]) <= longest else None
