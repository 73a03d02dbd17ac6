"""Aging of the patient balance by payer class, facility, and the last letter that was mailed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date

from statement_builder.billing.balance import age
from statement_builder.billing.model import FaultyAccount
from statement_builder.reports.billing_office.report import Column, ColumnType, Plot, Report, Row
from statement_builder.reports.billing_office.visits import UNREADABLE, Entry, level_title, list_visits

BUCKETS = ("current_cents", "days_31_60_cents", "days_61_90_cents", "days_91_120_cents", "over_120_cents")
_TITLES = ("0-30 days", "31-60", "61-90", "91-120", "over 120")
_SUMMED = ("visits", *BUCKETS, "patient_cents", "pending_cents", "balance_cents")
_TOTALS = {"patient_cents": "patient balance", "pending_cents": "with insurance", "balance_cents": "balance"}


def report_aging(entries: Iterable[Entry], as_of: date) -> Report:
    """Every visit once. The days count from the first statement, as on a statement (`billing.balance.Aging`).

    The last column has what accounts with bad data owe too, so that it foots to the control total of a pull.
    """
    sums: dict[tuple[str, str, int], Counter[str]] = {}
    unreadable: list[FaultyAccount] = []
    for visit in list_visits(entries, as_of, unreadable):
        if not visit.balance.balance_cents:
            continue
        level = -1 if visit.level is None else visit.level
        aging = age((visit.balance,), as_of)
        mine = sums.setdefault((visit.financial_class, visit.encounter.facility_name, level), Counter())
        for name in BUCKETS:
            mine[name] += getattr(aging, name)
        mine["visits"] += 1
        mine["patient_cents"] += visit.balance.patient_cents
        mine["pending_cents"] += visit.balance.insurance_pending_cents
        mine["balance_cents"] += visit.balance.balance_cents
    rows: list[Row] = [
        (financial_class, facility, level_title(None if level < 0 else level), *(mine[name] for name in _SUMMED))
        for (financial_class, facility, level), mine in sorted(sums.items())
    ]
    if unreadable:
        owed = sum(entry.cents for entry in unreadable)
        rows.append((UNREADABLE, None, None, None, *(None for _ in BUCKETS), None, None, owed))
    return Report(
        name="aging",
        title="Aging of receivables",
        meaning=(
            "What patients owe, by the days since the first statement about the visit; a visit without one is in the "
            "first column. Credits are negative. Work the largest amounts over 90 days first. An old amount that was "
            "not mailed is held: the report `holds` says why."
        ),
        as_of=as_of,
        columns=(
            Column(name="financial_class", title="payer class"),
            Column(name="facility", title="facility"),
            Column(name="level", title="last mailed"),
            Column(name="visits", title="visits", type=ColumnType.COUNT, adds_up=True),
            *(_money(name, title) for name, title in zip(BUCKETS, _TITLES, strict=True)),
            *(_money(name, title) for name, title in _TOTALS.items()),
        ),
        rows=rows,
        notes=_note_exceptions(unreadable),
        plots=(Plot(title="Patient balance by payer class and age", label="financial_class", parts=BUCKETS),),
    )


def _money(name: str, title: str) -> Column:
    return Column(name=name, title=title, type=ColumnType.CENTS, adds_up=True)


def _note_exceptions(unreadable: list[FaultyAccount]) -> list[str]:
    if not unreadable:
        return []
    return [
        f"The line `{UNREADABLE}` has the debt of accounts with bad data ({len(unreadable):,}): they have no age, and "
        "`statements source check` lists the faults."
    ]
