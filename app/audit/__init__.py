"""The hash-chained record of what was done, by whom, to whose data (FHIR AuditEvent fields)."""
