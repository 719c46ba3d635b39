"""What a caller of the general path validation wants of certificate policies."""

from __future__ import annotations

from typing import Protocol


class PolicyInputs(Protocol):
    """The four policy inputs of RFC 5280 §6.1.1 (c) to (g)."""

    @property
    def initial_policy_set(self) -> frozenset[str]:
        """Dotted object identifiers; 2.5.29.32.0 is anyPolicy."""

    @property
    def initial_explicit_policy(self) -> bool:
        """Whether a wanted policy must hold along the whole path."""

    @property
    def initial_policy_mapping_inhibit(self) -> bool:
        """Whether mapping of policies is forbidden."""

    @property
    def initial_any_policy_inhibit(self) -> bool:
        """Whether anyPolicy in certificates is ignored."""
