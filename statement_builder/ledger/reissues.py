"""Reissues: copies and corrections of documents, each in its own shard beside the batch's original shards.

Such a shard has no candidates, so the batch's figures do not change. A reissue is due for hand-off at once, whatever
the state of its batch.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import Connection, delete, insert

from statement_builder.billing.selection import Hold
from statement_builder.errors import InvariantError
from statement_builder.ledger.audit.events import write_event
from statement_builder.ledger.batches import require_batch
from statement_builder.ledger.document_queries import lock_document, read_revisions
from statement_builder.ledger.documents import withhold
from statement_builder.ledger.records import Document, NewDocument, NewShard
from statement_builder.ledger.row_mapping import account_rows, document_row, request_rows
from statement_builder.ledger.states import CORRECTED, DocumentState, ShardState
from statement_builder.ledger.storage.sql_compat import insert_many
from statement_builder.ledger.storage.tables import document, document_account, document_request, redelivery, shard
from statement_builder.ledger.storage.transactions import Repository


class ReissueRepository(Repository):
    """`ledger.reissues`. `ledger.documents.for_batch(..., reissues=True)` lists them."""

    def record(
        self,
        batch_id: str,
        new_shard: NewShard,
        new: NewDocument,
        *,
        pack_key: str,
        pack_sha256: str,
        template_version: str,
        readdressed: bool = False,
        actor: str,
        at: datetime,
        why: str,
    ) -> Document:
        """Record a copy or a correction with its shard, due for hand-off. A corrected original that has not left is
        withheld; one that has is not redelivered. InvariantError when the original is in a live attempt, or has a newer
        revision."""
        with self._write() as connection:
            require_batch(connection, batch_id)
            original = lock_document(connection, new.revision_of)
            if original.batch_id != batch_id or new.revision != _last_revision(connection, original) + 1:
                raise InvariantError(f"document {new.revision_of} has since been copied or corrected by someone else")
            if not new.is_copy:
                _supersede(connection, original, actor=actor, at=at, why=why)
            row = {**msgspec.structs.asdict(new_shard), "batch_id": batch_id, "state": ShardState.BUILT.value}
            pack = {"pack_key": pack_key, "template_version": template_version}
            connection.execute(insert(shard), [{**row, **pack, "pack_sha256": pack_sha256, "is_reissue": True}])
            common = {"batch_id": batch_id, "sequence": new_shard.sequence, **pack}
            connection.execute(insert(document), [document_row(common, 1, new)])
            if accounts := account_rows(new):
                connection.execute(insert(document_account), accounts)
            insert_many(connection, document_request, request_rows(new))
            due = {"document_id": new.document_id, "since": at, "readdressed": readdressed}
            connection.execute(insert(redelivery), [due])
            what = "reprinted" if new.is_copy else "corrected"
            write_event(
                connection, at=at, actor=actor, batch_id=batch_id, subject=original.document_id, what=what, why=why
            )
            origin = f"{'copy of' if new.is_copy else 'replaces'} {original.document_id}"
            write_event(
                connection, at=at, actor=actor, batch_id=batch_id, subject=new.document_id, what="made", why=origin
            )
            return lock_document(connection, new.document_id)


def _last_revision(connection: Connection, original: Document) -> int:
    return max(each.revision for each in read_revisions(connection, original.document_id))


def _supersede(connection: Connection, original: Document, *, actor: str, at: datetime, why: str) -> None:
    """A corrected document is neither handed off nor redelivered any more."""
    if original.state is DocumentState.HANDED_OFF:
        connection.execute(delete(redelivery).where(redelivery.c.document_id == original.document_id))
        return
    hold = Hold(code=CORRECTED)
    if not withhold(connection, original.document_id, [hold], actor=actor, at=at, why=why):
        raise InvariantError(f"document {original.document_id} is {original.delivery_state}: it cannot be replaced")
