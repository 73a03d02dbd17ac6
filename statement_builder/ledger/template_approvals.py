"""Template approvals: who looked at a version of the templates and approved it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from statement_builder.billing.model import Record
from statement_builder.ledger.audit.events import write_event
from statement_builder.ledger.storage.sql_compat import insert_if_new
from statement_builder.ledger.storage.tables import template_approval
from statement_builder.ledger.storage.transactions import Repository

TEMPLATE_VERSIONS = "templates"
"""What stands for the batch in events about template versions."""


class TemplateApproval(Record, kw_only=True):
    """One person's approval of one version of the templates."""

    template_version: str
    """As `fingerprint_templates`: 16 hexadecimal digits."""
    approved_by: str
    approved_at: datetime
    remark: str


class TemplateApprovalRepository(Repository):
    """`ledger.template_approvals`."""

    def all(self, facility_id: str) -> list[TemplateApproval]:
        """Every approval, newest first."""
        query = (
            select(template_approval)
            .where(template_approval.c.facility_id == facility_id)
            .order_by(template_approval.c.approved_at.desc(), template_approval.c.approved_by)
        )
        with self._read() as connection:
            rows = connection.execute(query).mappings()
            return [
                TemplateApproval(**{name: row[name] for name in TemplateApproval.__struct_fields__}) for row in rows
            ]

    def record(self, facility_id: str, new: TemplateApproval) -> bool:
        """Record an approval with its event. False, and nothing changed, if this person has approved this version."""
        values = {"facility_id": facility_id} | {name: getattr(new, name) for name in new.__struct_fields__}
        with self._write() as connection:
            if not insert_if_new(connection, template_approval, values):
                return False
            write_event(
                connection,
                at=new.approved_at,
                actor=new.approved_by,
                batch_id=TEMPLATE_VERSIONS,
                subject=new.template_version,
                what="templates_approved",
                why=new.remark,
            )
        return True
