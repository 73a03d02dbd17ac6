"""The rules that every departing letter is judged by, from the trade's rules and the regulations themselves.

Each rule is a function of the letter, the truth about its household, and the mail before it. It yields what is wrong,
in words. None of this may be taken from the service's own policy: the point is that two people read the law.
"""

from __future__ import annotations

from calendar import month_name
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from tests.simulation.households import Household, Plan, Visit, World, street_of
from tests.simulation.letters import Letter, MailLog

Rule = Callable[[Letter, World, MailLog, date], Iterator[str]]

STATEMENT_GAP_DAYS = 25
LETTER_DAYS = {2: 60, 3: 90, 4: 120}
"""Level → days from the first statement. A final notice names collection actions: 26 CFR 1.501(r)-6(c)(3)."""
FINAL_NOTICE_DAYS = 30
"""26 CFR 1.501(r)-6(c)(4)(i)."""
STATEMENTS_MIN = STATEMENTS_MAX = 2
BALANCE_MIN_CENTS, LETTER_MIN_CENTS = 500, 1_000
PLAN_GRACE_DAYS, PLAN_LAPSE_DAYS = 10, 30
OB_OVERDUE_DAYS = 14

BILLS = frozenset({"statement", "dunning"})
PLAN_LETTERS = frozenset({"plan-agreement", "plan-reminder", "plan-missed", "plan-default"})
DUNNING = frozenset({"dunning", "plan-missed", "plan-default"})
ASKING = BILLS | PLAN_LETTERS | {"invoice", "ob-notice", "payroll-authorization"}
ESTATE = frozenset({"estate-inquiry", "estate-claim"})
STAY = frozenset({"BANKR_STAY", "BANKR_DISCH"})
VISIT_HOLDS = frozenset({"DISPUTE", "COMPLAINT", "PPDR", "CONTEST", "TPL", "ATTY"})
NEVER_BILLED = frozenset({"medicaid", "qmb", "workers_comp"})


def visits_of(letter: Letter, world: World) -> list[Visit]:
    return [world.by_account[account][1] for account in letter.accounts]


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


def nothing_to_the_dead(letter: Letter, _world: World, _log: MailLog, _day: date) -> Iterator[str]:
    """An estate is not a person: only the letters about the estate go out."""
    if letter.household.died_on is not None and letter.kind not in ESTATE:
        yield "the guarantor has died"
    if letter.household.died_on is None and letter.kind in ESTATE:
        yield "the guarantor is alive"


def no_collecting_during_bankruptcy(letter: Letter, _world: World, _log: MailLog, day: date) -> Iterator[str]:
    """11 USC 362(a)(6): a routine statement is an act to collect."""
    if letter.kind in ASKING and letter.household.held_by(STAY, day):
        yield "the guarantor is bankrupt"


def no_disputed_visit(letter: Letter, world: World, _log: MailLog, day: date) -> Iterator[str]:
    if letter.kind not in BILLS | PLAN_LETTERS:
        return
    for visit in visits_of(letter, world):
        if codes := letter.household.held_by(VISIT_HOLDS, day, visit):
            yield f"visit {visit.account} has {', '.join(sorted(codes))}"


def only_final_patient_balances(letter: Letter, world: World, _log: MailLog, day: date) -> Iterator[str]:
    """Bills have no estimates: a visit is asked for when its charges are final and the insurer has decided."""
    if letter.kind not in BILLS:
        return
    for visit in visits_of(letter, world):
        if not visit.is_decided:
            yield f"insurance has not decided about {visit.account}"
        if day < visit.final_on:
            yield f"charges of {visit.account} are not final"
        if visit.balance(day) <= 0:
            yield f"nothing is owed on {visit.account}"


def never_billed_classes(letter: Letter, world: World, _log: MailLog, _day: date) -> Iterator[str]:
    """42 CFR 447.15, 42 USC 1396a(n)(3)(B), and workers' compensation law."""
    if letter.kind in ASKING and letter.amount_cents:
        for visit in visits_of(letter, world):
            if visit.financial_class in NEVER_BILLED or is_covered(letter.household, visit):
                yield f"{visit.account} is {visit.financial_class}, or the patient is covered in its month"


def is_covered(household: Household, visit: Visit) -> bool:
    """Whether the patient has Medicaid or QMB in the month of the visit, which protects the person, not one visit."""
    month = visit.service_on.replace(day=1)
    return any(
        each.financial_class in {"medicaid", "qmb"} and each.service_on.replace(day=1) == month
        for each in household.visits
    )


