"""Card login: what passes, and every way it does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.jpki.authentication import UnverifiedToken, VerifiedHolder, verify_login
from app.jpki.errors import SignatureInvalid
from tests.pki import AT, CHALLENGE, NothingRevoked, answer

if TYPE_CHECKING:
    from app.jpki.challenge import Challenge
    from app.jpki.trust import TrustStore
    from simulators.jlis.card_folder import Card


def log_in(card: Card, trust: TrustStore, challenge: Challenge = CHALLENGE) -> VerifiedHolder:
    token = UnverifiedToken.from_json(answer(card.auth))
    return verify_login(token, challenge, trust, NothingRevoked(), at=AT)


def test_the_holder_of_a_live_card_is_named_by_issuer_and_serial(
    card: Card, trust: TrustStore
) -> None:
    holder = log_in(card, trust)
    assert holder.credential.serial == card.auth.serial
    assert holder.generation == 3
    assert holder.simulated
    assert holder.not_after - AT > timedelta(days=4 * 365)


def test_an_answer_for_another_origin_is_refused(card: Card, trust: TrustStore) -> None:
    with pytest.raises(SignatureInvalid):
        log_in(card, trust, replace(CHALLENGE, origin="http://portal.example"))


def test_an_answer_to_another_nonce_is_refused(card: Card, trust: TrustStore) -> None:
    with pytest.raises(SignatureInvalid):
        log_in(card, trust, replace(CHALLENGE, nonce="c" * 43))
