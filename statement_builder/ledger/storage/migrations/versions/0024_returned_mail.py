"""The report on returned mail reads the few attempts that did not arrive, not all of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

RETURNED = "state IN ('returned', 'bounced')"


def upgrade() -> None:
    where = sa.text(RETURNED)
    op.create_index("delivery_returned", "delivery", ["changed_at"], sqlite_where=where, postgresql_where=where)
