"""The layouts of the index, one after the other; Alembic's folder of the gateway."""
