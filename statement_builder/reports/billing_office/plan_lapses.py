"""Payment plans that are behind, and those that ended: which, since when, and what is still unpaid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from statement_builder.billing.model import FaultyAccount, Plan, PlanStatus
from statement_builder.billing.plans import PlanPosition, cure_until, plan_position, unpaid_cents
from statement_builder.policy.settings import Policy
from statement_builder.reports.billing_office.report import Column, ColumnType, Report, Row
from statement_builder.reports.billing_office.visits import Entry, note_unreadable


def report_plan_lapses(entries: Iterable[Entry], policy: Policy, as_of: date) -> Report:
    """Every plan with a missed installment, or that ended with something unpaid. Rows are a stream."""
    notes: list[str] = []
    return Report(
        name="plan-lapses",
        title="Payment plans behind or ended",
        meaning=(
            "Payment plans with a missed payment, and plans that ended unpaid. Call before the day on which a plan "
            "ends: from then on its visits are billed in full and letters follow. `ended` is our rule; cancel or "
            "restore the plan in the billing system."
        ),
        as_of=as_of,
        columns=(
            Column(name="guarantor", title="guarantor", type=ColumnType.GUARANTOR),
            Column(name="plan", title="plan"),
            Column(name="state", title="state"),
            Column(name="missed", title="missed", type=ColumnType.COUNT, adds_up=True),
            Column(name="missed_cents", title="missed amount", type=ColumnType.CENTS, adds_up=True),
            Column(name="remaining_cents", title="remaining", type=ColumnType.CENTS, adds_up=True),
            Column(name="missed_since", title="missed since", type=ColumnType.DATE),
            Column(name="ends_on", title="ends on", type=ColumnType.DATE),
        ),
        rows=_list_rows(entries, policy, as_of, notes),
        notes=notes,
    )


def _list_rows(entries: Iterable[Entry], policy: Policy, as_of: date, notes: list[str]) -> Iterator[Row]:
    unreadable = 0
    for entry in entries:
        if isinstance(entry, FaultyAccount):
            unreadable += entry.has_rows_in("plans", "installments")
            continue
        for plan in entry.plans:
            until = cure_until(entry.letters, plan, policy.plan_cure_days, letter_required=policy.plan_letter_required)
            position = plan_position(
                plan,
                as_of,
                grace_days=policy.plan_grace_days,
                lapse_days=policy.plan_lapse_days,
                cure_until=until,
            )
            if position.remaining_cents and (state := _state_of(plan, position)):
                yield (
                    entry.guarantor.guarantor_id,
                    plan.plan_id,
                    state,
                    position.missed_count,
                    position.missed_cents,
                    position.remaining_cents,
                    *_dates(plan, position, policy, until),
                )
    notes += note_unreadable(unreadable)


def _state_of(plan: Plan, position: PlanPosition) -> str:
    """Empty if the plan is on time, was paid, or was cancelled."""
    if plan.status is PlanStatus.DEFAULTED:
        return "defaulted in the billing system"
    if plan.status is not PlanStatus.ACTIVE:
        return ""
    if not position.in_force:
        return "ended"
    return "behind" if position.missed_count else ""


def _dates(plan: Plan, position: PlanPosition, policy: Policy, until: date | None) -> tuple[date | None, date | None]:
    """The due date of the first unpaid installment, and the first day on which the plan is not in force. No end while a
    letter must be mailed first or is on its way."""
    if not position.missed_count:
        return None, None
    first_on = min(each.due_on for each in plan.installments if unpaid_cents(each))
    if plan.status is not PlanStatus.ACTIVE or until == date.max:
        return first_on, None
    last_on = first_on + timedelta(days=policy.plan_lapse_days)
    return first_on, max(last_on, until or last_on) + timedelta(days=1)
