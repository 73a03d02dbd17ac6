"""Billing scenarios of the sample hospital. Each function adds the rows of one guarantor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from statement_builder.billing.model import (
    ApplicationStatus,
    AssistanceKind,
    ContactKind,
    FinancialClass,
    InsuranceStatus,
    PlanMethod,
    PlanStatus,
)
from statement_builder.source.sample.household import Household, Mailed
from statement_builder.source.sample.name_pools import COUNSELING, FIRST_NAMES, LONG_STAY, SURGERY, THERAPY

Scenario = Callable[[Household], None]


def new_statement(household: Household, **changes: Any) -> None:
    """One to four visits that have not been billed yet."""
    household.add_guarantor(**changes)
    patient = household.add_patient()
    for _ in range(household.rng.choice((1, 1, 1, 2, 2, 3, 4))):
        account, owed = household.add_visit(patient, days_ago=household.rng.randint(16, 60))
        if household.rng.random() < 0.15:
            household.add_payment(account, owed // 4, days_ago=household.rng.randint(3, 12))


def family(household: Household) -> None:
    """A parent who is guarantor for their own visit and for their children's."""
    household.add_guarantor()
    household.add_visit(household.add_patient(age=38), days_ago=household.rng.randint(20, 50))
    for _ in range(household.rng.choice((1, 2))):
        child = household.add_patient(age=household.rng.randint(1, 16), first_name=household.rng.choice(FIRST_NAMES))
        household.add_visit(child, days_ago=household.rng.randint(18, 45))


def reminder(household: Household) -> None:
    """The first statement went out a month ago; the second is due."""
    household.add_guarantor()
    first = household.rng.randint(30, 42)
    household.add_visit(household.add_patient(), days_ago=first + 35, mailed=Mailed(first, first, 0, 1))


def _add_ladder(household: Household, first: int, last: int, level: int, count: int) -> None:
    """One visit first billed `first` days ago and last mailed, at `level`, `last` days ago."""
    household.add_guarantor()
    household.add_visit(household.add_patient(), days_ago=first + 35, mailed=Mailed(first, last, level, count))


def letter_2_due(household: Household) -> None:
    _add_ladder(household, household.rng.randint(61, 80), household.rng.randint(26, 30), 1, 2)


def letter_3_due(household: Household) -> None:
    _add_ladder(household, household.rng.randint(92, 110), household.rng.randint(26, 31), 2, 2)


def letter_4_due(household: Household) -> None:
    _add_ladder(household, household.rng.randint(123, 150), household.rng.randint(27, 33), 3, 2)


def ladder_completed(household: Household) -> None:
    """The final notice went out more than a month ago; a person decides the next step. Every second guarantor was also
    told about financial assistance by phone, and can be placed with an agency: screened, and without other coverage."""
    _add_ladder(household, 170, 45, 4, 2)
    if household.number % 2:
        household.add_assistance(AssistanceKind.ORAL_EFFORT, days_ago=35)
        household.add_assistance(AssistanceKind.SCREENING, days_ago=12)
        household.add_assistance(AssistanceKind.COVERAGE_CHECK, days_ago=9)


def assistance_application(household: Household) -> None:
    household.add_guarantor()
    household.add_visit(household.add_patient(), days_ago=45)
    household.add_assistance(AssistanceKind.APPLICATION, days_ago=6, status=ApplicationStatus.INCOMPLETE)


def mailed_recently(household: Household) -> None:
    first = household.rng.randint(5, 20)
    household.add_guarantor()
    household.add_visit(household.add_patient(), days_ago=first + 30, mailed=Mailed(first, first, 0, 1))


def new_visit_with_old_debt(household: Household) -> None:
    """A new visit must not inherit the dunning level of an old one."""
    household.add_guarantor()
    patient = household.add_patient()
    household.add_visit(patient, days_ago=140, mailed=Mailed(100, 30, 2, 2))
    household.add_visit(patient, days_ago=25)


def plan_current(household: Household) -> None:
    household.add_guarantor()
    plan_id = household.next_id("L")
    account, owed = household.add_visit(
        household.add_patient(), days_ago=150, owed_cents=household.rng.randint(40, 160) * 1000 + 7, plan_id=plan_id,
        mailed=Mailed(120, 31, 0, 3),
    )  # fmt: skip
    count = household.rng.choice((6, 8, 12))
    household.add_plan(
        plan_id, account, owed, count=count, paid=household.rng.randint(1, 3), next_days=household.rng.randint(3, 20)
    )


