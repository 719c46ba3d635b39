"""Phones that log in through an OpenID provider, and their level between passkey and card."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OLD_CARD, PHONE, CARD = 2, 2, 3


def upgrade() -> None:
    op.create_table(
        "phone_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_phone_link_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_link")),
    )
    live = sa.text("removed_at IS NULL")
    with op.batch_alter_table("phone_link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_phone_link_account_id"), ["account_id"], unique=False)
        batch_op.create_index(
            "uq_phone_link_live",
            ["issuer", "subject"],
            unique=True,
            sqlite_where=live,
            postgresql_where=live,
        )
    session = sa.table("browser_session", sa.column("assurance", sa.Integer()))
    op.execute(session.update().where(session.c.assurance == OLD_CARD).values(assurance=CARD))


def downgrade() -> None:
    session = sa.table("browser_session", sa.column("assurance", sa.Integer()))
    op.execute(session.delete().where(session.c.assurance == PHONE))
    op.execute(session.update().where(session.c.assurance == CARD).values(assurance=OLD_CARD))
    with op.batch_alter_table("phone_link", schema=None) as batch_op:
        batch_op.drop_index("uq_phone_link_live")
        batch_op.drop_index(batch_op.f("ix_phone_link_account_id"))

    op.drop_table("phone_link")
