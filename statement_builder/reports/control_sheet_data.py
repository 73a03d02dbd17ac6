"""Draw up a control sheet from the ledger. Reads no clock: when it is drawn up is an argument."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime

from msgspec.structs import asdict

from statement_builder.ledger import (
    Batch,
    BatchState,
    ControlTotals,
    DeliveryState,
    ExceptionLine,
    Ledger,
    PrintFileRow,
)
from statement_builder.policy.codes import HOLD_CODES
from statement_builder.reports.balancing import (
    Gate,
    check_acknowledged,
    check_close,
    check_gates,
    check_mailed,
    check_print_files,
)
from statement_builder.reports.classes import count_classes
from statement_builder.reports.control_sheet import (
    ClassLine,
    ControlSheet,
    CycleLine,
    ExceptionGroup,
    GateLine,
    HistoryLine,
    HoldLine,
    OpenEnd,
    PrintFileLine,
)

CYCLES_BEFORE_MAX = 3
"""How many earlier cycles a batch is shown beside."""


def draw_up_control_sheet(
    ledger: Ledger, batch: Batch, *, envelope_class: Callable[[int], str], questions: Sequence[str], at: datetime
) -> ControlSheet:
    """The batch as the ledger has it now. `envelope_class` gives the class of a document of so many pages."""
    totals = ledger.control_totals.get(batch.batch_id)
    classes = count_classes(ledger.control_totals.by_status(batch.batch_id), envelope_class)
    files = ledger.print_files.for_batch(batch.batch_id)
    before = earlier_batches(ledger, batch)
    tallies = [
        (batch, totals),
        *((each, ledger.control_totals.get(each.batch_id)) for each in before[:CYCLES_BEFORE_MAX]),
    ]
    gates = (
        *_lines(check_gates(totals), may_be_open=batch.state in {BatchState.OPEN, BatchState.PULLED}),
        *_lines(check_print_files(files, ledger.control_totals.pieces(batch.batch_id)), may_be_open=False),
        *_lines(check_close(totals, classes), may_be_open=batch.state is not BatchState.CLOSED),
        *_lines(check_acknowledged(totals), may_be_open=True),
        *_lines(check_mailed(totals), may_be_open=True),
    )
    exceptions = ledger.candidates.exceptions(batch.batch_id)
    return ControlSheet(
        batch=batch.batch_id,
        facility=batch.facility_id,
        kind=batch.kind.value,
        cycle=batch.cycle,
        as_of=batch.as_of,
        source=batch.source,
        limit=batch.limit,
        state=batch.state.value,
        drawn_up_at=at,
        opened_by=batch.opened_by,
        opened_at=batch.opened_at,
        released_by=batch.released_by,
        released_at=batch.released_at,
        closed_at=batch.closed_at,
        foots=all(gate.verdict != "broken" for gate in gates),
        counts=asdict(totals.counts),
        cents=asdict(totals.cents),
        gates=gates,
        classes=tuple(
            ClassLine(name=each.name, pages=each.pages, counts=asdict(each.counts), cents=asdict(each.cents))
            for each in classes
        ),
        cycles=tuple(_cycle(each, figures) for each, figures in tallies),
        holds=_holds(totals, tallies[1][1] if before else None),
        exceptions=_exceptions(exceptions, _first_found(ledger, batch, exceptions, before), batch.as_of),
        print_files=tuple(_print_file(row) for row in files),
        questions=tuple(questions),
        still_open=tuple(_still_open(batch, totals, files, questions)),
        history=tuple(
            HistoryLine(at=event.at, actor=event.actor, what=event.what, why=event.why)
            for event in ledger.events.for_batch(batch.batch_id, subject=batch.batch_id)
        ),
    )


def earlier_batches(ledger: Ledger, batch: Batch) -> list[Batch]:
    """What a batch is compared with: released batches of the same kind and facility before it, newest first. A trial
    of the first few is nothing to compare with."""
    return sorted(
        (
            other
            for other in ledger.batches.all()
            if other.kind is batch.kind
            and other.facility_id == batch.facility_id
            and other.released_at is not None
            and other.limit is None
            and (other.as_of, other.cycle) < (batch.as_of, batch.cycle)
        ),
        key=lambda other: (other.as_of, other.cycle),
        reverse=True,
    )


def average_cents(totals: ControlTotals) -> int:
    """What a rendered document asks for, rounded down to a cent; 0 where none was rendered."""
    return totals.cents.rendered // totals.counts.rendered if totals.counts.rendered else 0


def _lines(gates: Iterable[Gate], *, may_be_open: bool) -> list[GateLine]:
    """Both units of each equation in one line."""
    by_name: dict[str, dict[str, Gate]] = {}
    for gate in gates:
        by_name.setdefault(gate.name, {})[gate.unit] = gate
    lines = []
    for name, pair in by_name.items():
        documents, cents = pair["documents"], pair["cents"]
        foots = documents.foots and cents.foots
        behind = documents.came_out <= documents.went_in
        lines.append(
            GateLine(
                name=name,
                documents_in=documents.went_in,
                documents_out=documents.came_out,
                cents_in=cents.went_in,
                cents_out=cents.came_out,
                verdict="foots" if foots else "open" if may_be_open and behind else "broken",
            )
        )
    return lines


def _cycle(batch: Batch, totals: ControlTotals) -> CycleLine:
    return CycleLine(
        batch=batch.batch_id,
        as_of=batch.as_of,
        pulled=totals.counts.pulled,
        held=totals.counts.held,
        exceptions=totals.counts.exceptions,
        rendered=totals.counts.rendered,
        rendered_cents=totals.cents.rendered,
        average_cents=average_cents(totals),
        handed_off=totals.counts.handed_off,
    )


def _holds(totals: ControlTotals, last: ControlTotals | None) -> tuple[HoldLine, ...]:
    """Every reason found now or the last time, the most frequent first."""
    codes = totals.holds.keys() | (last.holds.keys() if last else set())
    lines = [
        HoldLine(
            code=code,
            title=HOLD_CODES[code].title if code in HOLD_CODES else "",
            count=totals.holds.get(code, 0),
            last_count=last.holds.get(code, 0) if last else None,
        )
        for code in codes
    ]
    return tuple(sorted(lines, key=lambda line: (-line.count, line.code)))


def _first_found(
    ledger: Ledger, batch: Batch, exceptions: Sequence[ExceptionLine], before: Sequence[Batch]
) -> dict[tuple[str, str], date]:
    """Subject and code → the as-of date of the first batch, in an unbroken row up to this one, that has it."""
    first = {(line.subject, line.code): batch.as_of for line in exceptions}
    standing = set(first)
    for earlier in before:
        if not standing:
            break
        standing &= {(line.subject, line.code) for line in ledger.candidates.exceptions(earlier.batch_id)}
        first |= dict.fromkeys(standing, earlier.as_of)
    return first


def _exceptions(
    exceptions: Sequence[ExceptionLine], first: dict[tuple[str, str], date], as_of: date
) -> tuple[ExceptionGroup, ...]:
    """By code, the oldest first. One with several faults counts once for each code."""
    counts = Counter(code for _, code in first)
    oldest: dict[str, ExceptionLine] = {}
    for line in sorted(exceptions, key=lambda line: first[line.subject, line.code]):
        oldest.setdefault(line.code, line)
    groups = []
    for code, line in oldest.items():
        since = first[line.subject, code]
        age_days = (as_of - since).days
        groups.append(ExceptionGroup(code=code, count=counts[code], since=since, age_days=age_days, fix=line.fix))
    return tuple(sorted(groups, key=lambda group: (-group.age_days, -group.count, group.code)))


def _print_file(row: PrintFileRow) -> PrintFileLine:
    return PrintFileLine(
        name=row.name,
        envelope_class=row.envelope_class,
        documents=len(row.documents),
        pages=row.pages,
        sheets=row.sheets,
        cents=row.cents,
        sha256=row.sha256,
        state=row.state.value,
        changed_at=row.changed_at,
    )


def _still_open(
    batch: Batch, totals: ControlTotals, files: Sequence[PrintFileRow], questions: Sequence[str]
) -> Iterable[OpenEnd]:
    counts, name = totals.counts, batch.batch_id
    if batch.state in {BatchState.OPEN, BatchState.PULLED}:
        yield OpenEnd(what="The batch is not built.", to_do=f"statements rerun {name}")
    elif questions:
        yield OpenEnd(what="It waits for a person's release.", to_do=f"statements release {name}")
    elif waiting := counts.rendered - counts.handed_off - counts.withheld - counts.uncertain:
        yield OpenEnd(what=f"{waiting:,} documents have not been handed off.", to_do=f"statements rerun {name}")
    if counts.uncertain:
        yield OpenEnd(
            what=f"Of {counts.uncertain:,} documents nobody can say whether they left.",
            to_do=f"statements show {name} prints the evidence; statements resolve decides each",
        )
    if stuck := sum(file.state in {DeliveryState.CLAIMED, DeliveryState.COMMITTING} for file in files):
        yield OpenEnd(what=f"{stuck:,} print files were begun and not finished.", to_do=f"statements rerun {name}")
    if unheard := counts.handed_off - counts.acknowledged:
        yield OpenEnd(
            what=f"{unheard:,} documents were handed off and are not acknowledged.",
            to_do="statements track takes in what the vendor answers; ask the vendor when it is late",
        )
    if unmailed := counts.acknowledged - counts.mailed - counts.rejected - counts.bounced:
        yield OpenEnd(
            what=f"{unmailed:,} documents are at the vendor and not reported as mailed.",
            to_do="statements track takes in what the vendor answers",
        )
    if counts.due_again:
        yield OpenEnd(
            what=f"{counts.due_again:,} documents came back and are due to go out again.",
            to_do=f"statements rerun {name}",
        )
    if mend := counts.exceptions + counts.errors:
        yield OpenEnd(
            what=f"{mend:,} people got no document because something is wrong with their data or page.",
            to_do=f"statements exceptions {name} says what to mend; the next cycle takes them in",
        )
