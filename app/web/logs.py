"""Logging: one JSON line an event; tracebacks without local variables, which may hold records."""

from __future__ import annotations

import sys

import structlog


def configure_logs() -> None:
    """Make every log line of this program look the same."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
