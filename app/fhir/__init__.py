"""FHIR R4: a child's vaccinations as resources, and ``$immds-forecast`` for other systems."""
