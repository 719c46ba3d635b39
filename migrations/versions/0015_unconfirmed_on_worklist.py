"""A row of the worklist says whether it rests on what only the family has written."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("vaccine_due") as batch_op:
        batch_op.add_column(
            sa.Column("unconfirmed", sa.Boolean(), server_default=sa.false(), nullable=False)
        )


def downgrade() -> None:
    with op.batch_alter_table("vaccine_due") as batch_op:
        batch_op.drop_column("unconfirmed")
