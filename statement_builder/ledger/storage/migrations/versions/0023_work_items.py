"""What a clerk noted about a row of the work queue; and an index of the rejected mail, which every look at the queue
reads."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

ID = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")
REJECTED = "state = 'rejected'"


def upgrade() -> None:
    op.create_table(
        "work_item",
        sa.Column("facility_id", ID, nullable=False),
        sa.Column("item_id", sa.String(32), nullable=False),
        sa.Column("assignee", ID, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("snoozed_until", sa.Date()),
        sa.Column("done_at", sa.DateTime(timezone=True)),
        sa.Column("changed_by", ID, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("facility_id", "item_id", name=op.f("work_item_key")),
    )
    rejected = sa.text(REJECTED)
    op.create_index("delivery_rejected", "delivery", ["document_id"], sqlite_where=rejected, postgresql_where=rejected)
