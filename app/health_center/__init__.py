"""The staff desk: search, one child, entry. No tables of its own."""
