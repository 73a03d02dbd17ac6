"""Letters about payment plans for tests, selected by the rules."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from msgspec.structs import replace

from statement_builder.billing.dates import add_months
from statement_builder.billing.facility import Facility
from statement_builder.billing.model import (
    CausedLetter,
    Correspondence,
    Encounter,
    GuarantorAccount,
    Installment,
    Plan,
    PlanStatus,
)
from statement_builder.billing.plans import installment_cause
from statement_builder.billing.selection import Kind
from statement_builder.documents import Content
from statement_builder.kinds import decide
from statement_builder.policy import Policy
from tests.builders import AS_OF, make_account, make_encounter, make_guarantor
from tests.contents import TERMS, compose_document

OWED_CENTS = 60_000
BILLED_ONCE = Correspondence(
    first_statement_on=date(2026, 9, 1), statements_sent=2, last_level=1, last_mailed_on=date(2026, 10, 1)
)


def make_plan(
    *paid_cents: int, next_on: date, payments: int = 6, cents: int = OWED_CENTS, plan_id: str = "PL70001", **terms: Any
) -> Plan:
    """Monthly payments of equal size, the first ones with `paid_cents` paid; the next one is due on `next_on`."""
    amount, paid = cents // payments, (*paid_cents, *(0,) * payments)
    first_on = add_months(next_on, -len(paid_cents))
    facts: dict[str, Any] = {
        "plan_id": plan_id,
        "status": PlanStatus.ACTIVE,
        "opened_on": first_on - timedelta(days=20),
        "installments": tuple(
            Installment(
                sequence=index + 1,
                due_on=add_months(first_on, index),
                amount_cents=amount if index < payments - 1 else cents - amount * (payments - 1),
                paid_cents=paid[index],
            )
            for index in range(payments)
        ),
    }
    return Plan(**(facts | terms))


def on_plan(plan: Plan, *visits: Encounter, **account: Any) -> GuarantorAccount:
    """An account whose visits, by default one of $600.00, are on the plan."""
    paid_cents = sum(each.paid_cents for each in plan.installments)
    default = make_encounter(
        "A70001", owed_cents=OWED_CENTS - paid_cents, description="Hospital stay", correspondence=BILLED_ONCE
    )
    chosen = tuple(replace(each, plan_id=plan.plan_id) for each in visits or (default,))
    return make_account(*chosen, plans=(plan,), **account)


def missed_letter(plan: Plan, sequence: int, mailed_on: date | None) -> CausedLetter:
    """The letter about a missed installment, as the ledger has it."""
    cause = installment_cause(plan.plan_id, plan.installments[sequence - 1])
    return CausedLetter(kind=Kind.PLAN_MISSED.value, cause_id=cause, mailed_on=mailed_on)


def _compose(
    account: GuarantorAccount,
    kind: Kind,
    policy: Policy | None = None,
    facility: Facility | None = None,
    **guarantor: Any,
) -> Content:
    """Decided for an ordinary guarantor, and composed for this one."""
    policy = policy or Policy()
    decision = decide(account, kind, policy, AS_OF)
    assert decision.selection is not None, decision.holds
    terms = replace(
        TERMS, statements_before_letters=policy.statements_before_letters, plan_letter_mode=policy.plan_letter_mode
    )
    return compose_document(
        replace(account, guarantor=make_guarantor(**guarantor)), decision.selection, facility=facility, terms=terms
    )


def make_agreement(
    plan: Plan | None = None, *visits: Encounter, policy: Policy | None = None, **guarantor: Any
) -> Content:
    """Six payments of $100.00 from December 5, 2026: credit by the number of payments."""
    plan = plan or make_plan(next_on=date(2026, 12, 5))
    return _compose(on_plan(plan, *visits), Kind.PLAN_AGREEMENT, policy, **guarantor)


def make_reminder(plan: Plan | None = None, **guarantor: Any) -> Content:
    """The third of six payments is due on November 25, 2026."""
    plan = plan or make_plan(10_000, 10_000, next_on=date(2026, 11, 25))
    return _compose(on_plan(plan), Kind.PLAN_REMINDER, **guarantor)


def make_missed(plan: Plan | None = None, **guarantor: Any) -> Content:
    """The third of six payments was due on November 5, 2026."""
    plan = plan or make_plan(10_000, 10_000, 2_500, next_on=date(2026, 12, 5))
    return _compose(on_plan(plan), Kind.PLAN_MISSED, **guarantor)


def make_default(correspondence: Correspondence | None = BILLED_ONCE, **guarantor: Any) -> Content:
    """The payment of October 5 was missed, and the letter of October 20 gave until November 4."""
    plan = make_plan(10_000, 10_000, next_on=date(2026, 10, 5))
    visit = make_encounter("A70001", owed_cents=40_000, description="Hospital stay", correspondence=correspondence)
    account = on_plan(plan, visit, letters=(missed_letter(plan, 3, date(2026, 10, 20)),))
    return _compose(account, Kind.PLAN_DEFAULT, **guarantor)