def plan_lapsed(household: Household) -> None:
    household.add_guarantor()
    plan_id = household.next_id("L")
    account, owed = household.add_visit(
        household.add_patient(), days_ago=180, owed_cents=90_000, plan_id=plan_id, mailed=Mailed(150, 40, 0, 3)
    )
    household.add_plan(plan_id, account, owed, count=6, paid=1, next_days=-50)


def plan_opened(household: Household) -> None:
    """A new plan, whose agreement is due."""
    add_plan(household, count=6, paid=0, next_days=20, opened_days_ago=5)


def plan_with_finance_charge(household: Household) -> None:
    """New terms with a down payment and interest: the agreement discloses what the credit costs."""
    add_plan(
        household,
        count=12,
        paid=0,
        next_days=20,
        opened_days_ago=90,
        terms_on=household.day(4),
        down_payment_cents=5_000,
        finance_charge_cents=1_800,
        apr_basis_points=544,
    )


def plan_without_rate(household: Household) -> None:
    """A finance charge whose rate is not on file: no agreement can disclose it."""
    add_plan(household, count=6, paid=0, next_days=20, opened_days_ago=5, finance_charge_cents=900)


def plan_payment_due(household: Household) -> None:
    """A payment comes due in four days, and the card on file is charged then."""
    add_plan(household, count=6, paid=2, next_days=4, method=PlanMethod.AUTOMATIC, signed_on=household.day(70))


def plan_payment_missed(household: Household) -> None:
    """A payment is missed, and the plan still in force."""
    add_plan(household, count=6, paid=2, next_days=-14)


def plan_defaulted(household: Household) -> None:
    """The billing system ended the plan, but no letter about the missed payment was mailed."""
    add_plan(household, count=6, paid=1, next_days=-80, status=PlanStatus.DEFAULTED)


def add_plan(household: Household, *, next_days: int, paid: int, count: int, **plan: Any) -> None:
    """A plan of $600.00 for one visit. `plan` as of `Household.add_plan`."""
    household.add_guarantor(language="en", delivery="paper")
    plan_id = household.next_id("L")
    account, owed = household.add_visit(
        household.add_patient(), days_ago=190, owed_cents=60_000, plan_id=plan_id, mailed=Mailed(160, 130, 1, 2)
    )
    household.add_plan(plan_id, account, owed, count=count, paid=paid, next_days=next_days, **plan)


def paid_off(household: Household) -> None:
    household.add_guarantor()
    account, owed = household.add_visit(household.add_patient(), days_ago=70, mailed=Mailed(40, 40, 0, 1))
    household.add_payment(account, owed, days_ago=10)


def credit(household: Household) -> None:
    """Overpaid: the guarantor is due a refund, not a bill."""
    household.add_guarantor()
    account, owed = household.add_visit(household.add_patient(), days_ago=70)
    household.add_payment(account, owed + 4500, days_ago=9)


def small_balance(household: Household) -> None:
    household.add_guarantor()
    household.add_visit(household.add_patient(), days_ago=40, owed_cents=300)


