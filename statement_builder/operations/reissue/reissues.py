"""What copies and corrections share: they are archived, recorded, and handed off like any other document.

The transaction that records a reissue also marks it due, so after a crash it stays due and the next run, or the same
command again, hands it off.
"""

from __future__ import annotations

from statement_builder.archive import build_pack
from statement_builder.documents import document_id
from statement_builder.ledger import Batch, DeliveryState, Document, DocumentState, NewDocument, NewShard, Shard
from statement_builder.operations.reissue.resend import hand_off_due
from statement_builder.pipeline.build_worker import pack_key, with_pack_entry
from statement_builder.pipeline.context import AppContext
from statement_builder.rendering import Rendered


def next_revision(family: list[Document]) -> int:
    """The next revision number in a document's `family`. Copies and corrections share one sequence."""
    return max(each.revision for each in family) + 1


def reissue_id(context: AppContext, batch: Batch, guarantor_id: str, revision: int) -> str:
    """The document id of a copy or correction: the same each time it is made."""
    return document_id(context.facility.facility_id, batch.cycle, batch.kind, guarantor_id, revision)


def shard_of(context: AppContext, document: Document) -> Shard:
    """The shard that contains the document."""
    return context.ledger.shards.require(document.batch_id, document.sequence)


def record_reissue(
    context: AppContext,
    batch: Batch,
    new: NewDocument,
    rendered: Rendered,
    snapshot: tuple[str, str],
    *,
    template_version: str,
    readdressed: bool,
    why: str,
) -> Document:
    """Archive a copy or correction and record it in a shard of its own.

    `snapshot` is the archive key and the SHA-256 of the data that it was made from. The caller holds the batch's lock,
    which keeps the shard's sequence number free.
    """
    pack = build_pack([(new.document_id, rendered.pdf)])
    (entry,) = pack.entries
    sequence = max(shard.sequence for shard in context.ledger.shards.for_batch(batch.batch_id)) + 1
    key = pack_key(batch.batch_id, sequence, pack)
    context.archive.put(key, pack.data, sha256=pack.sha256)
    snapshot_key, snapshot_sha256 = snapshot
    return context.ledger.reissues.record(
        batch.batch_id,
        NewShard(sequence=sequence, snapshot_key=snapshot_key, snapshot_sha256=snapshot_sha256, candidates=0, cents=0),
        with_pack_entry(new, rendered, entry),
        pack_key=key,
        pack_sha256=pack.sha256,
        template_version=template_version,
        readdressed=readdressed,
        actor=context.actor,
        at=context.now(),
        why=why,
    )


def hand_off_reissue(context: AppContext, document: Document) -> str:
    """Hand off a copy or correction, with everything else that is due. Returns a sentence that says what happened."""
    blocked = hand_off_due(context)
    current = context.require_document(document.document_id)
    if current.state is DocumentState.HANDED_OFF:
        return "It was handed off."
    if current.state is DocumentState.WITHHELD:
        return (
            f"It was not sent, because the account has changed: `statements holds {current.batch_id}` lists the "
            "reasons."
        )
    if current.delivery_state is DeliveryState.UNCERTAIN:
        return f"It is not known whether it was sent: `statements show {current.batch_id}` has the evidence."
    return " ".join(("It is due.", *(blocked.values() or ["The next `statements track` hands it off."])))
