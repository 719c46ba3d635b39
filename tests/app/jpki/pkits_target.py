"""The product's own path validation, where the NIST PKITS kit looks for it."""

from __future__ import annotations

from app.jpki.path import validate

__all__ = ["validate"]
