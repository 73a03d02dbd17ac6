"""What goes with a document in its envelope, and which sentence is on its page."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Documents made before have no segment."""
    for name in ("segment", "insert_code", "return_envelope_code", "message_code"):
        op.add_column("document", sa.Column(name, sa.String(32), nullable=False, server_default=""))
