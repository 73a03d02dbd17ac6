"""Indexes for what the console looks up among a million documents: holds by code and account, events by subject."""

from __future__ import annotations

from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.create_index("candidate_hold_code", "candidate_hold", ["batch_id", "code", "subject"])
    op.create_index("candidate_hold_account", "candidate_hold", ["account_number"])
    op.create_index("event_subject", "event", ["subject"])
