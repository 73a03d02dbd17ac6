"""The cases of the sample hospital's ordinary billing: one function each, named by what is going on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from statement_builder.billing.model import FinancialClass, InsuranceStatus
from statement_builder.source.sample.household import Household, Mailed
from statement_builder.source.sample.name_pools import COUNSELING, FIRST_NAMES, SURGERY, THERAPY

Case = Callable[[Household], None]


def new_statement(home: Household, **changes: Any) -> None:
    """One to four visits that nothing was mailed about yet."""
    home.add_guarantor(**changes)
    patient = home.add_patient()
    for _ in range(home.rng.choice((1, 1, 1, 2, 2, 3, 4))):
        account, owed = home.add_visit(patient, days_ago=home.rng.randint(16, 60))
        if home.rng.random() < 0.15:
            home.add_payment(account, owed // 4, days_ago=home.rng.randint(3, 12))


def family(home: Household) -> None:
    """A parent who pays for themselves and for children."""
    home.add_guarantor()
    home.add_visit(home.add_patient(age=38), days_ago=home.rng.randint(20, 50))
    for _ in range(home.rng.choice((1, 2))):
        child = home.add_patient(age=home.rng.randint(1, 16), first_name=home.rng.choice(FIRST_NAMES))
        home.add_visit(child, days_ago=home.rng.randint(18, 45))


def reminder(home: Household) -> None:
    """A first statement went out a month ago; the second is due."""
    home.add_guarantor()
    first = home.rng.randint(30, 42)
    home.add_visit(home.add_patient(), days_ago=first + 35, mailed=Mailed(first, first, 0, 1))


def _ladder(home: Household, first: int, last: int, level: int, count: int) -> None:
    home.add_guarantor()
    home.add_visit(home.add_patient(), days_ago=first + 35, mailed=Mailed(first, last, level, count))


def letter_2_due(home: Household) -> None:
    _ladder(home, home.rng.randint(61, 80), home.rng.randint(26, 30), 1, 2)


def letter_3_due(home: Household) -> None:
    _ladder(home, home.rng.randint(92, 110), home.rng.randint(26, 31), 2, 2)


def letter_4_due(home: Household) -> None:
    _ladder(home, home.rng.randint(123, 150), home.rng.randint(27, 33), 3, 2)


def ladder_done(home: Household) -> None:
    """The final notice went out over a month ago: a person decides what comes next."""
    _ladder(home, 170, 38, 4, 2)


def mailed_recently(home: Household) -> None:
    first = home.rng.randint(5, 20)
    home.add_guarantor()
    home.add_visit(home.add_patient(), days_ago=first + 30, mailed=Mailed(first, first, 0, 1))


def new_visit_beside_old_debt(home: Household) -> None:
    """A new visit must not inherit the level of an old one."""
    home.add_guarantor()
    patient = home.add_patient()
    home.add_visit(patient, days_ago=140, mailed=Mailed(100, 30, 2, 2))
    home.add_visit(patient, days_ago=25)


def plan_current(home: Household) -> None:
    home.add_guarantor()
    plan_id = home.next_id("L")
    account, owed = home.add_visit(
        home.add_patient(), days_ago=150, owed_cents=home.rng.randint(40, 160) * 1000 + 7, plan_id=plan_id,
        mailed=Mailed(120, 31, 0, 3),
    )  # fmt: skip
    count = home.rng.choice((6, 8, 12))
    home.add_plan(plan_id, account, owed, count=count, paid=home.rng.randint(1, 3), next_days=home.rng.randint(3, 20))


def plan_lapsed(home: Household) -> None:
    home.add_guarantor()
    plan_id = home.next_id("L")
    account, owed = home.add_visit(
        home.add_patient(), days_ago=180, owed_cents=90_000, plan_id=plan_id, mailed=Mailed(150, 40, 0, 3)
    )
    home.add_plan(plan_id, account, owed, count=6, paid=1, next_days=-50)


def paid_off(home: Household) -> None:
    home.add_guarantor()
    account, owed = home.add_visit(home.add_patient(), days_ago=70, mailed=Mailed(40, 40, 0, 1))
    home.add_payment(account, owed, days_ago=10)


def credit(home: Household) -> None:
    """Paid more than was owed: a refund, not a bill."""
    home.add_guarantor()
    account, owed = home.add_visit(home.add_patient(), days_ago=70)
    home.add_payment(account, owed + 4500, days_ago=9)


def small_balance(home: Household) -> None:
    home.add_guarantor()
    home.add_visit(home.add_patient(), days_ago=40, owed_cents=300)


def paid_today(home: Household) -> None:
    home.add_guarantor()
    account, owed = home.add_visit(home.add_patient(), days_ago=40)
    home.add_payment(account, owed // 2, days_ago=0)


def unapplied_payment(home: Household) -> None:
    home.add_guarantor()
    home.add_visit(home.add_patient(), days_ago=40)
    home.add_payment(None, 5000, days_ago=4)


def insurance_pending(home: Household) -> None:
    home.add_guarantor()
    status = home.rng.choice((InsuranceStatus.PENDING, InsuranceStatus.PENDING, InsuranceStatus.APPEAL))
    home.add_visit(home.add_patient(), days_ago=home.rng.randint(12, 40), status=status)


def pending_beside_final(home: Household) -> None:
    """One visit is settled and billed, the other still with the insurer: shown, but not asked for."""
    home.add_guarantor()
    patient = home.add_patient()
    home.add_visit(patient, days_ago=50)
    home.add_visit(patient, days_ago=15, status=InsuranceStatus.PENDING)


def denied(home: Household) -> None:
    home.add_guarantor()
    home.add_visit(home.add_patient(), days_ago=55, status=InsuranceStatus.DENIED)


def not_final(home: Household) -> None:
    home.add_guarantor()
    home.add_visit(home.add_patient(), days_ago=4, final_billed=False)


def above_estimate(home: Household) -> None:
    """Self-pay, billed more than $400 above the good faith estimate."""
    home.add_guarantor()
    home.add_visit(
        home.add_patient(),
        days_ago=30,
        service=SURGERY,
        financial_class=FinancialClass.SELF_PAY,
        estimate_cents=900_000,
    )


def sensitive_visit(home: Household) -> None:
    home.add_guarantor()
    home.add_visit(home.add_patient(), days_ago=30, service=COUNSELING, sensitive=True)


def no_encounters(home: Household) -> None:
    home.add_guarantor()


def many_lines(home: Household) -> None:
    """A hundred and twenty sessions on one statement."""
    home.add_guarantor(language="en", delivery="paper")
    patient = home.add_patient()
    for session in range(120):
        home.add_visit(patient, days_ago=20 + 2 * session, service=THERAPY)


def of_class(financial_class: FinancialClass) -> Case:
    """A visit whose payer is one that the patient may not be billed beside."""

    def case(home: Household) -> None:
        home.add_guarantor()
        home.add_visit(home.add_patient(), days_ago=35, owed_cents=4200, financial_class=financial_class)

    return case


def held(code: str, *, on_account: bool = False) -> Case:
    """An ordinary open balance with one hold on file, on the account or on the whole guarantor."""

    def case(home: Household) -> None:
        home.add_guarantor()
        account, _ = home.add_visit(home.add_patient(), days_ago=45)
        home.add_hold(code, account=account if on_account else None)

    return case


def named(first_name: str, last_name: str, **changes: Any) -> Case:
    """An ordinary statement for somebody whose name or address is the test."""

    def case(home: Household) -> None:
        home.first_name, home.last_name = first_name, last_name
        new_statement(home, language="en", **changes)

    return case


def confidential_address(home: Household) -> None:
    """Asked to be written to elsewhere: no mail may go to the address of record."""
    new_statement(
        home,
        delivery="paper",
        email_consent_at=None,
        confidential_lines="PO Box 4471",
        confidential_city="Larchmere",
        confidential_state="MA",
        confidential_postal_code="01944",
        confidential_country="US",
    )


def foreign_address(home: Household) -> None:
    new_statement(
        home, address_lines="48 rue des Tilleuls", city="Montclair", state="QC", postal_code="H2X 1Y4", country="CA"
    )


def no_zip(home: Household) -> None:
    new_statement(home, postal_code=home.rng.choice((None, "00000")))


def blank_address(home: Household) -> None:
    new_statement(home, address_lines=None, city=None)
