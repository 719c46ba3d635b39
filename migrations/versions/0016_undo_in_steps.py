"""An entry of many doses says how far it is taken back, and why."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("bulk_entry") as batch_op:
        batch_op.add_column(sa.Column("undo_started_at", sa.DateTime(timezone=True)))
        batch_op.add_column(sa.Column("undo_reason", sa.String(200)))
        batch_op.add_column(
            sa.Column("undone_doses", sa.Integer(), server_default="0", nullable=False)
        )
    op.execute(
        "UPDATE bulk_entry SET undo_started_at = undone_at, undone_doses = doses"
        " WHERE undone_at IS NOT NULL"
    )


def downgrade() -> None:
    with op.batch_alter_table("bulk_entry") as batch_op:
        batch_op.drop_column("undone_doses")
        batch_op.drop_column("undo_reason")
        batch_op.drop_column("undo_started_at")