def no_dunning_during_application(letter: Letter, world: World, _log: MailLog, _day: date) -> Iterator[str]:
    """26 CFR 1.501(r)-6(c)(5), (6): an open application, complete or not, suspends collecting."""
    if letter.kind not in DUNNING:
        return
    for application in letter.household.applications:
        if application.is_open and any(each.service_on <= application.applied_on for each in visits_of(letter, world)):
            yield f"application {application.application_id} is open"


def no_dunning_of_a_plan_in_force(letter: Letter, world: World, _log: MailLog, day: date) -> Iterator[str]:
    for visit in visits_of(letter, world):
        plan = visit.plan
        if plan is None:
            continue
        if letter.kind in {"dunning", "plan-default"} and is_in_force(plan, day):
            yield f"plan {plan.plan_id} is in force"
        if letter.kind == "plan-missed" and not any(
            each.left and each.due_on + timedelta(days=PLAN_GRACE_DAYS) < day for each in plan.installments
        ):
            yield f"no payment of plan {plan.plan_id} is missed"
        if letter.kind == "plan-reminder" and not any(each.left for each in plan.installments):
            yield f"plan {plan.plan_id} is paid"


def no_bill_with_unapplied_money(letter: Letter, _world: World, _log: MailLog, _day: date) -> Iterator[str]:
    if letter.kind in BILLS and letter.household.unapplied:
        yield "a payment is not applied to any visit"


def no_mail_where_it_was_returned(letter: Letter, _world: World, log: MailLog, _day: date) -> Iterator[str]:
    """Returned mail stops the address until there is another one."""
    if letter.kind in ESTATE or letter.last.channel != "print":
        return
    street = street_of(letter.household, letter.household.mail_address).upper()
    for earlier in log.everything_to(letter.household):
        if earlier.kind in ESTATE:
            continue
        for attempt in earlier.attempts:
            if attempt.failure == "returned" and any(
                street in line.upper() for line in attempt.departure.address_lines
            ):
                yield f"mail to this address was returned on {attempt.failed_on}"
                return


def right_address(letter: Letter, _world: World, _log: MailLog, _day: date) -> Iterator[str]:
    """The address on file, or the confidential one; e-mail only with a preference for it."""
    household, departure = letter.household, letter.last
    if departure.channel == "email":
        if household.delivery != "email":
            yield "e-mail without consent"
        return
    if letter.kind in ESTATE:
        return
    printed = " ".join(departure.address_lines).upper()
    if street_of(household, household.mail_address).upper() not in printed:
        yield "another address than the one on file"
    if household.last_name.upper() not in printed:
        yield "another name than the guarantor's"


def no_email_after_a_bounce(letter: Letter, _world: World, log: MailLog, _day: date) -> Iterator[str]:
    if letter.last.channel != "email":
        return
    for earlier in log.everything_to(letter.household):
        if any(each.failure == "bounced" for each in earlier.attempts):
            yield "an e-mail to this person bounced"
            return


def next_step_of_the_ladder(letter: Letter, _world: World, log: MailLog, day: date) -> Iterator[str]:
    """No level is skipped or repeated, and none comes before its clock, which starts with what was really mailed."""
    if letter.kind not in BILLS or log.root(letter) is not letter:
        return
    for account in letter.accounts:
        bills = [each for each in log.about(account, *BILLS) if each is not letter]
        if any(each.is_under_way for each in bills):
            yield f"another bill about {account} is under way"
        if account in letter.on_plan:
            yield from _too_soon(account, [each for each in bills if each.kind == "statement"], day)
            continue
        yield from _too_soon(account, bills, day)
        steps = [each for each in bills if each.arrived_on and account not in each.on_plan]
        statements = [each for each in bills if each.arrived_on and each.kind == "statement"]
        levels = [each.level for each in steps if each.kind == "dunning"]
        if letter.kind == "statement":
            asked_in_full = len([each for each in steps if each.kind == "statement"])
            if asked_in_full >= STATEMENTS_MAX or levels:
                yield f"statement about {account} after {asked_in_full} statements and letters {levels}"
            continue
        first = min((each.arrived_on for each in bills if each.arrived_on), default=None)
        if letter.level not in LETTER_DAYS:
            yield f"level {letter.level} is no letter"
            continue
        if len(statements) < STATEMENTS_MIN:
            yield f"{len(statements)} statements about {account} before a letter"
        if levels != list(range(2, letter.level)):
            yield f"level {letter.level} about {account} after {levels or 'no letter'}"
        if first and (day - first).days < LETTER_DAYS[letter.level]:
            yield f"level {letter.level} about {account} {(day - first).days} days after {first}"


def _too_soon(account: str, bills: list[Letter], day: date) -> Iterator[str]:
    """25 days lie between two bills about a visit, from the day when the first was mailed."""
    last = max((each.arrived_on for each in bills if each.arrived_on), default=None)
    if last and (day - last).days < STATEMENT_GAP_DAYS:
        yield f"the bill before, about {account}, was mailed on {last}"


