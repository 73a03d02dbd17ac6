"""Builds a batch's control sheet from the ledger."""

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
    PortalFileRow,
    PrintFileRow,
)
from statement_builder.policy.hold_codes import HOLD_CODES
from statement_builder.reports.balancing import (
    Gate,
    check_acknowledged,
    check_close,
    check_gates,
    check_mailed,
    check_portal,
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
    OpenItem,
    PortalFileLine,
    PrintFileLine,
)
from statement_builder.reports.event_seal import EventSeal

PREVIOUS_CYCLES_MAX = 3
"""How many previous cycles a control sheet compares with."""


def build_control_sheet(
    ledger: Ledger,
    batch: Batch,
    *,
    envelope_class: Callable[[int], str],
    questions: Sequence[str],
    at: datetime,
    clock_basis: str = "",
    event_seal: EventSeal | None = None,
) -> ControlSheet:
    """The control sheet of `batch` from the current ledger. `envelope_class` maps a page count to an envelope class.

    `questions` are the decisions that a person must make before hand-off; `at` (UTC) is the time of preparation;
    `clock_basis` is the assumption that legal clocks run on, if any; `event_seal` the seal of a batch that closes.
    """
    totals = ledger.control_totals.get(batch.batch_id)
    classes = count_classes(ledger.control_totals.by_status(batch.batch_id), envelope_class)
    files = ledger.print_files.for_batch(batch.batch_id)
    before = previous_batches(ledger, batch)
    cycles = [
        (batch, totals),
        *((each, ledger.control_totals.get(each.batch_id)) for each in before[:PREVIOUS_CYCLES_MAX]),
    ]
    gates = (
        *_make_gate_lines(check_gates(totals), may_be_open=batch.state in {BatchState.OPEN, BatchState.PULLED}),
        *_make_gate_lines(check_print_files(files, ledger.control_totals.pieces(batch.batch_id)), may_be_open=False),
        *_make_gate_lines(check_close(totals, classes), may_be_open=batch.state is not BatchState.CLOSED),
        *_make_gate_lines(check_acknowledged(totals), may_be_open=True),
        *_make_gate_lines(check_mailed(totals), may_be_open=True),
    )
    portal_files = ledger.portal.for_batch(batch.batch_id)
    if portal_files:
        portal_gates = check_portal(ledger.portal.totals(batch.batch_id))
        gates += tuple(_make_gate_lines(portal_gates, may_be_open=batch.state is not BatchState.CLOSED))
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
        prepared_at=at,
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
        cycles=tuple(_make_cycle_line(each, figures) for each, figures in cycles),
        holds=_make_hold_lines(totals, cycles[1][1] if before else None),
        exceptions=_group_exceptions(exceptions, _find_first_dates(ledger, batch, exceptions, before), batch.as_of),
        print_files=tuple(_make_print_file_line(row) for row in files),
        portal_files=tuple(_make_portal_line(row) for row in portal_files),
        questions=tuple(questions),
        clock_basis=clock_basis,
        event_seal=event_seal,
        still_open=tuple(_list_open_items(batch, totals, files, questions)),
        history=tuple(
            HistoryLine(at=event.at, actor=event.actor, what=event.what, why=event.why)
            for event in ledger.events.for_batch(batch.batch_id, subject=batch.batch_id)
        ),
    )


def previous_batches(ledger: Ledger, batch: Batch) -> list[Batch]:
    """Earlier released batches of the same kind and facility, newest first. Trials (with limits) are left out."""
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
    """Average amount due per rendered document in cents, rounded down; 0 if none was rendered."""
    return totals.cents.rendered // totals.counts.rendered if totals.counts.rendered else 0


def _make_gate_lines(gates: Iterable[Gate], *, may_be_open: bool) -> list[GateLine]:
    """One line per gate, with both units."""
    by_name: dict[str, dict[str, Gate]] = {}
    for gate in gates:
        by_name.setdefault(gate.name, {})[gate.unit] = gate
    lines = []
    for name, pair in by_name.items():
        documents, cents = pair["documents"], pair["cents"]
        foots = documents.foots and cents.foots
        is_behind = documents.total_out <= documents.total_in
        lines.append(
            GateLine(
                name=name,
                documents_in=documents.total_in,
                documents_out=documents.total_out,
                cents_in=cents.total_in,
                cents_out=cents.total_out,
                verdict="foots" if foots else "open" if may_be_open and is_behind else "broken",
            )
        )
    return lines


