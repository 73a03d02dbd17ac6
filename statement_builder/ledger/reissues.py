"""Copies and corrections: documents beside those that a batch was opened for, each in a shard of its own.

Such a shard counts no candidate, so that a batch's figures stay what they were. What is made is due to go out at once,
whatever has become of its batch.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import Connection, delete, insert

from statement_builder.billing.selection import Hold
from statement_builder.errors import InvariantError
from statement_builder.ledger.batches import require_batch
from statement_builder.ledger.documents import lock_document, read_family, withhold
from statement_builder.ledger.events import write_event
from statement_builder.ledger.records import Document, NewDocument, NewShard
from statement_builder.ledger.shards import account_rows, document_row
from statement_builder.ledger.states import CORRECTED, DocumentState, ShardState
from statement_builder.ledger.tables import document, document_account, follow_up, shard


def record_extra(
    connection: Connection,
    batch_id: str,
    new_shard: NewShard,
    new: NewDocument,
    *,
    pack_key: str,
    pack_sha256: str,
    template_version: str,
    readdressed: bool,
    actor: str,
    at: datetime,
    why: str,
) -> Document:
    """Record a copy or a correction with its shard, and that it is due to go out.

    What is corrected goes out no more: it is withheld where it has not left. InvariantError when it is on its way, or
    when another copy or correction took the revision.
    """
    require_batch(connection, batch_id)
    original = lock_document(connection, new.revision_of)
    if original.batch_id != batch_id or new.revision != _last_revision(connection, original) + 1:
        raise InvariantError(f"document {new.revision_of}: somebody else made a copy or a correction of it since")
    if not new.is_copy:
        _take_back(connection, original, actor=actor, at=at, why=why)
    row = {**msgspec.structs.asdict(new_shard), "batch_id": batch_id, "state": ShardState.BUILT.value}
    pack = {"pack_key": pack_key, "template_version": template_version}
    connection.execute(insert(shard), [{**row, **pack, "pack_sha256": pack_sha256, "is_extra": True}])
    common = {"batch_id": batch_id, "sequence": new_shard.sequence, **pack}
    connection.execute(insert(document), [document_row(common, 1, new)])
    if accounts := account_rows(new):
        connection.execute(insert(document_account), accounts)
    due = {"document_id": new.document_id, "since": at, "readdressed": readdressed}
    connection.execute(insert(follow_up), [due])
    what = "reprinted" if new.is_copy else "corrected"
    write_event(connection, at=at, actor=actor, batch_id=batch_id, subject=original.document_id, what=what, why=why)
    origin = f"{'copy of' if new.is_copy else 'replaces'} {original.document_id}"
    write_event(connection, at=at, actor=actor, batch_id=batch_id, subject=new.document_id, what="made", why=origin)
    return lock_document(connection, new.document_id)


def _last_revision(connection: Connection, original: Document) -> int:
    return max(each.revision for each in read_family(connection, original.document_id))


def _take_back(connection: Connection, original: Document, *, actor: str, at: datetime, why: str) -> None:
    """What has been replaced is not handed off any more, not for the first time and not again."""
    if original.state is DocumentState.HANDED_OFF:
        connection.execute(delete(follow_up).where(follow_up.c.document_id == original.document_id))
        return
    hold = Hold(code=CORRECTED)
    if not withhold(connection, original.document_id, [hold], actor=actor, at=at, why=why):
        raise InvariantError(f"document {original.document_id} is {original.delivery_state}: it cannot be replaced")
