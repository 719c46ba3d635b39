"""Organisations, practitioners with their licences, and the hospitals' gateways."""
