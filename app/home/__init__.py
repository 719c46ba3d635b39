"""The family's desk: composes handbook and immunization for guardians. No tables of its own."""