def dates_to_pay_are_ahead(letter: Letter, _world: World, _log: MailLog, day: date) -> Iterator[str]:
    if letter.due_on is None or not letter.amount_cents:
        return
    if letter.due_on <= day:
        yield f"the date to pay by, {letter.due_on}, has passed"
    if letter.kind == "dunning" and letter.level == 4 and (letter.due_on - day).days < FINAL_NOTICE_DAYS:
        yield f"the deadline {letter.due_on} is {(letter.due_on - day).days} days away"


def amount_is_what_is_owed(letter: Letter, world: World, log: MailLog, day: date) -> Iterator[str]:
    """The amount due is the sum of the visits' balances on the day it left; of a plan, the payments that are due."""
    if letter.kind in BILLS:
        expected = sum(amounts_of(visits_of(letter, world), day, letter, log))
        if letter.amount_cents != expected:
            yield f"asks for {letter.amount_cents} cents, and {expected} are owed"
        if letter.amount_cents < (BALANCE_MIN_CENTS if letter.kind == "statement" else LETTER_MIN_CENTS):
            yield f"asks for {letter.amount_cents} cents, which is below the minimum"
    elif letter.kind == "plan-default":
        expected = sum(each.balance(day) for each in visits_of(letter, world))
        if letter.amount_cents != expected:
            yield f"asks for {letter.amount_cents} cents, and {expected} are owed"
    elif letter.kind == "refund":
        if letter.amount_cents:
            yield "a refund letter asks for money"
    elif letter.kind in ASKING - {"ob-notice"}:
        owed = sum(max(0, each.balance(day)) for each in visits_of(letter, world))
        if letter.amount_cents > owed:
            yield f"asks for {letter.amount_cents} cents, and {owed} are owed"


def amounts_of(visits: list[Visit], day: date, letter: Letter, log: MailLog) -> Iterator[int]:
    """What a bill may ask for, by visit: the balance, or the payments of a plan in force that are due by its date."""
    for visit in visits:
        plan = visit.plan
        if plan is None or not is_protected(letter.household, plan, log, day):
            yield visit.balance(day)
            continue
        until = letter.due_on or day
        yield sum(each.left for each in plan.installments if each.due_on <= until)


def estimate_stands_alone(letter: Letter, world: World, _log: MailLog, day: date) -> Iterator[str]:
    """26 CFR 1.501(r)-6(b)(1)(iii): an estimate of future care never comes with old debt, nor after the pregnancy."""
    household = letter.household
    if letter.kind != "ob-notice":
        return
    if letter.accounts:
        yield f"an estimate together with {', '.join(letter.accounts)}"
    active = [each for each in household.episodes if each.status == "active"]
    if not active:
        yield "no pregnancy is active"
        return
    left = active[0].estimate_cents - active[0].deposited(day)
    if letter.amount_cents > left:
        yield f"asks for {letter.amount_cents} cents of an estimate, and {left} are left"
    if day > active[0].expected_on + timedelta(days=OB_OVERDUE_DAYS):
        yield f"the child was expected on {active[0].expected_on}"
    if any(each.is_open for each in household.applications):
        yield "an application for assistance is open"


def notices_keep_their_distance(letter: Letter, _world: World, log: MailLog, day: date) -> Iterator[str]:
    if letter.kind != "ob-notice" or log.root(letter) is not letter:
        return
    for earlier in log.of(letter.household, "ob-notice"):
        arrived = earlier.arrived_on
        if earlier is not letter and arrived and (day - arrived).days < STATEMENT_GAP_DAYS:
            yield f"the notice before was mailed on {arrived}"


def page_says_the_same(letter: Letter, world: World, _log: MailLog, _day: date) -> Iterator[str]:
    """What the vendor prints has the amount and the date of the ledger, its visits, and nobody else's."""
    departure = letter.last
    if departure.channel != "print":
        return
    if departure.amount_cents != letter.amount_cents:
        yield f"the manifest has {departure.amount_cents} cents, the ledger {letter.amount_cents}"
    text = departure.text
    if letter.amount_cents and money(letter.amount_cents) not in text:
        yield f"the amount {letter.amount_cents} cents is not on the page"
    if letter.kind in BILLS and letter.due_on and not any(each in text for each in days(letter.due_on)):
        yield f"the date {letter.due_on} is not on the page"
    own = {each.account for each in letter.household.visits}
    printed = {word.strip(".,;:()") for word in text.split()} & world.by_account.keys()
    if printed - own:
        yield f"another household's visit {', '.join(sorted(printed - own))} is on the page"
    if letter.kind in BILLS and not printed >= set(letter.accounts):
        yield f"visit {', '.join(sorted(set(letter.accounts) - printed))} is not on the page"


