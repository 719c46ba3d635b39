"""Names are found by any part: terms by their endings, indexes, names folded by today's table."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from dicom_gateway.index.name_search import NAME_GROUPS, add_terms
from dicom_gateway.names import fold

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SUFFIX = sa.String(length=12).with_variant(sa.String(length=12, collation="C"), "postgresql")
LONGEST_NAME_GROUP = 64
STUDIES = sa.table(
    "studies",
    sa.column("study_instance_uid"),
    sa.column("attributes"),
    *(sa.column(name) for name in NAME_GROUPS),
)


def upgrade() -> None:
    op.create_table(
        "name_terms",
        sa.Column("suffix", SUFFIX, nullable=False),
        sa.Column("term", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("suffix", "term"),
    )
    for group in NAME_GROUPS:
        kind = group.removeprefix("name_")
        columns = [group, "study_date", "study_instance_uid"]
        op.create_index(f"ix_studies_{kind}", "studies", columns)
    _fold_again(op.get_bind())


def _fold_again(connection: sa.Connection) -> None:
    """Every name anew, from what was kept of the first object."""
    change = (
        sa.update(STUDIES)
        .where(STUDIES.c.study_instance_uid == sa.bindparam("of"))
        .values({name: sa.bindparam(f"new_{name}") for name in NAME_GROUPS})
    )
    rows = connection.execute(
        sa.select(STUDIES.c.study_instance_uid, STUDIES.c.attributes)
    ).partitions(1000)
    for piece in rows:
        names = [(row.study_instance_uid, _folded(row.attributes)) for row in piece]
        connection.execute(
            change,
            [
                {"of": uid, **{f"new_{key}": text for key, text in found.items()}}
                for uid, found in names
            ],
        )
        add_terms(connection, [text for _, found in names for text in found.values()])


def _folded(attributes: str) -> dict[str, str]:
    texts: dict[str, str] = json.loads(attributes)
    values = json.loads(texts.get("00100010", "{}"), strict=False).get("Value", [])
    groups: dict[str, Any] = values[0] if values and isinstance(values[0], dict) else {}
    return {
        name: fold(str(groups.get(name.removeprefix("name_").capitalize(), "")))[
            :LONGEST_NAME_GROUP
        ]
        for name in NAME_GROUPS
    }
