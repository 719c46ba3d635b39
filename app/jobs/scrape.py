"""Reads the figures for a scraper, which is no person and has no actor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.db import reading
from app.jobs.figures import exposition, figures

if TYPE_CHECKING:
    from datetime import datetime


def read(at: datetime) -> str:
    """The exposition at one moment."""
    with reading() as session:
        return exposition(figures(session, at))
