"""Holds by reason and age: what keeps mail from leaving, since when, and how much waits for it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date

from statement_builder.billing.model import Record
from statement_builder.billing.selection import Kind
from statement_builder.policy.hold_codes import HOLD_CODES
from statement_builder.reports.billing_office.report import Column, ColumnType, Plot, Report, Row

BUCKETS = ("days_0_30", "days_31_60", "days_61_90", "over_90")
_TITLES = ("0-30 days", "31-60", "61-90", "over 90")


_NOT_DUE = "Payments of a plan that are not due yet"
"""What is held without a hold code."""


class HeldReason(Record, kw_only=True, gc=False):
    """One reason that the last batch of a kind found against one candidate."""

    kind: Kind
    subject: str
    code: str
    """Empty: the part of a payment plan that is not due yet."""
    since: date
    """The as-of date of the earliest batch from which every batch of the kind found this reason for this candidate."""
    cents: int
    """What is held of the candidate, with its first reason; 0 with every other, so that no amount counts twice."""


def report_holds(reasons: Iterable[HeldReason], as_of: date, what_to_do: Mapping[str, str]) -> Report:
    """Held candidates by kind of document and reason. `what_to_do`: by hold code."""
    counts: defaultdict[tuple[Kind, str], Counter[str]] = defaultdict(Counter)
    oldest: dict[tuple[Kind, str], date] = {}
    for each in reasons:
        key = (each.kind, each.code)
        counts[key]["held"] += 1
        counts[key]["held_cents"] += each.cents
        counts[key][BUCKETS[min(3, max(0, ((as_of - each.since).days - 1) // 30))]] += 1
        oldest[key] = min(each.since, oldest.get(key, each.since))
    order = sorted(counts, key=lambda key: (key[0], -counts[key]["held"], key[1]))
    rows: list[Row] = [
        (
            kind.value,
            code,
            _title_of(code),
            *(counts[kind, code][name] for name in ("held", *BUCKETS, "held_cents")),
            oldest[kind, code],
            what_to_do.get(code, ""),
        )
        for kind, code in order
    ]
    return Report(
        name="holds",
        title="Holds by reason and age",
        meaning=(
            "Why mail is held in the last batch of each kind, and since when. An account with several reasons is in "
            "the line of each; its amount is in the line of the first reason only. Start with the reasons over 90 "
            "days: `statements holds BATCH` lists the accounts."
        ),
        as_of=as_of,
        columns=(
            Column(name="kind", title="kind"),
            Column(name="code", title="code"),
            Column(name="title", title="reason"),
            Column(name="held", title="accounts", type=ColumnType.COUNT, adds_up=True),
            *(
                Column(name=name, title=title, type=ColumnType.COUNT, adds_up=True)
                for name, title in zip(BUCKETS, _TITLES, strict=True)
            ),
            Column(name="held_cents", title="held", type=ColumnType.CENTS, adds_up=True),
            Column(name="oldest_on", title="oldest since", type=ColumnType.DATE),
            Column(name="what_to_do", title="what to do"),
        ),
        rows=rows,
        notes=["The totals count an account once for each of its reasons; the held amount is counted once."],
        plots=(Plot(title="Held accounts by reason and age", label="code", parts=BUCKETS),),
    )


def _title_of(code: str) -> str:
    if not code:
        return _NOT_DUE
    return HOLD_CODES[code].title if code in HOLD_CODES else ""
