"""Alembic's door: applies the layouts on the connection that ``index.upgrade`` hands over."""

from __future__ import annotations

from alembic import context

from dicom_gateway.index.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
)
context.run_migrations()
