"""Use cases at the card: what state is it in, answer a challenge, sign a document."""

from __future__ import annotations

from card_agent import clock, wire
from card_agent.cms import sign_text
from card_agent.jpki_card import AUTHENTICATION, SIGNATURE, JpkiCard, KeyReference
from card_agent.transport import Transport, connected
from card_agent.wire import Challenge, Document, Order


def key_for(order: Order) -> KeyReference:
    """Challenges take the authentication key, documents the signature key; never crosswise."""
    return AUTHENTICATION if isinstance(order, Challenge) else SIGNATURE


def tries_left(transport: Transport, reader: str, order: Order) -> int:
    """PIN tries left for what is asked, 0 when blocked. Raises CardProblem."""
    with connected(transport, reader) as connection:
        card = JpkiCard(connection)
        if isinstance(order, Document):
            card.require_signature_certificate()
        return card.tries_left(key_for(order))


def carry_out(
    transport: Transport, reader: str, order: Order, *, caller: str, pin: str
) -> dict[str, object]:
    """Show the PIN, use the key once, and return the message for the caller.

    Raises CardProblem, of which WrongPin and PinBlocked cost or cost earlier a try.
    """
    with connected(transport, reader) as connection:
        card = JpkiCard(connection)
        if isinstance(order, Challenge):
            return _answer_challenge(card, order, caller, pin)
        return _sign_document(card, order, pin)


def _answer_challenge(
    card: JpkiCard, challenge: Challenge, caller: str, pin: str
) -> dict[str, object]:
    certificate = card.read_certificate(AUTHENTICATION)
    card.verify(AUTHENTICATION, pin)
    signature = card.sign(AUTHENTICATION, challenge.signed_bytes(caller))
    return wire.token(certificate, signature)


def _sign_document(card: JpkiCard, document: Document, pin: str) -> dict[str, object]:
    card.require_signature_certificate()
    card.verify(SIGNATURE, pin)
    certificate = card.read_certificate(SIGNATURE)
    container = sign_text(
        document.text,
        certificate,
        at=clock.now(),
        signer=lambda message: card.sign(SIGNATURE, message),
    )
    return wire.signed(container)
