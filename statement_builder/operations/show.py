"""One batch in detail, for `statements show`."""

from __future__ import annotations

from msgspec import field
from msgspec.structs import asdict

from statement_builder.ledger import Batch
from statement_builder.operations.approval.release import pending_checks
from statement_builder.operations.queries import (
    ExceptionRow,
    PrintFileSummary,
    ReissueRow,
    UnresolvedHandOff,
    list_print_files,
    list_reissues,
    list_unresolved_hand_offs,
)
from statement_builder.operations.summaries import BatchSummary, summarize_batch
from statement_builder.operations.work_queue import list_work_queue
from statement_builder.pipeline.context import AppContext


class BatchDetails(BatchSummary, kw_only=True):
    """A batch summary, plus everything in the batch that an operator can act on."""

    questions: tuple[str, ...]
    """What a person must decide before release."""
    work_queue: tuple[ExceptionRow, ...] = field(name="came_back")
    print_files: tuple[PrintFileSummary, ...]
    reissues: tuple[ReissueRow, ...] = field(name="extras")
    unresolved: tuple[UnresolvedHandOff, ...] = field(name="open_hand_offs")


def show_batch(context: AppContext, batch: Batch) -> BatchDetails:
    """Describe one batch: figures, pending release checks, rejected mail, print files, reissues, unknown outcomes."""
    return BatchDetails(
        **asdict(summarize_batch(context, batch)),
        questions=tuple(check.question for check in pending_checks(context, batch)),
        work_queue=tuple(list_work_queue(context, batch)),
        print_files=tuple(list_print_files(context, batch)),
        reissues=tuple(list_reissues(context, batch)),
        unresolved=tuple(list_unresolved_hand_offs(context, batch)),
    )
