"""The agreement on a payment plan: all of its terms, and the Truth in Lending disclosures where they are required."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from statement_builder.billing.model import GuarantorAccount, Plan, PlanMethod
from statement_builder.billing.plans import unpaid_cents
from statement_builder.billing.selection import PlanLetterMode, Selection
from statement_builder.documents.assistance import assistance_until
from statement_builder.documents.facts import DateAhead, PlanLetterFacts, VisitLine
from statement_builder.documents.plan_terms import (
    PaymentRun,
    find_plan,
    payment_runs,
    plan_visits,
    require_footing,
)
from statement_builder.documents.printed_terms import PrintedTerms


class PlanAgreementFacts(PlanLetterFacts, kw_only=True):
    """An agreement. `content.amount_cents` is the next payment, `due_on` its date.

    `total = financed + finance_charge`, and `sale_price = down_payment + total`.
    """

    visits: tuple[VisitLine, ...]
    runs: tuple[PaymentRun, ...]
    """All payments. They add up to `total_cents`. Those of a plan that has begun may have passed."""
    first_on: date
    last_on: date
    payment_count: int
    down_payment_cents: int
    financed_cents: int
    finance_charge_cents: int
    apr_basis_points: int
    total_cents: int
    paid_cents: int
    """What is paid of the installments so far."""
    is_automatic: bool
    is_changed: bool
    """The terms changed since the plan was opened."""
    is_agreement: bool
    """A written agreement to sign. Otherwise an informal letter."""
    has_disclosure: bool
    """The Truth in Lending disclosures are required (12 CFR 1026.2(a)(17)(i), 1026.18)."""
    signed_on: date | None
    """None: there is a place to sign, on an agreement."""
    assistance_until_on: date | None
    lapse_days: int
    """The plan may end when a payment is later than this."""
    due_on: date

    @property
    def sale_price_cents(self) -> int:
        """The total sale price (12 CFR 1026.18(j))."""
        return self.down_payment_cents + self.total_cents

    def dates_ahead(self) -> Iterator[DateAhead]:
        yield "due_on", self.due_on
        yield "last_on", self.last_on
        yield "assistance_until_on", self.assistance_until_on

    def figures(self) -> object:
        return self.runs, self.down_payment_cents, self.financed_cents, self.apr_basis_points, self.paid_cents


def agreement_facts(
    account: GuarantorAccount, selection: Selection, terms: PrintedTerms, issued_on: date
) -> PlanAgreementFacts:
    """The agreement's data. CompositionError if the plan is not on file or its payments do not add up."""
    plan = find_plan(account, selection)
    asked = [each for each in plan.installments if each.due_on <= selection.due_on]
    require_footing(selection, sum(map(unpaid_cents, asked)))
    total_cents = sum(each.amount_cents for each in plan.installments)
    dates = [each.due_on for each in plan.installments]
    return PlanAgreementFacts(
        plan_id=plan.plan_id,
        visits=plan_visits(account, selection, terms, issued_on),
        runs=payment_runs(plan.installments),
        first_on=min(dates),
        last_on=max(dates),
        payment_count=len(plan.installments),
        down_payment_cents=plan.down_payment_cents,
        financed_cents=total_cents - plan.finance_charge_cents,
        finance_charge_cents=plan.finance_charge_cents,
        apr_basis_points=plan.apr_basis_points or 0,
        total_cents=total_cents,
        paid_cents=total_cents - sum(map(unpaid_cents, plan.installments)),
        is_automatic=plan.method is PlanMethod.AUTOMATIC,
        is_changed=plan.terms_on is not None and plan.terms_on > plan.opened_on,
        is_agreement=terms.plan_letter_mode is PlanLetterMode.DISCLOSURE,
        has_disclosure=_requires_disclosure(plan, terms),
        signed_on=plan.signed_on,
        assistance_until_on=assistance_until(account, selection, terms, issued_on),
        lapse_days=terms.plan_lapse_days,
        due_on=selection.due_on,
    )


def _requires_disclosure(plan: Plan, terms: PrintedTerms) -> bool:
    """A written agreement for more than four installments, or with a finance charge, is credit (12 CFR
    1026.2(a)(17)(i))."""
    many = len(plan.installments) > terms.disclosure_installments_max
    return terms.plan_letter_mode is PlanLetterMode.DISCLOSURE and (many or plan.finance_charge_cents > 0)
