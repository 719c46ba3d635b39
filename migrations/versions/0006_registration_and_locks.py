"""Applications for use, replaced certificates, and sessions that lock."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _widen()
    op.create_table(
        "registration",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("intent", sa.String(length=24), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("doubts", sa.JSON(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("auth_issuer_key_id", sa.String(length=64), nullable=False),
        sa.Column("auth_serial", sa.String(length=64), nullable=False),
        sa.Column("auth_not_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sign_issuer_key_id", sa.String(length=64), nullable=False),
        sa.Column("sign_serial", sa.String(length=64), nullable=False),
        sa.Column("sign_not_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("evidence", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_registration_account_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["account.id"], name=op.f("fk_registration_decided_by_account")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_registration_organisation_id_organisation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration")),
    )
    with op.batch_alter_table("registration", schema=None) as batch_op:
        batch_op.create_index("ix_registration_auth", ["auth_issuer_key_id", "auth_serial"])
        batch_op.create_index(batch_op.f("ix_registration_account_id"), ["account_id"])
        batch_op.create_index(batch_op.f("ix_registration_organisation_id"), ["organisation_id"])


def _widen() -> None:
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("kana_source", sa.String(length=24), server_default="record", nullable=False)
        )
        batch_op.add_column(sa.Column("address", sa.LargeBinary(), nullable=True))
        batch_op.create_index(batch_op.f("ix_person_born_on"), ["born_on"], unique=False)
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.add_column(sa.Column("stable_id", sa.String(length=128), nullable=True))
        batch_op.create_unique_constraint(batch_op.f("uq_account_stable_id"), ["stable_id"])
    with op.batch_alter_table("credential", schema=None) as batch_op:
        batch_op.add_column(sa.Column("replaced_by", sa.Uuid(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_credential_replaced_by_credential"),
            "credential",
            ["replaced_by"],
            ["id"],
        )
    with op.batch_alter_table("browser_session", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("locks", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.add_column(sa.Column("locked_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("browser_session", schema=None) as batch_op:
        batch_op.drop_column("locked_at")
        batch_op.drop_column("locks")
    with op.batch_alter_table("credential", schema=None) as batch_op:
        batch_op.drop_constraint(
            batch_op.f("fk_credential_replaced_by_credential"), type_="foreignkey"
        )
        batch_op.drop_column("replaced_by")
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_account_stable_id"), type_="unique")
        batch_op.drop_column("stable_id")
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_person_born_on"))
        batch_op.drop_column("address")
        batch_op.drop_column("kana_source")
    op.drop_table("registration")
