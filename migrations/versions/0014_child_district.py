"""The part of the municipality a child lives in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("child", sa.Column("district", sa.String(length=40), nullable=True))


def downgrade() -> None:
    op.drop_column("child", "district")
