"""The family's coming visits as a calendar other programs subscribe to by a secret address."""
