"""Hand-off: the only stage that cannot be undone. For each print file and e-mail: record intent, act, record receipt.

The ledger has a claim before anything leaves. A later run first reconciles what an interrupted run left behind by
asking the vendor or mail server. A delivery that cannot be looked up becomes `uncertain` and waits for an operator.
Nothing is ever sent again without knowing the outcome.
"""

from __future__ import annotations

from collections.abc import Sequence

from mail_house.errors import Retryable
from statement_builder.billing.selection import Channel
from statement_builder.ledger import Batch, BatchState, Shard
from statement_builder.pipeline.archive_check import require_intact_archive
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.email.email_delivery import reconcile_emails, send_emails
from statement_builder.pipeline.hand_off_log import count_hand_off
from statement_builder.pipeline.portal import publish_batch
from statement_builder.pipeline.print.print_delivery import hand_off_print_files, open_print_run, reconcile_print_files
from statement_builder.pipeline.recheck.recheck import has_recent_recheck, withhold_ineligible


def hand_off_batch(context: AppContext, batch: Batch) -> None:
    """Hand off everything that is released and not sent yet, including redeliveries.

    In order: reconcile interrupted deliveries, look at the archive, recheck the holds, send e-mails (a refused address
    is printed instead), then send print files, then publish what left to the portal. A mail server that is down does
    not delay print.

    Raises `mail_house.errors.HandOffError` when a vendor or mail server stops answering. A re-run sends the rest.
    """
    shards = _reconcile(context, batch)
    with open_print_run(context, batch, shards) as print_run:
        print_run.prefetch()
        _begin(context, batch, shards)
        _recheck(context, batch, shards)
        deferred: Retryable | None = None
        try:
            send_emails(context, batch, shards)
        except Retryable as exc:
            deferred = exc
        print_run.hand_off()
    publish_batch(context, batch)
    if deferred is not None:
        raise deferred


def begin_hand_off(context: AppContext, batch: Batch) -> None:
    """Do what must precede the first delivery: reconcile interrupted deliveries, look at the archive, recheck the
    holds."""
    shards = _reconcile(context, batch)
    _begin(context, batch, shards)
    _recheck(context, batch, shards)


def _begin(context: AppContext, batch: Batch, shards: Sequence[Shard]) -> None:
    """Require that the ledger is the newest and that the archive has what will be handed off. Count the hand-off.

    Does nothing if nothing is left to hand off.
    """
    pending = context.ledger.documents.pending_sequences(batch.batch_id)
    if not pending:
        return
    with context.watch("archive check"):
        require_intact_archive(context, batch, [shard for shard in shards if shard.sequence in pending])
    count_hand_off(context.ledger, context.archive)


def _reconcile(context: AppContext, batch: Batch) -> list[Shard]:
    """Reconcile the interrupted deliveries of all shards. Returns the shards."""
    if batch.state is BatchState.RELEASED:
        context.ledger.batches.set_state(batch.batch_id, BatchState.HANDING_OFF, actor=context.actor, at=context.now())
    shards = context.ledger.shards.for_batch(batch.batch_id)
    reconcile_print_files(context, batch, shards)
    reconcile_emails(context, batch, shards)
    context.ledger.readings.keep_opened(batch.batch_id, local_date=context.local_date, at=context.now())
    return shards


def _recheck(context: AppContext, batch: Batch, shards: Sequence[Shard]) -> None:
    started_at = context.now()
    with context.watch("recheck"):
        withhold_ineligible(context, batch, shards)
    context.ledger.batches.record_recheck(batch.batch_id, at=started_at)


def hand_off_shard(context: AppContext, batch: Batch, shard: Shard, channel: Channel) -> None:
    """Hand off one shard's documents on one channel. Call it after `begin_hand_off`, with the shard locked.

    First reconciles what an interrupted try left behind. Rechecks the shard when the batch's recheck is too old.
    """
    reconcile, send = {
        Channel.EMAIL: (reconcile_emails, send_emails),
        Channel.PRINT: (reconcile_print_files, hand_off_print_files),
    }[channel]
    reconcile(context, batch, [shard])
    context.ledger.readings.keep_opened(batch.batch_id, local_date=context.local_date, at=context.now())
    if not has_recent_recheck(context, batch):
        withhold_ineligible(context, batch, [shard])
    send(context, batch, [shard])
