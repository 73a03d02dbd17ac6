"""Close: only when what went in has come out, in documents and cents, in every envelope class; then for good."""

from __future__ import annotations

from mail_house.print_files import envelope_class
from statement_builder.batch.control import keep_control_sheet
from statement_builder.batch.service import Service
from statement_builder.errors import GateStop, Unanswered
from statement_builder.ledger import Batch, BatchState
from statement_builder.reports import (
    check_acknowledged,
    check_close,
    check_mailed,
    check_print_files,
    count_classes,
    name_broken,
)


def close_batch(service: Service, batch: Batch) -> None:
    """Close a batch whose every document is accounted for, with its control sheet in the archive.

    `GateStop`, which says what is open, where something is; `Unanswered` where all that lacks is the vendor's answer.
    """
    tally = service.ledger.tally(batch.batch_id)
    if tally.counts.uncertain:
        raise GateStop(
            f"batch {batch.batch_id}: of {tally.counts.uncertain} hand-offs nobody can say whether they happened. "
            f"`statements show {batch.batch_id}` lists them; decide each with `statements settle DOCUMENT`."
        )
    profile = service.profile()
    classes = count_classes(service.ledger.fates(batch.batch_id), lambda pages: envelope_class(pages, profile))
    files = service.ledger.print_files(batch.batch_id)
    gates = (*check_close(tally, classes), *check_print_files(files, service.ledger.piece_counts(batch.batch_id)))
    if broken := name_broken(gates):
        raise GateStop(f"batch {batch.batch_id} stays open: {broken}")
    if not all(gate.foots for gate in check_acknowledged(tally)):
        raise Unanswered(
            f"batch {batch.batch_id} stays open: of {tally.counts.handed_off} documents handed off "
            f"{tally.counts.acknowledged} are acknowledged. Take in what the vendor answers, then "
            f"`statements rerun {batch.batch_id}` closes it. `statements report control {batch.batch_id}` names the "
            "print files."
        )
    if not all(gate.foots for gate in check_mailed(tally)):
        raise Unanswered(
            f"batch {batch.batch_id} stays open: of {tally.counts.acknowledged} documents acknowledged "
            f"{tally.counts.mailed} are reported as mailed and {tally.counts.rejected} as rejected. `statements track` "
            "takes in the rest when the vendor reports it, and closes the batch."
        )
    at = service.now()
    keys = keep_control_sheet(service, batch, closed_at=at)
    service.ledger.set_state(batch.batch_id, BatchState.CLOSED, actor=service.actor, at=at, why=keys)
