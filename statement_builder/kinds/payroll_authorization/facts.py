"""What the form for a payroll deduction says: the deductions, in cents and dates, and who has signed.

Nothing about the care: an employee may sign it at work, and payroll learns nothing of it (45 CFR 164.508).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from statement_builder.billing.model import GuarantorAccount, PayFrequency, PayrollDeduction
from statement_builder.billing.payroll import adds_up, authorization_cause, last_pay_cents
from statement_builder.billing.selection import Selection
from statement_builder.documents.assistance import assistance_until
from statement_builder.documents.errors import CompositionError
from statement_builder.documents.facts import DateAhead, PlanLetterFacts
from statement_builder.documents.printed_terms import PrintedTerms
from statement_builder.policy.states.wage_deductions import wage_deduction_rule


class PayrollAuthorizationFacts(PlanLetterFacts, kw_only=True):
    """A form to sign, or its signed copy. `total = per_pay * (pay_count - 1) + last_pay`, and all of it is financed:
    there is no charge."""

    authorization_id: str
    employee_id: str
    total_cents: int
    per_pay_cents: int
    last_pay_cents: int
    """The last deduction. Equal to `per_pay_cents`, or less."""
    pay_count: int
    frequency: PayFrequency
    first_pay_on: date
    last_pay_on: date
    signed_on: date | None
    """None: a form to sign. Otherwise the copy."""
    hospital_signed_on: date | None
    takes_final_pay: bool
    """The state allows the form to offer that the rest is taken from the final pay."""
    revocation_days: int
    """The first payday so many days after a written revocation has no deduction."""
    has_disclosure: bool
    """The Truth in Lending disclosures are required (12 CFR 1026.2(a)(17)(i), 1026.18)."""
    assistance_until_on: date | None

    finance_charge_cents: int = 0
    apr_basis_points: int = 0
    down_payment_cents: int = 0

    @property
    def equal_count(self) -> int:
        """How many deductions are of `per_pay_cents`."""
        return self.pay_count if self.last_pay_cents == self.per_pay_cents else self.pay_count - 1

    @property
    def equal_cents(self) -> int:
        """These deductions together."""
        return self.equal_count * self.per_pay_cents

    @property
    def financed_cents(self) -> int:
        """The amount financed (12 CFR 1026.18(b))."""
        return self.total_cents - self.finance_charge_cents

    @property
    def sale_price_cents(self) -> int:
        """The total sale price (12 CFR 1026.18(j))."""
        return self.down_payment_cents + self.total_cents

    def printed_ids(self) -> tuple[str, ...]:
        return (*super().printed_ids(), self.authorization_id, self.employee_id)

    def dates_ahead(self) -> Iterator[DateAhead]:
        if self.signed_on is None:
            yield "first_pay_on", self.first_pay_on
            yield "last_pay_on", self.last_pay_on
        yield "assistance_until_on", self.assistance_until_on

    def figures(self) -> object:
        return self.total_cents, self.per_pay_cents, self.last_pay_cents, self.pay_count, self.frequency


def authorization_facts(
    account: GuarantorAccount, selection: Selection, terms: PrintedTerms, issued_on: date
) -> PayrollAuthorizationFacts:
    """The form's data. CompositionError if the authorization is not on file or does not add up."""
    deduction = _find(account, selection)
    if not adds_up(deduction) or selection.amount_cents:
        raise CompositionError(
            "FOOTING",
            f"The deductions of guarantor {selection.guarantor_id}'s authorization do not add up to their total.",
            "Correct the authorization in the billing system.",
        )
    return PayrollAuthorizationFacts(
        authorization_id=deduction.authorization_id,
        plan_id=deduction.plan_id,
        employee_id=deduction.employee_id,
        total_cents=deduction.total_cents,
        per_pay_cents=deduction.per_pay_cents,
        last_pay_cents=last_pay_cents(deduction),
        pay_count=deduction.pay_count,
        frequency=deduction.frequency,
        first_pay_on=deduction.first_pay_on,
        last_pay_on=deduction.last_pay_on,
        signed_on=deduction.signed_on if deduction.is_signed else None,
        hospital_signed_on=deduction.hospital_signed_on if deduction.is_signed else None,
        takes_final_pay=wage_deduction_rule(deduction.work_state).takes_final_pay,
        revocation_days=terms.payroll_revocation_days,
        has_disclosure=deduction.pay_count > terms.disclosure_installments_max,
        assistance_until_on=assistance_until(account, selection, terms, issued_on),
    )


def _find(account: GuarantorAccount, selection: Selection) -> PayrollDeduction:
    for each in account.deductions:
        if authorization_cause(each) == selection.cause_id:
            return each
    raise CompositionError(
        "PLAN",
        f"The payroll deduction of guarantor {selection.guarantor_id}'s letter is not on file.",
        "Correct the authorization in the billing system.",
    )
