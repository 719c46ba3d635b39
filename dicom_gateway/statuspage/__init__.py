"""A page for the hospital's own administrator, and the same numbers for Prometheus."""
