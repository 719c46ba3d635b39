"""Immunization: one administered dose (JP Core JP_Immunization, FHIR R4). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core import clock
from app.core.provenance import Source

if TYPE_CHECKING:
    from app.fhir.terminology import Element, Terminology
    from app.immunization.models import Dose
    from app.immunization.rules import Product

BY_RECALL = "recall"
"""FHIR ``immunization-origin``: what a parent wrote from the paper book or from memory."""


def immunization(dose: Dose, product: Product, terms: Terminology, *, patient: Element) -> Element:
    """A current dose of the record."""
    from_source = dose.source in {Source.HEALTH_CENTER, Source.CLINIC}
    made: Element = {
        "resourceType": "Immunization",
        "id": str(dose.lineage_id),
        **terms.meta("immunization"),
        "status": "completed",
        "vaccineCode": vaccine_code(product, terms),
        "patient": patient,
        "occurrenceDateTime": dose.given_on.isoformat(),
        "recorded": dose.recorded_at.astimezone(clock.JST).isoformat(timespec="seconds"),
        "primarySource": from_source,
    }
    if not from_source:
        made["reportOrigin"] = {"coding": [terms.coding("origin", BY_RECALL)]}
    if dose.lot:
        made["lotNumber"] = dose.lot
    if dose.facility:
        made["location"] = {"display": dose.facility}
    return made


def vaccine_code(product: Product, terms: Terminology) -> Element:
    """Our code first, then what other code systems call the product."""
    own = terms.coding("product", product.code, product.names.en)
    return {"coding": [own, *terms.products.get(product.code, ())], "text": product.names.ja}
