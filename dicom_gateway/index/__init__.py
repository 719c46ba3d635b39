"""The index: what is stored, as it will be sent. SQLite by default, PostgreSQL by URL."""
