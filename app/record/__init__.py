"""Opening one child's record: what the family and the staff desk both show. No tables."""
