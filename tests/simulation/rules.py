"""The rules that every departing letter is judged by, from the trade's rules and the regulations themselves.

Each rule is a function of the letter, the truth about its household, and the mail before it. It yields what is wrong,
in words. None of this may be taken from the service's own policy: the point is that two people read the law. Steps and
clocks are in `ladder_rules`, pages in `page_rules`, numbers in `limits`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

from tests.simulation import ladder_rules, page_rules
from tests.simulation.households import World, street_of
from tests.simulation.letters import Letter, MailLog
from tests.simulation.limits import (
    ASKING,
    BILLS,
    CLAIM_BAR_DAYS,
    DUNNING,
    ESTATE,
    ESTATE_WAIT_DAYS,
    HARD_BOUNCES_MAX,
    NEVER_BILLED,
    OB_OVERDUE_DAYS,
    PAPER_ONLY,
    PLAN_GRACE_DAYS,
    PLAN_LETTERS,
    STATEMENT_GAP_DAYS,
    STAY,
    VISIT_HOLDS,
    is_covered,
    is_in_force,
    is_minor,
    visits_of,
)

Rule = Callable[[Letter, World, MailLog, date], Iterator[str]]


def nothing_to_the_dead(letter: Letter, _world: World, _log: MailLog, _day: date) -> Iterator[str]:
    """An estate is not a person: only the letters about the estate go out."""
    if letter.household.died_on is not None and letter.kind not in ESTATE:
        yield "the guarantor has died"
    if letter.household.died_on is None and letter.kind in ESTATE:
        yield "the guarantor is alive"


def no_bill_to_a_minor(letter: Letter, _world: World, _log: MailLog, day: date) -> Iterator[str]:
    """A child owes nothing: the parent or guardian who signed does."""
    if letter.kind in ASKING and is_minor(letter.household, day):
        yield "the guarantor is a minor"


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
    """42 CFR 447.15, 42 USC 1396a(n)(3)(B), and workers' compensation law: the patient owes nothing, so nothing is
    asked for, whatever the balance says."""
    if letter.kind not in ASKING:
        return
    for visit in visits_of(letter, world):
        if visit.financial_class in NEVER_BILLED:
            yield f"{visit.account} is {visit.financial_class}"
        elif is_covered(letter.household, visit):
            yield f"the patient was covered on the day of {visit.account}"


def no_bill_on_a_day_of_payment(letter: Letter, _world: World, _log: MailLog, day: date) -> Iterator[str]:
    """A patient's payment or discount of today waits for the next cycle: the bill may cross with it."""
    if letter.kind not in BILLS:
        return
    for visit in letter.household.visits:
        for posting in visit.postings:
            if posting.on == day and posting.kind in {"payment", "charity"} and posting.method == "CHECK":
                yield f"a {posting.kind} was posted to {visit.account} today"


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


def no_email_after_hard_bounces(letter: Letter, _world: World, log: MailLog, _day: date) -> Iterator[str]:
    """A bounced document goes on paper; after two of them, everything does, until the person gives another address."""
    if letter.last.channel != "email":
        return
    bounces = sum(
        each.failure == "bounced" for earlier in log.everything_to(letter.household) for each in earlier.attempts
    )
    own = any(each.failure == "bounced" for each in letter.attempts)
    if own or bounces >= HARD_BOUNCES_MAX:
        yield f"{bounces} e-mails to this person bounced"


def legal_letters_on_paper(letter: Letter, _world: World, _log: MailLog, _day: date) -> Iterator[str]:
    """Letters about estates and wages are on paper, which the court or the employer may ask for."""
    if letter.kind in PAPER_ONLY and letter.last.channel == "email":
        yield "it left by e-mail"


def estate_letters_keep_their_time(letter: Letter, _world: World, _log: MailLog, day: date) -> Iterator[str]:
    """Nobody is asked in the first 30 days after a death, and a claim leaves before it is barred (UPC 3-803)."""
    died = letter.household.died_on
    if died is None:
        return
    if letter.kind == "estate-inquiry" and (day - died).days < ESTATE_WAIT_DAYS:
        yield f"the guarantor died {(day - died).days} days ago"
    if letter.kind == "estate-claim" and (day - died).days >= CLAIM_BAR_DAYS:
        yield f"the claim is barred since {died + timedelta(days=CLAIM_BAR_DAYS)}"


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
    """A notice that was handed off may be mailed any day, whether or not its report is there."""
    if letter.kind != "ob-notice" or log.root(letter) is not letter:
        return
    for earlier in log.of(letter.household, "ob-notice"):
        if earlier is letter:
            continue
        arrived = earlier.arrived_on
        if arrived and (day - arrived).days < STATEMENT_GAP_DAYS:
            yield f"the notice before was mailed on {arrived}"
        if earlier.is_under_way:
            yield f"the notice of {earlier.last.day} is under way"


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


RULES: tuple[Rule, ...] = (
    ladder_rules.sent_once,
    nothing_to_the_dead,
    no_bill_to_a_minor,
    no_collecting_during_bankruptcy,
    no_disputed_visit,
    only_final_patient_balances,
    never_billed_classes,
    no_bill_on_a_day_of_payment,
    no_dunning_during_application,
    no_dunning_of_a_plan_in_force,
    no_bill_with_unapplied_money,
    no_mail_where_it_was_returned,
    right_address,
    no_email_after_hard_bounces,
    legal_letters_on_paper,
    estate_letters_keep_their_time,
    estimate_stands_alone,
    notices_keep_their_distance,
    answered_once,
    ladder_rules.next_step_of_the_ladder,
    ladder_rules.level_is_of_the_documents_sent,
    ladder_rules.correction_is_the_same_mailing,
    ladder_rules.no_letter_while_an_agency_collects,
    ladder_rules.dates_to_pay_are_ahead,
    page_rules.amount_is_what_is_owed,
    page_rules.page_says_the_same,
    page_rules.visits_add_up_on_the_page,
    page_rules.assistance_is_offered,
    page_rules.speaks_as_the_hospital,
    page_rules.final_notice_is_complete,
    page_rules.estimate_is_no_bill,
    page_rules.email_says_nothing,
    page_rules.plan_is_on_its_letter,
    page_rules.refund_is_on_its_letter,
    page_rules.estate_is_addressed,
)
COPY_RULES: tuple[Rule, ...] = (
    ladder_rules.sent_once,
    nothing_to_the_dead,
    no_bill_to_a_minor,
    no_collecting_during_bankruptcy,
    no_mail_where_it_was_returned,
    right_address,
    page_rules.copy_is_marked,
)
"""What holds of a copy that somebody asked for: it takes no step, and asks for nothing."""
