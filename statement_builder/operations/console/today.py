"""What an operator sees first: batches in flight, what waits for a person, and what left this month."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress

from statement_builder.billing.model import Record
from statement_builder.errors import StatementsError
from statement_builder.ledger import Batch, BatchState, ShardState
from statement_builder.operations.approval.release import pending_checks
from statement_builder.operations.approval.release_codes import ReleaseCode
from statement_builder.operations.console.decisions import DECISION_TITLES, count_decisions
from statement_builder.operations.summaries import BatchSummary, summarize_each
from statement_builder.operations.tracking.tracking_alerts import find_late_files
from statement_builder.operations.work_queue import list_work_queue
from statement_builder.pipeline.context import AppContext
from statement_builder.policy.guarantor_rules import ALTERNATE_FORMATS
from statement_builder.policy.hold_codes import HOLD_CODES
from statement_builder.policy.requests import LISTED_CODES

BATCHES_SHOWN = 12
"""The newest batches, whatever their state. Those that are not closed are always shown."""
_TITLES = {
    "FILE_REJECTED": "print files that the vendor rejected",
    "REJECTED": "pieces that the vendor did not print",
    "QUARANTINE": "vendor reports in quarantine",
    "UNCLEAR": "e-mail answers to read",
    "MOVED": "address changes to enter",
    "REVERSALS": "vendor reports that would reverse many mailings",
    "ACK_LATE": "print files without an acknowledgment",
    "MAIL_LATE": "print files not reported as mailed",
} | {code: HOLD_CODES[code].title for code in (*ALTERNATE_FORMATS.values(), *LISTED_CODES)}
TITLES = (
    "to approve",
    "documents whose hand-off is uncertain",
    "exceptions",
    *_TITLES.values(),
    *DECISION_TITLES.values(),
)
"""Every title that `Waiting` can have."""
UNITS_AND_STAGES = ("pull", "build", "hand-off", "accounts", "shards", "documents")
"""Every stage and unit that `Progress` can have."""
WAITING_CODES = ("APPROVAL", "UNCERTAIN", "EXCEPTIONS", *_TITLES, *DECISION_TITLES)
"""Every code that `Waiting` can have."""


class Progress(Record, kw_only=True):
    """How far a batch is. `total` is 0 where that is not known."""

    stage: str
    done: int
    total: int
    unit: str


class BatchRow(Record, kw_only=True):
    """A batch, how far it is, and what a person must decide."""

    summary: BatchSummary
    progress: Progress | None
    """None for a batch that waits for a person, or is closed."""
    asks: tuple[str, ...]
    """The codes of its release checks."""


class Waiting(Record, kw_only=True):
    """Work for a person: how many, of what, and where in the console it is."""

    code: str
    title: str
    count: int
    batch_id: str = ""
    """Empty: not of one batch."""


class MonthFigures(Record, kw_only=True):
    """What was handed off from the batches released this month."""

    batches: int
    documents: int
    cents: int
    print: int
    email: int


class Today(Record, kw_only=True):
    """Everything at one glance. No data of single persons."""

    batches: tuple[BatchRow, ...]
    waiting: tuple[Waiting, ...]
    month: MonthFigures


def read_today(context: AppContext, *, of_everybody: bool = False) -> Today:
    """Read it. One query per subject, not per document. Approvals by a second person are those that the actor may give;
    with `of_everybody`, all that wait."""
    everything = context.ledger.batches.all()
    shown = _choose_shown(everything)
    released = [batch for batch in everything if _left_this_month(context, batch)]
    rows = tuple(
        _describe(context, batch, summary) for batch, summary in zip(shown, summarize_each(context, shown), strict=True)
    )
    return Today(
        batches=rows,
        waiting=(*_list_waiting(context, rows), *_list_decisions(context, rows, of_everybody=of_everybody)),
        month=_sum_month(summarize_each(context, released)),
    )


def count_ahead(context: AppContext) -> threading.Thread:
    """Start to count the batches of *Today* for a process that remembers totals, so that its first reader waits less: a
    batch of 40,000 documents takes half a second. What goes wrong is said when somebody opens the page."""

    def count() -> None:
        with suppress(StatementsError):
            summarize_each(context, _choose_shown(context.ledger.batches.all()))

    thread = threading.Thread(target=count, name="count-ahead", daemon=True)
    thread.start()
    return thread


def _choose_shown(everything: Sequence[Batch]) -> list[Batch]:
    return [
        batch
        for number, batch in enumerate(everything)
        if number < BATCHES_SHOWN or batch.state is not BatchState.CLOSED
    ]


def read_progress(context: AppContext, batch: Batch, summary: BatchSummary) -> Progress | None:
    """How far the batch is, from the ledger, so that it is right whatever process works on it."""
    if batch.state is BatchState.OPEN:
        return Progress(stage="pull", done=0, total=0, unit="accounts")
    if batch.state is BatchState.PULLED:
        shards = context.ledger.shards.for_batch(batch.batch_id)
        built = sum(shard.state is ShardState.BUILT for shard in shards)
        return Progress(stage="build", done=built, total=len(shards), unit="shards")
    if batch.state in {BatchState.RELEASED, BatchState.HANDING_OFF}:
        counts = summary.counts
        total = counts["rendered"] - counts["withheld"]
        return Progress(stage="hand-off", done=counts["handed_off"], total=total, unit="documents")
    return None


def _describe(context: AppContext, batch: Batch, summary: BatchSummary) -> BatchRow:
    return BatchRow(
        summary=summary,
        progress=read_progress(context, batch, summary),
        asks=tuple(check.code.value for check in pending_checks(context, batch)),
    )


def _list_waiting(context: AppContext, rows: tuple[BatchRow, ...]) -> Iterator[Waiting]:
    for row in rows:
        counts, batch_id = row.summary.counts, row.summary.batch_id
        if row.asks:
            yield Waiting(code="APPROVAL", title="to approve", count=1, batch_id=batch_id)
        if counts["uncertain"]:
            title = "documents whose hand-off is uncertain"
            yield Waiting(code="UNCERTAIN", title=title, count=counts["uncertain"], batch_id=batch_id)
        if row.summary.state != BatchState.CLOSED and (problems := counts["exceptions"] + counts["errors"]):
            yield Waiting(code="EXCEPTIONS", title="exceptions", count=problems, batch_id=batch_id)
    found = Counter(row.code for row in list_work_queue(context))
    found.update(alert.code for alert in find_late_files(context))
    for code, count in sorted(found.items()):
        yield Waiting(code=code, title=_TITLES[code], count=count)


def _list_decisions(context: AppContext, rows: tuple[BatchRow, ...], *, of_everybody: bool) -> Iterator[Waiting]:
    lacking = [row.summary.batch_id for row in rows if ReleaseCode.TEMPLATES.value in row.asks]
    for code, count in count_decisions(context, lacking, of_everybody=of_everybody):
        yield Waiting(code=code, title=DECISION_TITLES[code], count=count)


def _left_this_month(context: AppContext, batch: Batch) -> bool:
    if batch.released_at is None:
        return False
    today, on = context.today(), context.local_date(batch.released_at)
    return (on.year, on.month) == (today.year, today.month)


def _sum_month(month: list[BatchSummary]) -> MonthFigures:
    return MonthFigures(
        batches=len(month),
        documents=sum(each.counts["handed_off"] for each in month),
        cents=sum(each.cents["handed_off"] for each in month),
        print=sum(each.counts["print"] for each in month if each.counts["handed_off"]),
        email=sum(each.counts["email"] for each in month if each.counts["handed_off"]),
    )