def paid_today(household: Household) -> None:
    household.add_guarantor()
    account, owed = household.add_visit(household.add_patient(), days_ago=40)
    household.add_payment(account, owed // 2, days_ago=0)


def unapplied_payment(household: Household) -> None:
    household.add_guarantor()
    household.add_visit(household.add_patient(), days_ago=40)
    household.add_payment(None, 5000, days_ago=4)


def insurance_pending(household: Household) -> None:
    household.add_guarantor()
    status = household.rng.choice((InsuranceStatus.PENDING, InsuranceStatus.PENDING, InsuranceStatus.APPEAL))
    household.add_visit(household.add_patient(), days_ago=household.rng.randint(12, 40), status=status)


def pending_and_final(household: Household) -> None:
    """One visit is adjudicated and billed. The other is pending with insurance: shown, but not due."""
    household.add_guarantor()
    patient = household.add_patient()
    household.add_visit(patient, days_ago=50)
    household.add_visit(patient, days_ago=15, status=InsuranceStatus.PENDING)


def denied(household: Household) -> None:
    household.add_guarantor()
    household.add_visit(household.add_patient(), days_ago=55, status=InsuranceStatus.DENIED)


def not_final_billed(household: Household) -> None:
    household.add_guarantor()
    household.add_visit(household.add_patient(), days_ago=4, final_billed=False)


def above_estimate(household: Household) -> None:
    """Self-pay, billed at least $400 above the good faith estimate (45 CFR 149.620)."""
    household.add_guarantor()
    household.add_visit(
        household.add_patient(),
        days_ago=30,
        service=SURGERY,
        financial_class=FinancialClass.SELF_PAY,
        estimate_cents=900_000,
    )


def sensitive_visit(household: Household) -> None:
    household.add_guarantor()
    household.add_visit(household.add_patient(), days_ago=30, service=COUNSELING, sensitive=True)


def no_encounters(household: Household) -> None:
    household.add_guarantor()


def many_lines(household: Household) -> None:
    """120 sessions on one statement."""
    household.add_guarantor(language="en", delivery="paper")
    patient = household.add_patient()
    for session in range(120):
        household.add_visit(patient, days_ago=20 + 2 * session, service=THERAPY)


def long_stay(household: Household) -> None:
    """A stay of a month, with a charge line for each day and service."""
    household.add_guarantor(language="en", delivery="paper")
    household.add_visit(household.add_patient(), days_ago=25, service=LONG_STAY)


def with_financial_class(financial_class: FinancialClass) -> Scenario:
    """A visit with a financial class that must not be billed to the patient."""

    def scenario(household: Household) -> None:
        household.add_guarantor()
        household.add_visit(household.add_patient(), days_ago=35, owed_cents=4200, financial_class=financial_class)

    return scenario


def braille(household: Household) -> None:
    """A guarantor who asked for braille."""
    asked_on = household.day(household.rng.randint(20, 60))
    new_statement(household, language="en", alternate_format="braille", alternate_format_requested_on=asked_on)


def other_language(household: Household) -> None:
    """A guarantor who reads a language without documents: English, with the notice of language assistance."""
    new_statement(household, language="vi", delivery="paper")


def with_hold(code: str, *, on_account: bool = False) -> Scenario:
    """An open balance with one recorded hold, on the account or on the whole guarantor."""

    def scenario(household: Household) -> None:
        household.add_guarantor()
        account, _ = household.add_visit(household.add_patient(), days_ago=45)
        household.add_hold(code, account=account if on_account else None)

    return scenario


def with_name(first_name: str, last_name: str, **changes: Any) -> Scenario:
    """A statement for a guarantor with this name; `changes` override columns of the guarantor row."""

    def scenario(household: Household) -> None:
        household.first_name, household.last_name = first_name, last_name
        new_statement(household, language="en", **changes)

    return scenario


def confidential_address(household: Household) -> None:
    """The guarantor asked for a confidential address: no mail may go to the address of record."""
    new_statement(
        household,
        delivery="paper",
        email_consent_at=None,
        confidential_lines="PO Box 4471",
        confidential_city="Larchmere",
        confidential_state="MA",
        confidential_postal_code="01944",
        confidential_country="US",
    )


def confidential_teenager(household: Household) -> None:
    """A parent's bill, and a teenager's confidential visit that goes to the teenager's own address."""
    household.add_guarantor(language="en", delivery="paper")
    household.add_visit(household.add_patient(age=44), days_ago=30)
    teenager = household.add_patient(age=16, first_name=household.rng.choice(FIRST_NAMES))
    household.add_visit(teenager, days_ago=24, service=COUNSELING, sensitive=True)
    household.add_contact(ContactKind.CONFIDENTIAL, patient=teenager)


def attorney_client(household: Household) -> None:
    """An attorney handles the account: the bill goes to the law firm."""
    household.add_guarantor()
    household.add_visit(household.add_patient(), days_ago=45)
    household.add_hold("ATTY")
    household.add_contact(ContactKind.ATTORNEY, name="Reyes & Cole LLP")


def foreign_address(household: Household) -> None:
    new_statement(
        household,
        address_lines="48 rue des Tilleuls",
        city="Montclair",
        state="QC",
        postal_code="H2X 1Y4",
        country="CA",
    )


def no_zip(household: Household) -> None:
    new_statement(household, postal_code=household.rng.choice((None, "00000")))


def blank_address(household: Household) -> None:
    new_statement(household, address_lines=None, city=None)
