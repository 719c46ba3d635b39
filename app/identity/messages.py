"""What a person is told when a login or a change of it did not succeed: one entry per refusal.

The code is the error's ``code``; it stands in the address of the page and says nothing about
anybody. The words themselves stand in the ``*_words`` modules.
"""

from __future__ import annotations

from typing import Final

from app.identity.account_words import ACCOUNT
from app.identity.advice import Advice
from app.identity.card_words import CARD
from app.identity.client_certificate_words import CLIENT_CERTIFICATE
from app.identity.openid_words import PHONE
from app.identity.passkey_words import PASSKEY
from app.identity.registration_words import REGISTRATION
from app.web.i18n import lazy_gettext as _

SPOKEN_OF_AS = {
    "malformed-certificate": "unknown-issuer",
    "malformed-attributes": "unknown-issuer",
    "wrong-key-usage": "wrong-policy",
    "unexpected-extension": "unknown-issuer",
    "issuer-not-valid": "unknown-issuer",
    "path-not-proved": "unknown-issuer",
    "path-too-long": "unknown-issuer",
    "algorithm-not-allowed": "signature-invalid",
    "content-altered": "signature-invalid",
    "certificate-unknown-to-issuer": "certificate-revoked",
    "validation-time-exceeded": "revocation-unknown",
    "revocation-indeterminate": "revocation-unknown",
    "ocsp-failed": "revocation-unknown",
    "ocsp-malformed": "revocation-unknown",
    "ocsp-replayed": "revocation-unknown",
    "ocsp-wrong-responder": "revocation-unknown",
    "ocsp-signature-invalid": "revocation-unknown",
    "ocsp-wrong-certificate": "revocation-unknown",
    "ocsp-stale": "revocation-unknown",
    "malformed-document": "malformed-token",
    "timestamp-rejected": "timestamp-unavailable",
    "phone-mixed-up": "phone-token-invalid",
    "phone-nonce-wrong": "phone-token-invalid",
}
"""Refusals that differ for the auditor but not for the person, who can only do the same thing."""

_NOT_LOGGED_IN: Final = Advice(
    _("ログインできませんでした"),
    _("カードからの返事を確かめられませんでした。"),
    _("もう一度お試しください。くり返すときは、窓口にご相談ください。"),
)
_NOT_CHANGED: Final = Advice(
    _("変えられませんでした"),
    _("この操作を確かめられませんでした。"),
    _("もう一度お試しください。くり返すときは、窓口にご相談ください。"),
)
_NOT_TAKEN: Final = Advice(
    _("申請を受け付けられませんでした"),
    _("カードからの返事を確かめられませんでした。"),
    _("もう一度お試しください。くり返すときは、窓口にご相談ください。"),
)


def advice_for(code: str) -> Advice:
    """The words for a refused login; an unknown code gets the general ones."""
    return {**CARD, **PASSKEY, **PHONE, **CLIENT_CERTIFICATE}.get(
        SPOKEN_OF_AS.get(code, code), _NOT_LOGGED_IN
    )


def account_advice(code: str) -> Advice:
    """The words for a refused change of one's own account."""
    return {**PASSKEY, **PHONE, **ACCOUNT}.get(SPOKEN_OF_AS.get(code, code), _NOT_CHANGED)


def registration_advice(code: str) -> Advice:
    """The words for an application that was not taken."""
    return {**CARD, **REGISTRATION}.get(SPOKEN_OF_AS.get(code, code), _NOT_TAKEN)
