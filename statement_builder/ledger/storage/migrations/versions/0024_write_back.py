"""What was written back to the billing system; and an index of the few attempts that did not arrive, for its report."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

ID = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")
WORD = sa.String(length=32)
TIME = sa.DateTime(timezone=True)
DID_NOT_ARRIVE = "state IN ('returned', 'bounced')"


def upgrade() -> None:
    where = sa.text(DID_NOT_ARRIVE)
    op.create_index("delivery_returned", "delivery", ["changed_at"], sqlite_where=where, postgresql_where=where)
    op.create_table(
        "write_back_file",
        sa.Column("name", ID, nullable=False),
        sa.Column("batch_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("claimed_at", TIME, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.CheckConstraint("state IN ('claimed', 'sent')", name=op.f("write_back_file_state")),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.batch_id"], name=op.f("write_back_file_batch")),
        sa.PrimaryKeyConstraint("name", name=op.f("write_back_file_key")),
        sa.UniqueConstraint("batch_id", "number", name="write_back_file_once"),
    )
    op.create_table(
        "write_back_entry",
        sa.Column("batch_id", ID, nullable=False),
        sa.Column("what", WORD, nullable=False),
        sa.Column("subject", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("write_back_file", ID, nullable=False),
        sa.CheckConstraint("what IN ('mailed', 'returned', 'held')", name=op.f("write_back_entry_what")),
        sa.ForeignKeyConstraint(
            ["write_back_file"], ["write_back_file.name"], name=op.f("write_back_entry_write_back_file")
        ),
        sa.PrimaryKeyConstraint("batch_id", "what", "subject", "number", "day", name=op.f("write_back_entry_key")),
    )
    op.create_index("write_back_entry_file", "write_back_entry", ["write_back_file"], unique=False)
