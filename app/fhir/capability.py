"""CapabilityStatement: what the FHIR door understands (FHIR R4 §5.2). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.fhir.terminology import Element

FORECAST_OPERATION = "http://hl7.org/fhir/us/immds/OperationDefinition/ImmDSForecastOperation"
PUBLISHED_ON = "2026-11-22"


def capability(origin: str) -> Element:
    """One operation, for systems that are registered."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": PUBLISHED_ON,
        "kind": "instance",
        "implementation": {"description": "つなぐ", "url": f"{origin}/api/fhir/r4"},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [
            {
                "mode": "server",
                "security": {
                    "description": "Bearer token (JWS ES256) over the body, by a registered key"
                },
                "operation": [{"name": "immds-forecast", "definition": FORECAST_OPERATION}],
            }
        ],
    }
