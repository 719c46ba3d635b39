"""The product's own path validation, where the NIST PKITS kit looks for it."""

from __future__ import annotations

from functools import partial

from app.jpki import path

PATIENCE_SECONDS = 5.0  # the verdict counts here, not how busy the machine is

validate = partial(path.validate, budget_seconds=PATIENCE_SECONDS)
