"""The log: one line an event, ids only. Libraries that would print values are muted."""

from __future__ import annotations

import logging
import warnings
from typing import TYPE_CHECKING

import structlog

from dicom_gateway.settings import Mode
from dicom_gateway.troubles import TroubleBook

if TYPE_CHECKING:
    from dicom_gateway.settings import GatewaySettings


def start_log(settings: GatewaySettings) -> None:
    """Set up logging for this process: JSON lines in production, readable ones otherwise."""
    logging.basicConfig(level=logging.WARNING)
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module="pydicom")
    warnings.filterwarnings("ignore", module="pynetdicom")
    plain = structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            TroubleBook(settings.var),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer() if settings.mode is Mode.PRODUCTION else plain,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
