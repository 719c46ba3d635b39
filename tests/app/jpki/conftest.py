"""The development PKI for these tests."""

from __future__ import annotations

from tests.pki import card, jlis_server, office, revocation_tables, trust

__all__ = ["card", "jlis_server", "office", "revocation_tables", "trust"]
