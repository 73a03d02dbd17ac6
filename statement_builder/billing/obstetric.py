"""The payment schedule of an obstetric estimate: a friendly plan for a future cost share, never a debt.

The estimate is of future cost; nothing here looks at other visits or past-due balances, because asking for old
debt before care is an extraordinary collection action (26 CFR 1.501(r)-6(b)(1)(iii)).
"""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum

from statement_builder.billing.dates import add_months, whole_months
from statement_builder.billing.model import ObstetricEpisode, Record

TERM_WEEKS = 40


class PaymentState(StrEnum):
    PAID = "paid"
    PARTLY_PAID = "partly_paid"
    DUE = "due"
    """Unpaid and part of what this notice asks for. Never called past due: an estimate is no debt."""
    LATER = "later"


class ScheduledPayment(Record, kw_only=True):
    due_on: date
    amount_cents: int
    paid_cents: int
    state: PaymentState


class ObstetricSchedule(Record, kw_only=True):
    """The suggested payments up to `pay_by_on`; their amounts sum to the estimate."""

    pay_by_on: date
    payments: tuple[ScheduledPayment, ...]
    estimate_cents: int
    paid_cents: int
    """Deposits up to the day, also what was paid beyond the estimate."""
    remaining_cents: int
    """What is left of the estimate; 0 when it has been paid or overpaid."""
    due_cents: int
    """What is asked for by `due_on`: that payment and whatever of earlier ones is open. 0 when all is paid."""
    due_on: date
    """The next open payment's date; the last payment's where every date has gone by."""
    courtesy_only: bool
    """Enrolled too late for instalments: one notice, then ordinary billing after the birth."""


def schedule(
    episode: ObstetricEpisode,
    as_of: date,
    *,
    pay_by_week: int,
    installments_max: int,
    courtesy_after_week: int,
) -> ObstetricSchedule:
    """The schedule from the day of the estimate to `pay_by_week` of pregnancy (domain rules, section 6).

    Monthly instalments, one for each whole month but at least 1 and at most `installments_max`, the last one on the
    pay-by date and with the odd cents. Deposits fill them in order.

    Raises ValueError when the episode has no expected delivery date or the estimate is negative.
    """
    expected_on = episode.expected_delivery_on
    if expected_on is None or episode.estimate_cents < 0:
        raise ValueError(f"episode {episode.episode_id}: no schedule without a delivery date and an estimate")
    pay_by_on = expected_on - timedelta(weeks=TERM_WEEKS - pay_by_week)
    if pay_by_on <= episode.estimate_on:
        pay_by_on = expected_on  # enrolled after the pay-by week: what is left of the time is until the birth
    count = min(installments_max, max(1, whole_months(episode.estimate_on, pay_by_on)))
    dates = tuple(add_months(pay_by_on, index + 1 - count) for index in range(count))
    paid_cents = deposited_cents(episode, as_of)
    payments = _fill(dates, _split(episode.estimate_cents, count), paid_cents, as_of)
    unpaid = {each.due_on: each.amount_cents - each.paid_cents for each in payments}
    due_on = _next_due(payments, as_of)
    return ObstetricSchedule(
        pay_by_on=pay_by_on,
        payments=payments,
        estimate_cents=episode.estimate_cents,
        paid_cents=paid_cents,
        remaining_cents=remaining_cents(episode, as_of),
        due_cents=sum(cents for day, cents in unpaid.items() if day <= due_on),
        due_on=due_on,
        courtesy_only=episode.estimate_on > expected_on - timedelta(weeks=TERM_WEEKS - courtesy_after_week),
    )


def remaining_cents(episode: ObstetricEpisode, as_of: date) -> int:
    """What is left of the estimate on a day; 0 when it has been paid or overpaid."""
    return episode.estimate_cents - min(episode.estimate_cents, max(0, deposited_cents(episode, as_of)))


def deposited_cents(episode: ObstetricEpisode, as_of: date) -> int:
    """The pre-delivery payments up to a day, less what was given back."""
    return sum(deposit.amount_cents for deposit in episode.deposits if deposit.posted_on <= as_of)


def _split(estimate_cents: int, count: int) -> tuple[int, ...]:
    """Equal instalments; the last takes the odd cents."""
    each = estimate_cents // count
    return (each,) * (count - 1) + (estimate_cents - each * (count - 1),)


def _fill(
    dates: tuple[date, ...], amounts_cents: tuple[int, ...], paid_cents: int, as_of: date
) -> tuple[ScheduledPayment, ...]:
    left = max(0, paid_cents)
    payments: list[ScheduledPayment] = []
    due_taken = False
    for due_on, amount in zip(dates, amounts_cents, strict=True):
        paid = min(amount, left)
        left -= paid
        if paid == amount:
            state = PaymentState.PAID
        elif due_taken:
            state = PaymentState.LATER
        else:
            state = PaymentState.PARTLY_PAID if paid else PaymentState.DUE
            due_taken = due_on >= as_of
        payments.append(ScheduledPayment(due_on=due_on, amount_cents=amount, paid_cents=paid, state=state))
    return tuple(payments)


def _next_due(payments: tuple[ScheduledPayment, ...], as_of: date) -> date:
    still_open = (each.due_on for each in payments if each.state is not PaymentState.PAID and each.due_on >= as_of)
    return next(still_open, payments[-1].due_on)
