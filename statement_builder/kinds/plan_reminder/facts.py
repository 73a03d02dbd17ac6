"""The reminder of an installment that comes due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from statement_builder.billing.model import GuarantorAccount, PlanMethod
from statement_builder.billing.plans import unpaid_cents
from statement_builder.billing.selection import Selection
from statement_builder.documents.facts import DateAhead, PlanLetterFacts, VisitLine
from statement_builder.documents.plan_terms import PlanPayment, find_plan, plan_visits, require_footing
from statement_builder.documents.printed_terms import PrintedTerms


class PlanReminderFacts(PlanLetterFacts, kw_only=True):
    """A reminder. `content.amount_cents` is the sum of `payments`."""

    payments: tuple[PlanPayment, ...]
    """What is unpaid to the due date: the installment, and earlier ones within their grace period."""
    is_automatic: bool
    left_cents: int
    """What is left to pay on the plan after these payments."""
    visits: tuple[VisitLine, ...]
    due_on: date

    def dates_ahead(self) -> Iterator[DateAhead]:
        yield "due_on", self.due_on

    def figures(self) -> object:
        return self.payments, self.left_cents


def reminder_facts(
    account: GuarantorAccount, selection: Selection, terms: PrintedTerms, issued_on: date
) -> PlanReminderFacts:
    """The reminder's data. CompositionError if the plan is not on file or its payments do not add up."""
    plan = find_plan(account, selection)
    open_ones = [each for each in plan.installments if unpaid_cents(each)]
    asked = sorted((each for each in open_ones if each.due_on <= selection.due_on), key=lambda each: each.due_on)
    require_footing(selection, sum(map(unpaid_cents, asked)))
    return PlanReminderFacts(
        plan_id=plan.plan_id,
        payments=tuple(PlanPayment(due_on=each.due_on, amount_cents=unpaid_cents(each)) for each in asked),
        is_automatic=plan.method is PlanMethod.AUTOMATIC,
        left_cents=sum(map(unpaid_cents, open_ones)) - selection.amount_cents,
        visits=plan_visits(account, selection, terms, issued_on),
        due_on=selection.due_on,
    )
