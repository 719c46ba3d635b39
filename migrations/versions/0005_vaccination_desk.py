"""Doses that come many at once, lots, shots put off, the worklist, imports, incidents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "import_columns",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("header_digest", sa.String(length=64), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_import_columns_organisation_id_organisation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_columns")),
        sa.UniqueConstraint(
            "organisation_id", "header_digest", name=op.f("uq_import_columns_organisation_id")
        ),
    )
    op.create_table(
        "vaccine_lot",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("product", sa.String(length=24), nullable=False),
        sa.Column("lot", sa.String(length=32), nullable=False),
        sa.Column("gtin", sa.String(length=14), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("used_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_vaccine_lot_organisation_id_organisation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vaccine_lot")),
        sa.UniqueConstraint(
            "organisation_id", "product", "lot", name=op.f("uq_vaccine_lot_organisation_id")
        ),
    )
    op.create_table(
        "bulk_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("doses", sa.Integer(), nullable=False),
        sa.Column("deferrals", sa.Integer(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_bulk_entry_organisation_id_organisation"),
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["account.id"], name=op.f("fk_bulk_entry_recorded_by_account")
        ),
        sa.ForeignKeyConstraint(
            ["undone_by"], ["account.id"], name=op.f("fk_bulk_entry_undone_by_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_entry")),
    )
    with op.batch_alter_table("bulk_entry", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_bulk_entry_organisation_id"), ["organisation_id"], unique=False
        )

    op.create_table(
        "incident",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("lineage_id", sa.Uuid(), nullable=False),
        sa.Column("child_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("answers", sa.LargeBinary(), nullable=False),
        sa.Column("drafted_by", sa.Uuid(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["child_id"], ["child.id"], name=op.f("fk_incident_child_id_child")
        ),
        sa.ForeignKeyConstraint(
            ["drafted_by"], ["account.id"], name=op.f("fk_incident_drafted_by_account")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_incident_organisation_id_organisation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
        sa.UniqueConstraint("lineage_id", name=op.f("uq_incident_lineage_id")),
    )
    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_incident_child_id"), ["child_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_incident_organisation_id"), ["organisation_id"], unique=False
        )

    op.create_table(
        "vaccine_due",
        sa.Column("child_id", sa.Uuid(), nullable=False),
        sa.Column("vaccine", sa.String(length=24), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("deadline", sa.Date(), nullable=False),
        sa.Column("next_number", sa.Integer(), nullable=True),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["child_id"], ["child.id"], name=op.f("fk_vaccine_due_child_id_child")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_vaccine_due_organisation_id_organisation"),
        ),
        sa.PrimaryKeyConstraint("child_id", "vaccine", name=op.f("pk_vaccine_due")),
    )
    with op.batch_alter_table("vaccine_due", schema=None) as batch_op:
        batch_op.create_index(
            "ix_vaccine_due_list", ["organisation_id", "status", "deadline"], unique=False
        )

    op.create_table(
        "deferral",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("child_id", sa.Uuid(), nullable=False),
        sa.Column("product", sa.String(length=24), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("bulk_entry_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bulk_entry_id"], ["bulk_entry.id"], name=op.f("fk_deferral_bulk_entry_id_bulk_entry")
        ),
        sa.ForeignKeyConstraint(
            ["child_id"], ["child.id"], name=op.f("fk_deferral_child_id_child")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_deferral_organisation_id_organisation"),
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["account.id"], name=op.f("fk_deferral_recorded_by_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deferral")),
    )
    with op.batch_alter_table("deferral", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_deferral_child_id"), ["child_id"], unique=False)

    op.create_table(
        "dose_import",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("uploaded_by", sa.Uuid(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("encoding", sa.String(length=16), nullable=False),
        sa.Column("header", sa.JSON(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("bulk_entry_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["bulk_entry_id"],
            ["bulk_entry.id"],
            name=op.f("fk_dose_import_bulk_entry_id_bulk_entry"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_dose_import_organisation_id_organisation"),
        ),
        sa.ForeignKeyConstraint(
            ["uploaded_by"], ["account.id"], name=op.f("fk_dose_import_uploaded_by_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dose_import")),
    )
    with op.batch_alter_table("dose_import", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dose_import_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_dose_import_organisation_id"), ["organisation_id"], unique=False
        )

    op.create_table(
        "dose_import_part",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("findings", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["dose_import.id"],
            name=op.f("fk_dose_import_part_import_id_dose_import"),
        ),
        sa.PrimaryKeyConstraint("import_id", "number", name=op.f("pk_dose_import_part")),
    )
    with op.batch_alter_table("dose", schema=None) as batch_op:
        batch_op.add_column(sa.Column("bulk_entry_id", sa.Uuid(), nullable=True))
        batch_op.create_index(batch_op.f("ix_dose_bulk_entry_id"), ["bulk_entry_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_dose_bulk_entry_id_bulk_entry"), "bulk_entry", ["bulk_entry_id"], ["id"]
        )


def downgrade() -> None:
    with op.batch_alter_table("dose", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_dose_bulk_entry_id_bulk_entry"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_dose_bulk_entry_id"))
        batch_op.drop_column("bulk_entry_id")

    op.drop_table("dose_import_part")
    with op.batch_alter_table("dose_import", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dose_import_organisation_id"))
        batch_op.drop_index(batch_op.f("ix_dose_import_expires_at"))

    op.drop_table("dose_import")
    with op.batch_alter_table("deferral", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_deferral_child_id"))

    op.drop_table("deferral")
    with op.batch_alter_table("vaccine_due", schema=None) as batch_op:
        batch_op.drop_index("ix_vaccine_due_list")

    op.drop_table("vaccine_due")
    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_incident_organisation_id"))
        batch_op.drop_index(batch_op.f("ix_incident_child_id"))

    op.drop_table("incident")
    with op.batch_alter_table("bulk_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_bulk_entry_organisation_id"))

    op.drop_table("bulk_entry")
    op.drop_table("vaccine_lot")
    op.drop_table("import_columns")
