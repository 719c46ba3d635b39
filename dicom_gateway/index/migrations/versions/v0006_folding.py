"""Which folding the names of the index went through (see ``dicom_gateway.index.refolding``)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "folding",
        sa.Column("mark", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("mark"),
    )
