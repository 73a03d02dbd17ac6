"""What an approver reads first: what differs from the last batch of the kind, and what does not leave, in words.

Figures of the whole batch only. No id of a person is in it: a problem is described without the row that has it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from statement_builder.billing.model import Record
from statement_builder.ledger import Batch, ExceptionLine
from statement_builder.operations.summaries import BatchSummary, summarize_batch, summarize_previous
from statement_builder.pipeline.context import AppContext
from statement_builder.policy.hold_codes import HOLD_CODES

_COMPARED = (
    ("documents", "rendered"),
    ("on paper", "print"),
    ("by e-mail", "email"),
    ("accounts held", "held"),
    ("exceptions", "exceptions"),
    ("documents that could not be made", "errors"),
)
"""Label → figure. What happens after the release is not among them: it cannot be known yet."""
RECORDED_HOLD = "Recorded in the billing system"
"""The title of a hold whose code this service does not know."""


class Change(Record, kw_only=True):
    """One figure of this batch, and of the last one."""

    label: str
    now: int
    before: int
    in_cents: bool = False

    @property
    def percent(self) -> int | None:
        """The change in percent of the last batch's figure; None if that was zero."""
        return round(100 * (self.now - self.before) / self.before) if self.before else None


class ReasonCount(Record, kw_only=True):
    """One reason why something does not leave, in words."""

    code: str
    title: str
    what_to_do: str
    count: int
    before: int | None = None
    """How many the last batch had; None if there was none, or if that is not counted."""


class Briefing(Record, kw_only=True):
    """A batch for somebody who decides about it."""

    previous_id: str
    """The last batch of the kind; empty if there is none to compare with."""
    changes: tuple[Change, ...]
    """Empty without a last batch. Figures that are zero in both are left out."""
    holds: tuple[ReasonCount, ...]
    """The most frequent first."""
    exceptions: tuple[ReasonCount, ...]


def brief_approver(context: AppContext, batch: Batch) -> Briefing:
    """Read what an approver should know. A trial (`--limit`) is compared with nothing."""
    earlier = [] if batch.limit is not None else summarize_previous(context, batch, count=1)
    previous = earlier[-1] if earlier else None
    summary = summarize_batch(context, batch)
    return Briefing(
        previous_id=previous.batch_id if previous else "",
        changes=tuple(compare(summary, previous)) if previous else (),
        holds=tuple(count_holds(summary.holds, previous.holds if previous else None)),
        exceptions=tuple(count_exceptions(context.ledger.candidates.exceptions(batch.batch_id))),
    )


def compare(now: BatchSummary, before: BatchSummary) -> Iterator[Change]:
    """Each figure beside that of the last batch."""
    for label, name in _COMPARED:
        if now.counts[name] or before.counts[name]:
            yield Change(label=label, now=now.counts[name], before=before.counts[name])
    totals = (now.cents["rendered"], before.cents["rendered"])
    if any(totals):
        yield Change(label="amount asked for", now=totals[0], before=totals[1], in_cents=True)
        yield Change(label="average amount", now=_average(now), before=_average(before), in_cents=True)


def _average(summary: BatchSummary) -> int:
    documents = summary.counts["rendered"]
    return summary.cents["rendered"] // documents if documents else 0


def count_holds(holds: Mapping[str, int], before: Mapping[str, int] | None) -> Iterator[ReasonCount]:
    """Held accounts by reason, the most frequent first."""
    for code, count in sorted(holds.items(), key=lambda pair: (-pair[1], pair[0])):
        known = HOLD_CODES.get(code)
        yield ReasonCount(
            code=code,
            title=known.title if known else RECORDED_HOLD,
            what_to_do="",
            count=count,
            before=None if before is None else before.get(code, 0),
        )


def count_exceptions(lines: list[ExceptionLine]) -> Iterator[ReasonCount]:
    """Problems by what is wrong and what to do, the most frequent first."""
    counted = Counter((line.code, _describe(line), line.fix) for line in lines)
    for (code, title, fix), count in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])):
        yield ReasonCount(code=code, title=title, what_to_do=fix, count=count)


def _describe(line: ExceptionLine) -> str:
    """The problem without the row: many accounts have the same one. The column if the message names an id otherwise."""
    text = line.message.replace(f", row {line.row_key}:", ":") if line.row_key else line.message
    ids = (line.subject, line.guarantor_id, line.document_id, line.row_key)
    if any(each and each in text for each in ids):
        return f"{line.result_set}: {line.column}" if line.column else (line.result_set or "a document")
    return text
