"""What copies and corrections have in common: kept in the archive, recorded, and handed off as everything is.

Each is recorded as due to go out in the same transaction that makes it, so that a crash anywhere leaves it due, and the
next run, or the same command once more, takes it up.
"""

from __future__ import annotations

from msgspec.structs import replace

from statement_builder.archive import build_pack
from statement_builder.billing.model import GuarantorAccount
from statement_builder.documents import document_id
from statement_builder.ledger import Batch, DeliveryState, Document, DocumentState, NewDocument, NewShard, Shard
from statement_builder.operations.resend import hand_off_again
from statement_builder.pipeline.build_worker import pack_key, with_pack_entry
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.pull import Entry, scope_of, stream_candidates
from statement_builder.rendering import Rendered


def next_revision(family: list[Document]) -> int:
    """Of a document's `family`, copies and corrections counted alike."""
    return max(each.revision for each in family) + 1


def extra_id(context: AppContext, batch: Batch, guarantor_id: str, revision: int) -> str:
    """The id that this copy or correction has every time it is made."""
    return document_id(context.facility.facility_id, batch.cycle, batch.kind, guarantor_id, revision)


def shard_of(context: AppContext, document: Document) -> Shard:
    """The shard that the document is in."""
    return context.ledger.shards.require(document.batch_id, document.sequence)


def read_entry_now(
    context: AppContext, batch: Batch, guarantor_id: str, *, replaced: frozenset[str] = frozenset()
) -> Entry | None:
    """The guarantor as the billing system has them today; None where it has them no more. `SourceError` when it cannot
    be read. `replaced` as in `stream_candidates`."""
    scope = replace(scope_of(batch), as_of=context.today(), limit=None)
    for entry in stream_candidates(context, scope, replaced=replaced, only={guarantor_id}):
        found = entry.guarantor.guarantor_id if isinstance(entry, GuarantorAccount) else entry.subject
        if found == guarantor_id:
            return entry
    return None


def keep_extra(
    context: AppContext,
    new: NewDocument,
    made: Rendered,
    snapshot: tuple[str, str],
    *,
    batch_id: str,
    template_version: str,
    readdressed: bool,
    why: str,
) -> Document:
    """Put a copy or a correction into the archive and record it. `snapshot` is key and SHA-256 of what it was made
    from. Under the batch's lock, which keeps the number of its shard free."""
    pack = build_pack([(new.document_id, made.pdf)])
    (place,) = pack.entries
    sequence = max(shard.sequence for shard in context.ledger.shards.for_batch(batch_id)) + 1
    key = pack_key(batch_id, sequence, pack)
    context.archive.put(key, pack.data, sha256=pack.sha256)
    snapshot_key, snapshot_sha256 = snapshot
    return context.ledger.reissues.record(
        batch_id,
        NewShard(sequence=sequence, snapshot_key=snapshot_key, snapshot_sha256=snapshot_sha256, candidates=0, cents=0),
        with_pack_entry(new, made, place),
        pack_key=key,
        pack_sha256=pack.sha256,
        template_version=template_version,
        readdressed=readdressed,
        actor=context.actor,
        at=context.now(),
        why=why,
    )


def hand_off_extra(context: AppContext, extra: Document) -> str:
    """Hand off a copy or a correction, with what else is due; what became of it, in a sentence without a subject."""
    put_off = hand_off_again(context)
    found = context.require_document(extra.document_id)
    if found.state is DocumentState.HANDED_OFF:
        return "It was handed off."
    if found.state is DocumentState.WITHHELD:
        return f"It was not sent: something has changed since. `statements holds {found.batch_id}` says what."
    if found.delivery_state is DeliveryState.UNCERTAIN:
        return f"Nobody can say whether it left: `statements show {found.batch_id}` has the evidence."
    return " ".join(("It is due to go out.", *(put_off or ["The next `statements track` sends it."])))
