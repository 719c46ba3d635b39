"""What granian loads in each DICOMweb worker process."""

from __future__ import annotations

import atexit
import threading

from dicom_gateway.access import flush_regularly
from dicom_gateway.assembly import build_service, check
from dicom_gateway.dicomweb.wsgi import Door
from dicom_gateway.journal import start_log
from dicom_gateway.settings import gateway_settings


def build() -> Door:
    """The WSGI application of this process."""
    settings = gateway_settings()
    start_log(settings)
    check(settings)
    service = build_service(settings)
    flush_regularly(service.ledger, threading.Event())
    atexit.register(service.ledger.flush)
    return Door(service)