def _make_cycle_line(batch: Batch, totals: ControlTotals) -> CycleLine:
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


def _make_hold_lines(totals: ControlTotals, last: ControlTotals | None) -> tuple[HoldLine, ...]:
    """Every hold code of this or the previous cycle, most frequent first."""
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


def _find_first_dates(
    ledger: Ledger, batch: Batch, exceptions: Sequence[ExceptionLine], before: Sequence[Batch]
) -> dict[tuple[str, str], date]:
    """For each (subject, code) of an exception: the date of the earliest batch since which it is open without a gap."""
    first_dates = {(line.subject, line.code): batch.as_of for line in exceptions}
    unresolved = set(first_dates)
    for earlier in before:
        if not unresolved:
            break
        unresolved &= {(line.subject, line.code) for line in ledger.candidates.exceptions(earlier.batch_id)}
        first_dates |= dict.fromkeys(unresolved, earlier.as_of)
    return first_dates


def _group_exceptions(
    exceptions: Sequence[ExceptionLine], first_dates: dict[tuple[str, str], date], as_of: date
) -> tuple[ExceptionGroup, ...]:
    """Exceptions by code, oldest first. An exception with several codes counts once for each code."""
    counts = Counter(code for _, code in first_dates)
    oldest: dict[str, ExceptionLine] = {}
    for line in sorted(exceptions, key=lambda line: first_dates[line.subject, line.code]):
        oldest.setdefault(line.code, line)
    groups = []
    for code, line in oldest.items():
        since = first_dates[line.subject, code]
        age_days = (as_of - since).days
        groups.append(ExceptionGroup(code=code, count=counts[code], since=since, age_days=age_days, fix=line.fix))
    return tuple(sorted(groups, key=lambda group: (-group.age_days, -group.count, group.code)))


def _make_print_file_line(row: PrintFileRow) -> PrintFileLine:
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


def _make_portal_line(row: PortalFileRow) -> PortalFileLine:
    return PortalFileLine(
        name=row.name,
        documents=len(row.shown),
        withdrawn=len(row.withdrawn),
        cents=row.cents,
        sha256=row.sha256,
        state=row.state.value,
        changed_at=row.changed_at,
    )


def _list_open_items(
    batch: Batch, totals: ControlTotals, files: Sequence[PrintFileRow], questions: Sequence[str]
) -> Iterable[OpenItem]:
    counts, name = totals.counts, batch.batch_id
    if batch.state in {BatchState.OPEN, BatchState.PULLED}:
        yield OpenItem(what="The batch is not built.", to_do=f"statements rerun {name}")
    elif questions:
        yield OpenItem(what="The batch must be released by a person.", to_do=f"statements release {name}")
    elif waiting := counts.rendered - counts.handed_off - counts.withheld - counts.uncertain:
        yield OpenItem(what=f"{_count(waiting, 'document')} not handed off yet.", to_do=f"statements rerun {name}")
    if counts.uncertain:
        yield OpenItem(
            what=f"{_count(counts.uncertain, 'document')} with an unknown hand-off outcome.",
            to_do=f"statements show {name} prints the evidence; record each outcome with statements resolve",
        )
    if stuck := sum(file.state in {DeliveryState.CLAIMED, DeliveryState.COMMITTING} for file in files):
        yield OpenItem(
            what=f"{_count(stuck, 'print file')} started but not finished.", to_do=f"statements rerun {name}"
        )
    if unacknowledged := counts.handed_off - counts.acknowledged:
        yield OpenItem(
            what=f"{_count(unacknowledged, 'document')} handed off but not acknowledged.",
            to_do="statements track reads the vendor's reports; if the acknowledgment is late, ask the vendor",
        )
    if unmailed := counts.acknowledged - counts.mailed - counts.rejected - counts.bounced:
        yield OpenItem(
            what=f"{_count(unmailed, 'document')} at the vendor but not reported as mailed.",
            to_do="statements track reads the vendor's reports",
        )
    if counts.due_again:
        yield OpenItem(
            what=f"{_count(counts.due_again, 'returned document')} to be sent again.",
            to_do=f"statements rerun {name}",
        )
    if failed := counts.exceptions + counts.errors:
        yield OpenItem(
            what=f"{_count(failed, 'guarantor')} without a document, because of an error in the data or the document.",
            to_do=f"statements exceptions {name} lists the fixes; the next cycle includes them",
        )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
