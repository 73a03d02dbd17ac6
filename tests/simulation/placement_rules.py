"""What may go to a collection agency, what must come back, and whether its books are the hospital's.

Written from the trade's rules for placement, as `rules` is for letters. A placement with an agency that reports to
credit bureaus or sues comes only after everything that 26 CFR 1.501(r)-6(c) asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from tests.simulation.agencies import Placement
from tests.simulation.households import Household, Visit, World, street_of
from tests.simulation.letters import MailLog
from tests.simulation.limits import (
    BILLS,
    FINAL,
    FINAL_NOTICE_DAYS,
    LETTER_DAYS,
    NEVER_BILLED,
    STATEMENTS_MIN,
    STAY,
    VISIT_HOLDS,
    is_covered,
    is_in_force,
    is_minor,
)
from tests.simulation.payroll import Line


@dataclass(frozen=True)
class Case:
    """A visit that an agency got, or might get, and everything that is true of it on that day."""

    placed: Placement | None
    household: Household
    visit: Visit
    log: MailLog
    day: date


PlacementRule = Callable[[Case], Iterator[str]]

FLOOR_CENTS = 5_000
"""What the agencies of the sample hospital take in."""
PAYMENT_DAYS = COVERAGE_DAYS = ORAL_DAYS = 30
RECALL_DAYS_MAX = 6
"""Days in which an agency must be told to stop: the latest run, and outages."""


def after_every_letter(case: Case) -> Iterator[str]:
    """Statements, each level, the final notice, and its 30 days; none of them returned, none under way."""
    log, day = case.log, case.day
    bills = log.about(case.visit.account, *BILLS)
    arrived = [each for each in bills if each.arrived_on]
    levels = {each.level: each for each in arrived if each.kind == "dunning" and case.visit.account not in each.on_plan}
    if sum(each.kind == "statement" for each in arrived) < STATEMENTS_MIN:
        yield "fewer statements than the minimum arrived"
    if missing := sorted(LETTER_DAYS.keys() - levels.keys()):
        yield f"letters of level {missing} did not arrive"
    if any(each.is_under_way for each in bills):
        yield "a bill is under way"
    notice = levels.get(FINAL)
    mailed_on = notice.last_mailed_on(case.visit.account) if notice else None
    if notice is None or mailed_on is None:
        return
    if not notice.is_proven:
        yield "the final notice was e-mailed, nobody opened it, and it is not on paper"
    if (day - mailed_on).days < FINAL_NOTICE_DAYS:
        yield f"the final notice, or its correction, was mailed on {mailed_on}"
    for version in (notice, *notice.corrections):
        if version.due_on and version.due_on >= day:
            yield f"the final notice gives time until {version.due_on}"
    first = min(each.arrived_on for each in arrived if each.arrived_on)
    if (day - first).days < LETTER_DAYS[FINAL]:
        yield f"the first statement was mailed on {first}"


def nothing_forbids_it(case: Case) -> Iterator[str]:
    household, visit, day = case.household, case.visit, case.day
    yield from reasons_to_stop(household, visit, day)
    if is_minor(household, day):
        yield "the guarantor is a minor"
    if is_covered(household, visit):
        yield "the patient was covered on the day of the visit"
    if visit.balance(day) < FLOOR_CENTS:
        yield "less is owed than the agencies take in"
    if codes := household.held_by(VISIT_HOLDS, day, visit):
        yield f"the visit has {', '.join(sorted(codes))}"
    if not visit.is_decided or day < visit.final_on:
        yield "its balance is not final"
    if visit.financial_class in NEVER_BILLED:
        yield f"it is {visit.financial_class}"
    if visit.plan is not None and is_in_force(visit.plan, day):
        yield "its plan is in force"
    if household.unapplied:
        yield "a payment is not applied to any visit"


def reasons_to_stop(household: Household, visit: Visit, day: date) -> dict[str, date]:
    """What forbids to collect on a day, also when an agency has the visit already, and since when."""
    since: dict[str, date] = {}
    if household.died_on is not None and household.died_on <= day:
        since["the guarantor has died"] = household.died_on
    for hold in household.holds:
        if not hold.is_on(day) or (hold.visit is not None and hold.visit is not visit):
            continue
        if hold.code in STAY:
            since["the guarantor is bankrupt (11 USC 362(a)(6))"] = hold.placed_on
        if hold.code == "PPDR":
            since["the bill is in dispute resolution (45 CFR 149.620(c))"] = hold.placed_on
    for application in household.applications:
        if application.is_open and visit.service_on <= application.applied_on <= day:
            since["an application for assistance is open (26 CFR 1.501(r)-6(c))"] = application.applied_on
    return since


def everything_was_asked(case: Case) -> Iterator[str]:
    """Screened for assistance, told about it by telephone, coverage checked; no payment lately."""
    household, visit, day = case.household, case.visit, case.day
    on = {kind: [each.on for each in household.efforts if each.kind == kind] for kind in _EFFORTS}
    is_decided = any(each.decided_on and visit.service_on <= each.applied_on for each in household.applications)
    if not is_decided and not any(each >= visit.service_on for each in on["screening"]):
        yield "nobody screened for assistance"
    if not any((day - each).days >= ORAL_DAYS for each in on["oral_effort"]):
        yield "nobody called about assistance 30 days ago"
    if not any((day - each).days <= COVERAGE_DAYS for each in on["coverage_check"]):
        yield "nobody asked Medicare and Medicaid in the last 30 days"
    for posting in visit.postings:
        if posting.kind == "payment" and posting.cents < 0 and 0 <= (day - posting.on).days < PAYMENT_DAYS:
            yield f"a payment was posted on {posting.on}"


_EFFORTS = ("screening", "oral_effort", "coverage_check")


def line_says_what_is_owed(case: Case) -> Iterator[str]:
    """The balance, the debt since its itemization date (12 CFR 1006.34), and the right person."""
    placed, household, visit, day = case.placed, case.household, case.visit, case.day
    if placed is None:
        return
    facts = placed.facts
    if placed.cents != visit.balance(day):
        yield f"placed with {placed.cents} cents, and {visit.balance(day)} are owed"
    if placed.cents < FLOOR_CENTS:
        yield f"{placed.cents} cents are too little"
    since = sum(_cents(facts[name]) for name in ("interest_since", "fees_since", "charges_since"))
    since -= _cents(facts["payments_since"]) + _cents(facts["credits_since"])
    if _cents(facts["itemized"]) + since != placed.cents:
        yield "the itemized amount and what changed since do not make the balance"
    if date.fromisoformat(facts["itemized_on"]) > day:
        yield f"the itemization date {facts['itemized_on']} is in the future"
    if facts["guarantor"] != household.guarantor_id or facts["last_name"] != household.last_name:
        yield "another person's name or number"
    if facts["address_1"] != street_of(household, household.mail_address):
        yield "another address than the one on file"


def placed_once(case: Case) -> Iterator[str]:
    if any(each.is_live and each is not case.placed for each in case.log.placements[case.visit.account]):
        yield "another agency has it"


PLACEMENT_RULES: tuple[PlacementRule, ...] = (
    placed_once,
    after_every_letter,
    nothing_forbids_it,
    everything_was_asked,
    line_says_what_is_owed,
)


GATES: tuple[PlacementRule, ...] = (placed_once, after_every_letter, nothing_forbids_it, everything_was_asked)
"""What a visit must pass on the list and again when it leaves."""


def passes_every_gate(household: Household, visit: Visit, log: MailLog, day: date) -> bool:
    """Whether the visit may go to an agency on this day."""
    case = Case(None, household, visit, log, day)
    return not any(message for gate in GATES for message in gate(case))


def missing_recalls(placed: Placement, world: World, day: date) -> Iterator[str]:
    """An agency is told to stop within days of what forbids to collect, whatever else happens to the household."""
    if not placed.is_live or placed.state == "recalling":
        return
    household, visit = world.by_account[placed.account]
    for reason, since in reasons_to_stop(household, visit, day).items():
        if (day - max(since, placed.placed_on)).days >= RECALL_DAYS_MAX:
            yield f"not recalled, and since {since} {reason}"


def payroll_takes_what_was_signed(line: Line, household: Household, day: date) -> Iterator[str]:
    """29 CFR 531.35 and the wage laws: only what both signed, and nothing after it was taken back or forbidden."""
    deduction = next(each for each in household.deductions if each.employee_id == line.employee)
    if deduction.signed_on is None:
        yield "nobody has signed"
    elif line.start < deduction.signed_on:
        yield f"wages are taken from {line.start}, and both signed on {deduction.signed_on}"
    if line.cents != deduction.per_pay_cents or line.limit != deduction.total_cents:
        signed = f"{deduction.per_pay_cents} of {deduction.total_cents}"
        yield f"{line.cents} of {line.limit} cents, and {signed} were signed"
    is_over = deduction.status != "signed" or household.died_on is not None or household.held_by(STAY, day)
    if is_over and line.end > max(day, deduction.ended_on or day):
        yield f"deductions until {line.end}, and nothing may be taken any more"


def _cents(dollars: str) -> int:
    return round(float(dollars or 0) * 100)
