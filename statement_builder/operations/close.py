"""Close a batch: only when everything foots, in documents and cents, for every envelope class. Closing is final."""

from __future__ import annotations

from mail_house.print_files import envelope_class
from statement_builder.errors import AwaitingConfirmation, GateStop
from statement_builder.ledger import Batch, BatchState
from statement_builder.operations.control_sheet import archive_control_sheet
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.portal import is_published
from statement_builder.reports import (
    Gate,
    check_acknowledged,
    check_close,
    check_mailed,
    check_portal,
    check_print_files,
    count_classes,
    describe_broken_gates,
)


def close_batch(context: AppContext, batch: Batch) -> None:
    """Archive the control sheet of a batch whose documents are all accounted for, then close the batch.

    `AwaitingConfirmation` if only the vendor's confirmations are missing; `GateStop`, naming what is open, otherwise.
    """
    totals = context.ledger.control_totals.get(batch.batch_id)
    if totals.counts.uncertain:
        raise GateStop(
            f"batch {batch.batch_id}: the outcome of {totals.counts.uncertain} hand-offs is unknown. "
            f"`statements show {batch.batch_id}` lists them; resolve each with `statements resolve DOCUMENT`."
        )
    profile = context.profile()
    classes = count_classes(
        context.ledger.control_totals.by_status(batch.batch_id), lambda pages: envelope_class(pages, profile)
    )
    files = context.ledger.print_files.for_batch(batch.batch_id)
    gates: tuple[Gate, ...] = (
        *check_close(totals, classes),
        *check_print_files(files, context.ledger.control_totals.pieces(batch.batch_id)),
    )
    if is_published(context.settings, batch.kind):
        gates = (*gates, *check_portal(context.ledger.portal.totals(batch.batch_id)))
    if broken := describe_broken_gates(gates):
        raise GateStop(f"batch {batch.batch_id} stays open: {broken}")
    if not all(gate.foots for gate in check_acknowledged(totals)):
        raise AwaitingConfirmation(
            f"batch {batch.batch_id} stays open: {totals.counts.acknowledged} of {totals.counts.handed_off} documents "
            "handed off are acknowledged. `statements track` reads the vendor's acknowledgements and closes the batch. "
            f"`statements report control {batch.batch_id}` names the print files."
        )
    if not all(gate.foots for gate in check_mailed(totals)):
        raise AwaitingConfirmation(
            f"batch {batch.batch_id} stays open: of {totals.counts.acknowledged} acknowledged documents, "
            f"{totals.counts.mailed} are reported mailed and {totals.counts.rejected} rejected. "
            "`statements track` reads the remaining reports and closes the batch."
        )
    at = context.now()
    sheet = archive_control_sheet(context, batch, closed_at=at)
    why = f"{sheet.json_key} {sheet.pdf_key}"
    context.ledger.batches.set_state(batch.batch_id, BatchState.CLOSED, actor=context.actor, at=at, why=why, data=sheet)
