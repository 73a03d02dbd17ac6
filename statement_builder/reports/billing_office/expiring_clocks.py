"""Legal clocks that run out soon, so that what must happen before happens in time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from statement_builder.billing.clocks import ClockName, ClockRules, find_clocks
from statement_builder.billing.model import FaultyAccount
from statement_builder.reports.billing_office.report import Column, ColumnType, Report, Row
from statement_builder.reports.billing_office.visits import Entry, list_visits, note_unreadable

_WHAT_ENDS = {
    ClockName.ECA_WAIT: "collection actions are allowed after it",
    ClockName.ASSISTANCE: "assistance applications are accepted until it",
    ClockName.MEDICARE: "a Medicare bad debt write-off is allowed after it",
    ClockName.DISPUTE: "the patient may dispute the bill until it",
}


def report_expiring_clocks(entries: Iterable[Entry], rules: ClockRules, as_of: date, days: int) -> Report:
    """Every clock that ends from `as_of` to `days` days later, of visits on which the patient owes. Rows are a stream,
    in the order of the accounts."""
    notes: list[str] = []
    return Report(
        name="expiring-clocks",
        title=f"Legal clocks that run out within {days} days",
        meaning=(
            "The 120-day and 240-day clocks of visits with a patient balance. Before a clock ends, finish what it "
            "protects: screen for assistance, and answer disputes. After it, the account may go on: review it for the "
            "final notice, placement, or the Medicare bad debt log."
        ),
        as_of=as_of,
        columns=(
            Column(name="guarantor", title="guarantor", type=ColumnType.GUARANTOR),
            Column(name="account", title="account"),
            Column(name="clock", title="clock"),
            Column(name="what_ends", title="what ends"),
            Column(name="started_on", title="started", type=ColumnType.DATE),
            Column(name="ends_on", title="ends", type=ColumnType.DATE),
            Column(name="days_left", title="days left", type=ColumnType.COUNT),
            Column(name="patient_cents", title="patient balance", type=ColumnType.CENTS),
            Column(name="citation", title="citation"),
        ),
        rows=_list_rows(entries, rules, as_of, days, notes),
        notes=notes,
    )


def _list_rows(entries: Iterable[Entry], rules: ClockRules, as_of: date, days: int, notes: list[str]) -> Iterator[Row]:
    unreadable: list[FaultyAccount] = []
    for visit in list_visits(entries, as_of, unreadable):
        if visit.balance.patient_cents <= 0:
            continue
        for clock in find_clocks(visit.encounter, rules, as_of):
            if 0 <= (left := (clock.ends_on - as_of).days) <= days:
                yield (
                    visit.guarantor_id,
                    clock.account,
                    clock.clock.value,
                    _WHAT_ENDS[clock.clock],
                    clock.started_on,
                    clock.ends_on,
                    left,
                    visit.balance.patient_cents,
                    clock.citation,
                )
    notes += note_unreadable(len(unreadable))
