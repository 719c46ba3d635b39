"""Names are found by any part: terms by their endings, indexes. The refolding fills them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SUFFIX = sa.String(length=12).with_variant(sa.String(length=12, collation="C"), "postgresql")
NAME_GROUPS = ("name_alphabetic", "name_ideographic", "name_phonetic")


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