def answered_once(letter: Letter, _world: World, log: MailLog, _day: date) -> Iterator[str]:
    """Each event is answered by one letter: a plan, an application's decision, a refund, a request, a death."""
    household = letter.household
    events = {
        "plan-agreement": len(household.plans),
        "plan-reminder": sum(len(each.installments) for each in household.plans),
        "plan-missed": sum(len(each.installments) for each in household.plans),
        "plan-default": len(household.plans),
        "assistance-incomplete": len([each for each in household.past if each.what == "is-incomplete"]),
        "assistance-decision": len([each for each in household.applications if each.decided_on]),
        "refund": len(household.refunds),
        "invoice": len(household.requests),
        "estate-inquiry": 1,
        "estate-claim": 1,
    }
    if letter.kind in events and len(log.of(household, letter.kind)) > events[letter.kind]:
        yield f"letter {len(log.of(household, letter.kind))} of this kind about {events[letter.kind]} events"
    same = [each for each in log.of(household, letter.kind) if each.cycle == letter.cycle]
    if len(same) > 1:
        yield f"{len(same)} documents of one kind in cycle {letter.cycle}"


def correction_is_the_same_mailing(letter: Letter, _world: World, log: MailLog, _day: date) -> Iterator[str]:
    """A corrected letter takes no step: it is the letter that it corrects, with what was wrong made right. It has
    another level only if it is about other visits."""
    original = log.root(letter)
    if original is letter:
        return
    is_same = (letter.kind, letter.cycle) == (original.kind, original.cycle)
    if not is_same or (letter.level != original.level and letter.accounts == original.accounts):
        yield f"a correction of {original.kind} {original.level} of {original.cycle}"
    if letter.household is not original.household:
        yield f"a correction of a letter to {original.household.guarantor_id}"


def no_letter_while_an_agency_collects(letter: Letter, _world: World, log: MailLog, _day: date) -> Iterator[str]:
    """One debt, one collector: nothing asks for a visit that an agency has, until it has given it back."""
    if letter.kind not in BILLS | PLAN_LETTERS | {"estate-claim"}:
        return
    for account in letter.accounts:
        if any(each.is_live for each in log.placements[account]):
            yield f"visit {account} is with an agency"


def copy_is_marked(letter: Letter, _world: World, log: MailLog, _day: date) -> Iterator[str]:
    """A copy says that it is one, and asks for nothing else than the letter did."""
    original = log.letters.get(letter.revision_of)
    if original is None:
        yield "a copy of nothing that left"
    elif letter.amount_cents != original.amount_cents:
        yield f"a copy with {letter.amount_cents} cents of a letter with {original.amount_cents}"
    if not any(word in letter.last.text for word in ("COPY", "COPIA")):
        yield "nothing says that it is a copy"


def sent_once(letter: Letter, _world: World, _log: MailLog, _day: date) -> Iterator[str]:
    """A document leaves again only after it is known that it did not arrive."""
    for attempt in letter.attempts[:-1]:
        if not attempt.failure:
            yield f"it left on {attempt.departure.day}, and nothing is known against that"


def money(cents: int) -> str:
    return f"${cents // 100:,}.{cents % 100:02}"


_MESES = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
]


def days(day: date) -> tuple[str, ...]:
    """A date as a page may print it, in English and Spanish."""
    return (
        f"{month_name[day.month]} {day.day}, {day.year}",
        f"{day.day} de {_MESES[day.month - 1]} de {day.year}",
        f"{day:%m/%d/%Y}",
    )


RULES: tuple[Rule, ...] = (
    sent_once,
    nothing_to_the_dead,
    no_collecting_during_bankruptcy,
    no_disputed_visit,
    only_final_patient_balances,
    never_billed_classes,
    no_dunning_during_application,
    no_dunning_of_a_plan_in_force,
    no_bill_with_unapplied_money,
    no_mail_where_it_was_returned,
    right_address,
    no_email_after_a_bounce,
    next_step_of_the_ladder,
    dates_to_pay_are_ahead,
    amount_is_what_is_owed,
    estimate_stands_alone,
    notices_keep_their_distance,
    page_says_the_same,
    answered_once,
    correction_is_the_same_mailing,
    no_letter_while_an_agency_collects,
)
COPY_RULES: tuple[Rule, ...] = (
    sent_once,
    nothing_to_the_dead,
    no_collecting_during_bankruptcy,
    no_mail_where_it_was_returned,
    right_address,
    copy_is_marked,
)
"""What holds of a copy that somebody asked for: it takes no step, and asks for nothing."""
