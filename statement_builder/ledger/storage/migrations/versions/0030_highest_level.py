"""The highest dunning level mailed about a visit, beside the last one.

A statement about a payment plan that followed a letter had set the ladder back.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"

HIGHEST = """
    SELECT MAX(document.level)
      FROM document
      JOIN batch ON batch.batch_id = document.batch_id
      JOIN document_account ON document_account.document_id = document.document_id
     WHERE batch.facility_id = correspondence.facility_id
       AND document_account.account_number = correspondence.subject_id
       AND document.mailed_on IS NOT NULL
       AND document.kind IN ('statement', 'dunning')
"""


def upgrade() -> None:
    op.add_column("correspondence", sa.Column("highest_level", sa.Integer(), nullable=False, server_default="0"))
    op.execute(
        f"UPDATE correspondence SET highest_level = COALESCE(({HIGHEST}), last_level) "  # noqa: S608 - constants
        "WHERE subject_type = 'encounter'"
    )
