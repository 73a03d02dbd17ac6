"""What a page of one batch reads does not grow with the batch: its errors, reissues, proof, and the largest holds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0030"

PARTIAL = {
    "candidate_exception": ("candidate", ["batch_id", "sequence", "subject"], "outcome = 'exception'"),
    "document_error": ("document", ["batch_id", "sequence", "position"], "error_code <> ''"),
    "document_reissue": ("document", ["batch_id", "sequence", "position"], "revision_of <> ''"),
    "document_proof": (
        "document",
        ["batch_id", "level", "language", "channel", "pages", "amount_cents", "document_id"],
        "error_code = '' AND revision_of = ''",
    ),
    "print_file_reported": ("print_file", ["reports", "batch_id"], "reports <> 'nothing'"),
    "delivery_uncertain": ("delivery", ["document_id"], "state = 'uncertain'"),
}
HELD = """
    SELECT candidate.balance_cents - candidate.amount_cents
      FROM candidate
     WHERE candidate.batch_id = candidate_hold.batch_id
       AND candidate.subject = candidate_hold.subject
"""


def upgrade() -> None:
    op.add_column("candidate_hold", sa.Column("held_cents", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute(f"UPDATE candidate_hold SET held_cents = ({HELD})")  # noqa: S608 - a constant
    op.drop_index("candidate_hold_code", "candidate_hold")
    op.create_index("candidate_hold_code", "candidate_hold", ["batch_id", "code", "held_cents", "subject", "position"])
    for name, (table, columns, condition) in PARTIAL.items():
        where = sa.text(condition)
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
