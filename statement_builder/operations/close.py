"""Close: only when what went in has come out, in documents and cents, in every envelope class; then for good."""

from __future__ import annotations

from statement_builder.operations.control import keep_control_sheet

from mail_house.print_files import envelope_class
from statement_builder.errors import GateStop, Unanswered
from statement_builder.ledger import Batch, BatchState
from statement_builder.pipeline.context import AppContext
from statement_builder.reports import (
    check_acknowledged,
    check_close,
    check_mailed,
    check_print_files,
    count_classes,
    describe_broken_gates,
)


def close_batch(context: AppContext, batch: Batch) -> None:
    """Close a batch whose every document is accounted for, with its control sheet in the archive.

    `GateStop`, which says what is open, where something is; `Unanswered` where all that lacks is the vendor's answer.
    """
    totals = context.ledger.control_totals.get(batch.batch_id)
    if totals.counts.uncertain:
        raise GateStop(
            f"batch {batch.batch_id}: of {totals.counts.uncertain} hand-offs nobody can say whether they happened. "
            f"`statements show {batch.batch_id}` lists them; decide each with `statements resolve DOCUMENT`."
        )
    profile = context.profile()
    classes = count_classes(
        context.ledger.control_totals.by_status(batch.batch_id), lambda pages: envelope_class(pages, profile)
    )
    files = context.ledger.print_files.for_batch(batch.batch_id)
    gates = (
        *check_close(totals, classes),
        *check_print_files(files, context.ledger.control_totals.pieces(batch.batch_id)),
    )
    if broken := describe_broken_gates(gates):
        raise GateStop(f"batch {batch.batch_id} stays open: {broken}")
    if not all(gate.foots for gate in check_acknowledged(totals)):
        raise Unanswered(
            f"batch {batch.batch_id} stays open: of {totals.counts.handed_off} documents handed off "
            f"{totals.counts.acknowledged} are acknowledged. Take in what the vendor answers, then "
            f"`statements rerun {batch.batch_id}` closes it. `statements report control {batch.batch_id}` names the "
            "print files."
        )
    if not all(gate.foots for gate in check_mailed(totals)):
        raise Unanswered(
            f"batch {batch.batch_id} stays open: of {totals.counts.acknowledged} documents acknowledged "
            f"{totals.counts.mailed} are reported as mailed and {totals.counts.rejected} as rejected. "
            "`statements track` takes in the rest when the vendor reports it, and closes the batch."
        )
    at = context.now()
    keys = keep_control_sheet(context, batch, closed_at=at)
    context.ledger.batches.set_state(batch.batch_id, BatchState.CLOSED, actor=context.actor, at=at, why=keys)
