"""Hand-off: the only step that cannot be undone. Intent, act, receipt, for each print file and each e-mail.

A claim is in the ledger before anything leaves. What a killed run left behind is settled first, by asking the other
side; where nobody can be asked it becomes `uncertain` and waits for a person. Nothing is ever repeated blindly.
"""

from __future__ import annotations

from collections.abc import Sequence

from mail_house.errors import Retryable
from statement_builder.billing.selection import Channel
from statement_builder.ledger import Batch, BatchState, Shard
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.email_delivery import send_emails, settle_emails
from statement_builder.pipeline.print_delivery import hand_off_print_files, open_print_run, settle_print_files
from statement_builder.pipeline.recheck import is_looked_at, withhold_late


def hand_off_batch(context: AppContext, batch: Batch) -> None:
    """Hand off what is released and not out yet, and what came back and goes out again.

    First what an earlier run left open, then a second look at the holds, then e-mail (a refused address is printed
    instead), then print, which no mail server may hold up.

    Raises `mail_house.errors.HandOffError` when a back end stops answering: what is left is handed off by a re-run.
    """
    shards = _settle(context, batch)
    with open_print_run(context, batch, shards) as print_run:
        print_run.begin()
        _look_again(context, batch, shards)
        put_off: Retryable | None = None
        try:
            send_emails(context, batch, shards)
        except Retryable as exc:
            put_off = exc
        print_run.hand_off()
    if put_off is not None:
        raise put_off


def begin_hand_off(context: AppContext, batch: Batch) -> None:
    """What comes before anything leaves: settle what an earlier run left open, and look at the source once more."""
    _look_again(context, batch, _settle(context, batch))


def _settle(context: AppContext, batch: Batch) -> list[Shard]:
    """Of all shards of the batch, which are returned."""
    if batch.state is BatchState.RELEASED:
        context.ledger.set_state(batch.batch_id, BatchState.HANDING_OFF, actor=context.actor, at=context.now())
    shards = context.ledger.shards(batch.batch_id)
    settle_print_files(context, batch, shards)
    settle_emails(context, batch, shards)
    return shards


def _look_again(context: AppContext, batch: Batch, shards: Sequence[Shard]) -> None:
    started_at = context.now()
    with context.watch("second look"):
        withhold_late(context, batch, shards)
    context.ledger.record_recheck(batch.batch_id, at=started_at)


def hand_off_shard(context: AppContext, batch: Batch, shard: Shard, channel: Channel) -> None:
    """Hand off what one shard has for one channel, after `begin_hand_off` and with the shard in this process's hands.

    A try of the same that died is settled first. Where the look at the batch is too old by now, the shard gets its own.
    """
    settle, send = {
        Channel.EMAIL: (settle_emails, send_emails),
        Channel.PRINT: (settle_print_files, hand_off_print_files),
    }[channel]
    settle(context, batch, [shard])
    if not is_looked_at(context, batch):
        withhold_late(context, batch, [shard])
    send(context, batch, [shard])
