"""The numbers and words of the law and the trade that the judge goes by, each with where it comes from.

Nothing here may be taken from the service's own policy: the point is that two people read the law.
"""

from __future__ import annotations

from datetime import date, timedelta

from tests.simulation.households import Household, Plan, Visit, World
from tests.simulation.letters import Letter, MailLog

STATEMENT_GAP_DAYS = 25
"""Days between two mailings about a visit: the trade's minimum."""
LETTER_DAYS = {2: 60, 3: 90, 4: 120}
"""Level → days from the first statement. A final notice names collection actions: 26 CFR 1.501(r)-6(c)(3)."""
FINAL = 4
"""The level of the final notice."""
FINAL_NOTICE_DAYS = 30
"""26 CFR 1.501(r)-6(c)(4)(i)."""
STATEMENTS_MIN = STATEMENTS_MAX = 2
BALANCE_MIN_CENTS, LETTER_MIN_CENTS = 500, 1_000
PLAN_GRACE_DAYS, PLAN_LAPSE_DAYS = 10, 30
OB_OVERDUE_DAYS = 14
MAILING_BUSINESS_DAYS = 2
"""What print vendors agree to: from the file to the post office."""
ESTATE_WAIT_DAYS = 30
"""Days after a death before anybody asks who handles the estate."""
CLAIM_BAR_DAYS = 365
"""Uniform Probate Code 3-803: claims are barred one year after the death."""
HARD_BOUNCES_MAX = 2
"""After so many hard bounces, nothing more is e-mailed to a person."""
ADULT_YEARS = 18

BILLS = frozenset({"statement", "dunning"})
PLAN_LETTERS = frozenset({"plan-agreement", "plan-reminder", "plan-missed", "plan-default"})
DUNNING = frozenset({"dunning", "plan-missed", "plan-default"})
ASKING = BILLS | PLAN_LETTERS | {"invoice", "ob-notice", "payroll-authorization"}
ESTATE = frozenset({"estate-inquiry", "estate-claim"})
PAPER_ONLY = ESTATE | {"payroll-authorization"}
"""Legal letters that are never e-mailed."""
STAY = frozenset({"BANKR_STAY", "BANKR_DISCH"})
VISIT_HOLDS = frozenset({"DISPUTE", "COMPLAINT", "PPDR", "CONTEST", "TPL", "ATTY"})
NEVER_BILLED = frozenset({"medicaid", "qmb", "workers_comp"})
COVERAGE = frozenset({"medicaid", "qmb"})

ASSISTANCE_PHONE, ASSISTANCE_URL = "603-555-0177", "maplevalley.example/financial-assistance"
BILLING_PHONES = ("603-555-0142", "603-555-0143")
AGENCY_NAMES = ("Granite Recovery", "Summit Accounts")
"""What the sample hospital's pages must and must not say."""


def visits_of(letter: Letter, world: World) -> list[Visit]:
    """The visits that a letter is about."""
    return [world.by_account[account][1] for account in letter.accounts]


def is_minor(household: Household, day: date) -> bool:
    """Whether the guarantor is a child, who owes nothing: a parent or guardian who signed does."""
    return day < household.born_on.replace(year=household.born_on.year + ADULT_YEARS)


def is_in_force(plan: Plan, day: date) -> bool:
    """Whether a payment plan protects its visits: until a payment is more than 30 days late, or it was ended."""
    if plan.status != "active":
        return False
    return not any(each.left and each.due_on + timedelta(days=PLAN_LAPSE_DAYS) < day for each in plan.installments)


def is_protected(household: Household, plan: Plan, log: MailLog, day: date) -> bool:
    """Whether the plan is in force, or a letter about a missed payment still gives time to pay it."""
    if is_in_force(plan, day):
        return True
    missed = log.of(household, "plan-missed")
    return plan.status == "active" and any(each.due_on and each.due_on >= day for each in missed)


def accounts_on_plan(letter: Letter, world: World, log: MailLog, day: date) -> frozenset[str]:
    """The visits of a letter that a payment plan in force covers."""
    return frozenset(
        each.account
        for each in visits_of(letter, world)
        if each.plan is not None and is_protected(letter.household, each.plan, log, day)
    )


def is_covered(household: Household, visit: Visit) -> bool:
    """Whether Medicaid or QMB is known to cover the patient on the day of the visit.

    42 CFR 447.15 protects the person for each day of coverage: another visit of that day proves it.
    """
    if visit.financial_class in COVERAGE:
        return True
    return any(each.financial_class in COVERAGE and each.service_on == visit.service_on for each in household.visits)


def may_be_covered(household: Household, visit: Visit) -> bool:
    """Whether only a check of eligibility can tell if Medicaid or QMB covers the visit.

    A state may let coverage begin with the first day of the month (42 CFR 435.915(b)), so another visit of that month
    proves nothing about this one: to hold it is not wrong, and to bill it is not either.
    """
    month = visit.service_on.replace(day=1)
    return any(
        each.financial_class in COVERAGE and each.service_on.replace(day=1) == month for each in household.visits
    )
