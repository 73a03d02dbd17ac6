"""The legal clocks of one visit, each with its own start, end and citation. Pure.

Three rules count 120 days, from different events, so the clocks are kept apart. All start with a
document that this service mailed. None ends another.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum

from statement_builder.billing.model import Encounter, FinancialClass, Record

_MEDICARE = frozenset({FinancialClass.MEDICARE})
"""Medicare bad debt is of original Medicare only: an Advantage plan pays under its own contract (42 CFR 413.89(a))."""


class ClockName(StrEnum):
    ECA_WAIT = "501r_eca_wait"
    """No extraordinary collection action before it ends."""
    ASSISTANCE = "501r_assistance"
    """Applications for financial assistance are accepted until it ends."""
    MEDICARE = "medicare_collection"
    """No write-off as Medicare bad debt before it ends. Each payment starts it again."""
    DISPUTE = "ppdr_dispute"
    """The patient may dispute a bill above the good faith estimate until it ends."""


class ClockRule(Record, kw_only=True):
    """The length of one clock, in calendar days, and the law that sets it."""

    days: int
    citation: str


class Clock(Record, kw_only=True):
    """One clock of one visit."""

    clock: ClockName
    account: str
    started_on: date
    """The day of the mailing, or of the payment that started it again."""
    ends_on: date
    citation: str


ClockRules = dict[ClockName, ClockRule]


def find_clocks(encounter: Encounter, rules: ClockRules, as_of: date) -> tuple[Clock, ...]:
    """The clocks that run, or ran, on a visit as of a day. None before its first statement was mailed.

    A refund or a returned check is no payment, and starts nothing.
    """
    mailed = encounter.correspondence
    if mailed is None:
        return ()
    first_on = mailed.first_statement_on
    starts = {ClockName.ECA_WAIT: first_on, ClockName.ASSISTANCE: first_on}
    if encounter.financial_class in _MEDICARE:
        paid_on = (payment.posted_on for payment in encounter.payments if payment.amount_cents > 0)
        starts[ClockName.MEDICARE] = _latest(first_on, (day for day in paid_on if day <= as_of))
    if encounter.good_faith_estimate_cents is not None:
        starts[ClockName.DISPUTE] = first_on
    return tuple(
        Clock(
            clock=name,
            account=encounter.account_number,
            started_on=started_on,
            ends_on=started_on + timedelta(days=rules[name].days),
            citation=rules[name].citation,
        )
        for name, started_on in starts.items()
    )


def _latest(first_on: date, payments: Iterable[date]) -> date:
    """The start of a clock that every later payment starts again."""
    return max((first_on, *payments))
