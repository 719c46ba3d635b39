"""The log: one line an event, ids only. Libraries that would print values are muted."""

from __future__ import annotations

import logging
import warnings

import structlog

from dicom_gateway.settings import Mode


def start_log(mode: Mode) -> None:
    """Set up logging for this process: JSON lines in production, readable ones otherwise."""
    logging.basicConfig(level=logging.WARNING)
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module="pydicom")
    warnings.filterwarnings("ignore", module="pynetdicom")
    plain = structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer() if mode is Mode.PRODUCTION else plain,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
