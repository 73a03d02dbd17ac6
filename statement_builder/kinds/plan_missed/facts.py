"""The letter about a missed installment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from statement_builder.billing.model import GuarantorAccount, PlanMethod
from statement_builder.billing.plans import unpaid_cents
from statement_builder.billing.selection import Selection
from statement_builder.documents.assistance import assistance_until
from statement_builder.documents.facts import DateAhead, PlanLetterFacts, VisitLine
from statement_builder.documents.plan_terms import (
    PlanPayment,
    find_plan,
    plan_visits,
    require_footing,
)
from statement_builder.documents.printed_terms import PrintedTerms
from statement_builder.policy.plan_letters import missed_installments


class PlanMissedFacts(PlanLetterFacts, kw_only=True):
    """A letter about missed installments. `content.amount_cents` is the sum of `payments`, to pay by `due_on`."""

    payments: tuple[PlanPayment, ...]
    """What is unpaid of each missed installment, oldest first. Their dates have passed."""
    next_payment: PlanPayment | None
    """The next one, which is not part of the amount. None: there is no other."""
    is_automatic: bool
    """A card or bank account was to be charged. The letter does not say why it was not."""
    remaining_cents: int
    """What is left to pay on the plan, the missed payments included."""
    visits: tuple[VisitLine, ...]
    assistance_until_on: date | None
    due_on: date
    """The last day to pay what was missed."""

    def dates_ahead(self) -> Iterator[DateAhead]:
        yield "due_on", self.due_on
        yield "next_payment.due_on", self.next_payment.due_on if self.next_payment else None
        yield "assistance_until_on", self.assistance_until_on

    def figures(self) -> object:
        return self.payments, self.remaining_cents


def missed_facts(
    account: GuarantorAccount, selection: Selection, terms: PrintedTerms, issued_on: date
) -> PlanMissedFacts:
    """The letter's data. CompositionError if the plan is not on file or its payments do not add up."""
    plan = find_plan(account, selection)
    missed = missed_installments(plan, issued_on, terms.plan_grace_days)
    require_footing(selection, sum(map(unpaid_cents, missed)))
    open_ones = [each for each in plan.installments if unpaid_cents(each)]
    later = min((each for each in open_ones if each.due_on >= issued_on), key=lambda each: each.due_on, default=None)
    visits = plan_visits(account, selection, terms, issued_on)
    return PlanMissedFacts(
        plan_id=plan.plan_id,
        payments=tuple(PlanPayment(due_on=each.due_on, amount_cents=unpaid_cents(each)) for each in missed),
        next_payment=PlanPayment(due_on=later.due_on, amount_cents=unpaid_cents(later)) if later else None,
        is_automatic=plan.method is PlanMethod.AUTOMATIC,
        remaining_cents=sum(map(unpaid_cents, open_ones)),
        visits=visits,
        assistance_until_on=assistance_until(account, selection, terms, issued_on),
        due_on=selection.due_on,
    )
