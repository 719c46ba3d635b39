"""Gateways enrol with a one-time code that their hospital's administrator made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "gateway_offer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("base_url", sa.String(length=200), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("offered_by", sa.Uuid(), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("gateway_id", sa.Uuid(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["gateway_id"], ["gateway.id"], name=op.f("fk_gateway_offer_gateway_id_gateway")
        ),
        sa.ForeignKeyConstraint(
            ["offered_by"], ["account.id"], name=op.f("fk_gateway_offer_offered_by_account")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_gateway_offer_organisation_id_organisation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_offer")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_gateway_offer_code_hash")),
    )
    with op.batch_alter_table("gateway_offer", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_gateway_offer_organisation_id"), ["organisation_id"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("gateway_offer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_gateway_offer_organisation_id"))
    op.drop_table("gateway_offer")
