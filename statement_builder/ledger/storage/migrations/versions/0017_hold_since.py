"""The date of a request that a hold stands for, such as for braille: the work queue tells its age."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Earlier holds are no requests."""
    op.add_column("candidate_hold", sa.Column("since", sa.Date()))
