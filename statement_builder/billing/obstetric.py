"""The payment schedule of an obstetric estimate: suggested payments of a future cost share, never a debt.

Nothing here reads other visits or past-due balances, because requiring payment of old debt before care is an
extraordinary collection action (26 CFR 1.501(r)-6(b)(1)(iii)).
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
    """Unpaid and part of the amount of this notice. Never called past due: an estimate is not a debt."""
    LATER = "later"


class ScheduledPayment(Record, kw_only=True):
    due_on: date
    amount_cents: int
    paid_cents: int
    state: PaymentState


class ObstetricSchedule(Record, kw_only=True):
    """The suggested payments up to `pay_by_on`. Their amounts add up to the estimate."""

    pay_by_on: date
    payments: tuple[ScheduledPayment, ...]
    estimate_cents: int
    paid_cents: int
    """Deposits to date, including any overpayment. Negative if more was refunded than paid."""
    remaining_cents: int
    """The unpaid part of the estimate. 0 if it is paid or overpaid."""
    due_cents: int
    """The amount due by `due_on`: that payment and the unpaid part of earlier ones. 0 if all are paid."""
    due_on: date
    """The date of the next unpaid payment, or of the last payment if all dates are past."""
    courtesy_only: bool
    """Enrolled too late for installments: one notice, then regular billing after the birth."""


def schedule(
    episode: ObstetricEpisode,
    as_of: date,
    *,
    pay_by_week: int,
    installments_max: int,
    courtesy_after_week: int,
) -> ObstetricSchedule:
    """The schedule from the date of the estimate to `pay_by_week` of pregnancy.

    One payment per whole month, at least 1 and at most `installments_max`. The last one is on the pay-by date and
    includes the odd cents. Deposits pay them in order.

    ValueError if the episode has no expected delivery date or the estimate is negative.
    """
    expected_on = episode.expected_delivery_on
    if expected_on is None or episode.estimate_cents < 0:
        raise ValueError(
            f"episode {episode.episode_id}: a schedule requires a delivery date and an estimate that is not negative"
        )
    pay_by_on = expected_on - timedelta(weeks=TERM_WEEKS - pay_by_week)
    if pay_by_on <= episode.estimate_on:
        pay_by_on = expected_on  # enrolled after the pay-by week: the time left is until the birth
    months = max(1, whole_months(episode.estimate_on, pay_by_on))
    count = min(installments_max, months, max(1, episode.estimate_cents))  # a payment is at least a cent
    dates = tuple(add_months(pay_by_on, index + 1 - count) for index in range(count))
    paid_cents = deposited_cents(episode, as_of)
    payments = _apply_deposits(dates, _split(episode.estimate_cents, count), paid_cents, as_of)
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
    """The unpaid part of the estimate as of a date. 0 if it is paid or overpaid."""
    return episode.estimate_cents - min(episode.estimate_cents, max(0, deposited_cents(episode, as_of)))


def deposited_cents(episode: ObstetricEpisode, as_of: date) -> int:
    """Pre-delivery payments as of a date, less refunds."""
    return sum(deposit.amount_cents for deposit in episode.deposits if deposit.posted_on <= as_of)


def _split(estimate_cents: int, count: int) -> tuple[int, ...]:
    """Equal installments. The last one includes the odd cents."""
    each = estimate_cents // count
    return (each,) * (count - 1) + (estimate_cents - each * (count - 1),)


def _apply_deposits(
    dates: tuple[date, ...], amounts_cents: tuple[int, ...], paid_cents: int, as_of: date
) -> tuple[ScheduledPayment, ...]:
    deposit_left = max(0, paid_cents)
    payments: list[ScheduledPayment] = []
    due_assigned = False
    for due_on, amount in zip(dates, amounts_cents, strict=True):
        paid = min(amount, deposit_left)
        deposit_left -= paid
        if paid == amount:
            state = PaymentState.PAID
        elif due_assigned:
            state = PaymentState.LATER
        else:
            state = PaymentState.PARTLY_PAID if paid else PaymentState.DUE
            due_assigned = due_on >= as_of
        payments.append(ScheduledPayment(due_on=due_on, amount_cents=amount, paid_cents=paid, state=state))
    return tuple(payments)


def _next_due(payments: tuple[ScheduledPayment, ...], as_of: date) -> date:
    unpaid_dates = (each.due_on for each in payments if each.state is not PaymentState.PAID and each.due_on >= as_of)
    return next(unpaid_dates, payments[-1].due_on)
