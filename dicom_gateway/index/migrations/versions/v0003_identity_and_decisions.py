"""A study knows who its patient is said to be; what was decided about objects aside is kept."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NO_MORE_NUMBERS = 1000
"""Programs from before Alembic look for a number of theirs here, and refuse to start."""
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TAGS = {"patient_birth_date": "00100030", "patient_sex": "00100040"}
LENGTHS = {"issuer_of_patient_id": 64, "patient_birth_date": 8, "patient_sex": 16}
STUDIES = sa.table(
    "studies",
    sa.column("study_instance_uid"),
    sa.column("attributes"),
    *(sa.column(name) for name in LENGTHS),
)


def upgrade() -> None:
    for name, length in LENGTHS.items():
        kind = sa.String(length=length)
        op.add_column("studies", sa.Column(name, kind, nullable=False, server_default=""))
    _take_over(op.get_bind())
    op.create_table(
        "decisions",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("sop_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("study_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("data_set_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.execute(
        sa.update(sa.table("schema_version", sa.column("version"))).values(version=NO_MORE_NUMBERS)
    )


def _take_over(connection: sa.Connection) -> None:
    """Birth date and sex from what was kept of each study's first object."""
    change = (
        sa.update(STUDIES)
        .where(STUDIES.c.study_instance_uid == sa.bindparam("of"))
        .values({name: sa.bindparam(f"new_{name}") for name in TAGS})
    )
    rows = connection.execute(sa.select(STUDIES.c.study_instance_uid, STUDIES.c.attributes))
    for piece in rows.partitions(1000):
        connection.execute(
            change,
            [
                {
                    "of": row.study_instance_uid,
                    **{f"new_{name}": _first(row.attributes, name) for name in TAGS},
                }
                for row in piece
            ],
        )


def _first(attributes: str, name: str) -> str:
    texts: dict[str, str] = json.loads(attributes)
    values = json.loads(texts.get(TAGS[name], "{}"), strict=False).get("Value", [])
    return str(values[0] or "").replace("\0", "")[: LENGTHS[name]] if values else ""
