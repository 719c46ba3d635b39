"""An import is written in steps: who wrote the file, why doubtful rows are taken, how far it is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

SOURCES = ("health_center", "clinic", "school", "guardian")


def upgrade() -> None:
    source = sa.Enum(*SOURCES, name="source", native_enum=False, length=24)
    with op.batch_alter_table("dose_import", schema=None) as batch_op:
        batch_op.add_column(sa.Column("source", source, nullable=True))
        batch_op.add_column(sa.Column("reason", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("cursor", sa.Uuid(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("dose_import", schema=None) as batch_op:
        batch_op.drop_column("cursor")
        batch_op.drop_column("reason")
        batch_op.drop_column("source")
