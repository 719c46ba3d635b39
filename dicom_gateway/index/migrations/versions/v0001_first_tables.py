"""Objects, studies, series, instances, reports."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

UID = sa.String(length=64)
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "objects",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("sop_instance_uid", UID, nullable=False),
        sa.Column("sop_class_uid", UID, nullable=False),
        sa.Column("study_instance_uid", UID, nullable=False),
        sa.Column("series_instance_uid", UID, nullable=False),
        sa.Column("transfer_syntax_uid", UID, nullable=False),
        sa.Column("file_name", sa.String(length=120), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("data_set_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sender", sa.String(length=16), nullable=False),
        sa.Column("received_at", sa.Float(), nullable=False),
        sa.Column("frame_count", sa.Integer(), nullable=False),
        sa.Column("frame_table", sa.LargeBinary(), nullable=False),
        sa.Column("encapsulated", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("note", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("sop_instance_uid"),
    )
    with op.batch_alter_table("objects") as batch_op:
        batch_op.create_index("ix_objects_series", ["study_instance_uid", "series_instance_uid"])
        batch_op.create_index("ix_objects_state", ["state", "id"])

    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("next_try_at", sa.Float(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("outbox") as batch_op:
        batch_op.create_index("ix_outbox_due", ["state", "next_try_at"])

    op.create_table(
        "read_access",
        sa.Column("token_id", sa.Uuid(), nullable=False),
        sa.Column("study_instance_uid", UID, nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("first_at", sa.Float(), nullable=False),
        sa.Column("last_at", sa.Float(), nullable=False),
        sa.Column("instances", sa.BigInteger(), nullable=False),
        sa.Column("frames", sa.BigInteger(), nullable=False),
        sa.Column("uses", sa.BigInteger(), nullable=False),
        sa.Column("reported_uses", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token_id", "study_instance_uid"),
    )
    with op.batch_alter_table("read_access") as batch_op:
        batch_op.create_index("ix_read_access_last_at", ["last_at"])
        batch_op.create_index("ix_read_access_reported_uses", ["reported_uses"])

    op.create_table(
        "schema_version",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("version"),
    )
    op.create_table(
        "series",
        sa.Column("series_instance_uid", UID, nullable=False),
        sa.Column("study_instance_uid", UID, nullable=False),
        sa.Column("modality", sa.String(length=16), nullable=False),
        sa.Column("series_number", sa.BigInteger(), nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("instance_count", sa.Integer(), nullable=False),
        sa.Column("listing", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("series_instance_uid"),
    )
    with op.batch_alter_table("series") as batch_op:
        batch_op.create_index("ix_series_study_instance_uid", ["study_instance_uid"])

    op.create_table(
        "series_metadata",
        sa.Column("series_instance_uid", UID, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("etag", sa.String(length=66), nullable=False),
        sa.Column("plain", sa.LargeBinary(), nullable=False),
        sa.Column("gzipped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("series_instance_uid"),
    )
    op.create_table(
        "set_aside",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("sop_instance_uid", UID, nullable=False),
        sa.Column("file_name", sa.String(length=120), nullable=False),
        sa.Column("data_set_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sender", sa.String(length=16), nullable=False),
        sa.Column("received_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("set_aside") as batch_op:
        batch_op.create_index("ix_set_aside_sop_instance_uid", ["sop_instance_uid"])

    op.create_table(
        "studies",
        sa.Column("study_instance_uid", UID, nullable=False),
        sa.Column("patient_id", UID, nullable=False),
        sa.Column("name_alphabetic", sa.Text(), nullable=False),
        sa.Column("name_ideographic", sa.Text(), nullable=False),
        sa.Column("name_phonetic", sa.Text(), nullable=False),
        sa.Column("study_date", sa.String(length=8), nullable=False),
        sa.Column("accession_number", UID, nullable=False),
        sa.Column("description", UID, nullable=False),
        sa.Column("modalities", sa.Text(), nullable=False),
        sa.Column("text_uncertain", sa.Boolean(), nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("series_count", sa.Integer(), nullable=False),
        sa.Column("instance_count", sa.Integer(), nullable=False),
        sa.Column("listing", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.Float(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("announced_revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("study_instance_uid"),
    )
    with op.batch_alter_table("studies") as batch_op:
        batch_op.create_index("ix_studies_accession_number", ["accession_number"])
        batch_op.create_index("ix_studies_date", ["study_date", "study_instance_uid"])
        batch_op.create_index("ix_studies_patient_id", ["patient_id"])

    op.create_table(
        "instances",
        sa.Column("object_id", ROW_ID, nullable=False),
        sa.Column("series_instance_uid", UID, nullable=False),
        sa.Column("instance_number", sa.BigInteger(), nullable=False),
        sa.Column("listing", sa.Text(), nullable=False),
        sa.Column("metadata_json", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["object_id"],
            ["objects.id"],
        ),
        sa.PrimaryKeyConstraint("object_id"),
    )
    with op.batch_alter_table("instances") as batch_op:
        batch_op.create_index("ix_instances_series_instance_uid", ["series_instance_uid"])
