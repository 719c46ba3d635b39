"""Every refusal of trust that a person can meet has words of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.identity.messages import registration_advice
from app.jpki import errors, evidence_errors

if TYPE_CHECKING:
    from collections.abc import Iterator

OF_OPERATORS = (errors.CrlRefused, evidence_errors.SealNotOurs, evidence_errors.AlteredAfterSigning)
"""Met by whoever takes lists in or opens a kept file, never by somebody with a card."""


def kinds(*bases: type[Exception]) -> Iterator[type[Exception]]:
    """The narrowest classes below."""
    for base in bases:
        below = base.__subclasses__()
        if below:
            yield from kinds(*below)
        elif not issubclass(base, OF_OPERATORS):
            yield base


def test_every_refusal_of_trust_is_explained() -> None:
    codes = {one.code for one in kinds(errors.JpkiRejected, errors.IndeterminateStatus)}  # type: ignore[attr-defined]
    general = registration_advice("no-such-code")
    assert len(codes) > 25
    assert [code for code in sorted(codes) if registration_advice(code) is general] == []
