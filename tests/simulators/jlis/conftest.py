"""The development PKI for these tests."""

from __future__ import annotations

from tests.pki import card, jlis_server, office

__all__ = ["card", "jlis_server", "office"]
