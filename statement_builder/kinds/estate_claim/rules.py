"""Who gets a claim: the representative whom a court has appointed, once for each case, while there is time.

Where a letter does not present a claim, or its time is nearly over, a person presents it. The hold `EST_DEADLINE` says
so in time: the alerts and the work queue read it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from statement_builder.billing.dates import PAPER_DAYS
from statement_builder.billing.model import Estate, EstateStatus
from statement_builder.billing.selection import Channel, Hold, Selection
from statement_builder.policy.candidate import Candidate
from statement_builder.policy.estates.deadline_alerts import ALERT_DAYS
from statement_builder.policy.estates.probate import PROBATE_RULES, PresentedBy, ProbateRule, find_deadline
from statement_builder.policy.estates.rules import EstateCase, claim_cause, open_case
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.recheck_rules import recheck_visits
from statement_builder.policy.recipient import recipient_digest

_SETTLED = frozenset({"EST_FILED", "EST_SENT", "EST_ENDED"})
"""Holds after which the time to present the claim does not matter."""
_DONE = _SETTLED | {"EST_BARRED", "EST_MIN"}
"""Holds after which nobody has to present the claim any more."""


def find_claim_holds(candidate: Candidate, today: date) -> tuple[EstateCase | None, tuple[Hold, ...]]:
    """The estate, and everything that holds a claim today, without what the claim leaves out."""
    case = open_case(candidate)
    if not isinstance(case, EstateCase):
        return None, case
    estate = case.estate
    rule = PROBATE_RULES.get(estate.state)
    status_holds = tuple(_find_status_holds(case))
    holds = (*case.holds, *status_holds)
    if not _SETTLED & {hold.code for hold in status_holds}:
        holds = (*holds, *_find_rule_holds(case, rule, today))
    if holds and rule is not None and not _DONE & {hold.code for hold in holds}:
        work_by = find_deadline(estate, rule).work_by(today)
        if (work_by - today).days <= max(ALERT_DAYS):
            holds = (*holds, make_hold("EST_DEADLINE", until=work_by + timedelta(days=1)))
    return case, tuple(dict.fromkeys(holds))


def _find_status_holds(case: EstateCase) -> Iterable[Hold]:
    estate = case.estate
    if case.is_answered(claim_cause(estate)):
        yield make_hold("EST_SENT")
    if estate.claim_filed_on is not None:
        yield make_hold("EST_FILED")
    if estate.status is EstateStatus.UNKNOWN:
        yield make_hold("EST_NOT_OPEN")
    elif estate.status is not EstateStatus.OPEN:
        yield make_hold("EST_ENDED")
    elif not _has_facts(estate):
        yield make_hold("EST_FACTS")


def _has_facts(estate: Estate) -> bool:
    """A claim names the case, and goes to a representative who was appointed (UPC 3-804)."""
    recipient = estate.representative_name or estate.attorney_name
    return all(
        (recipient, estate.address, estate.state, estate.county, estate.court, estate.case_number, estate.opened_on)
    )


def _find_rule_holds(case: EstateCase, rule: ProbateRule | None, today: date) -> Iterable[Hold]:
    """What the law of the court's state requires."""
    policy, estate = case.candidate.policy, case.estate
    if rule is None:
        if estate.status is EstateStatus.OPEN:
            yield make_hold("EST_NO_RULE")
        return
    last_on = find_deadline(estate, rule).last_on
    if last_on < today:
        yield make_hold("EST_BARRED")
    elif last_on < today + timedelta(days=PAPER_DAYS):
        yield make_hold("EST_NEAR")
    if rule.presented_by is not PresentedBy.MAIL or rule.needs_signature:
        yield make_hold("EST_BY_HAND")
    elif rule.needs_certified_mail and case.candidate.kind not in policy.certified_kinds:
        yield make_hold("EST_CERTIFIED")
    if not policy.estate_signer:
        yield make_hold("EST_SIGNER")


def select_claim(candidate: Candidate) -> tuple[Selection | None, tuple[Hold, ...]]:
    """The claim, or None if it is held, and all holds."""
    case, holds = find_claim_holds(candidate, candidate.as_of)
    if case is None:
        return None, holds
    holds = (*holds, *case.left_out)
    if len(holds) > len(case.left_out):
        return None, holds
    guarantor = candidate.account.guarantor
    selection = Selection(
        kind=candidate.kind,
        guarantor_id=guarantor.guarantor_id,
        account_numbers=case.account_numbers,
        cause_id=claim_cause(case.estate),
        channel=Channel.PRINT,
        amount_cents=case.claimed_cents,
        due_on=_work_by(case.estate, candidate.as_of),
        recipient_digest=recipient_digest(guarantor, Channel.PRINT),
    )
    return selection, holds


def _work_by(estate: Estate, today: date) -> date:
    return find_deadline(estate, PROBATE_RULES[estate.state]).work_by(today)


def recheck_claim(candidate: Candidate, selection: Selection, as_of: date) -> Iterable[Hold]:
    """Why the claim must not be mailed now: what was paid, decided or learned since, and the time that is left."""
    case, holds = find_claim_holds(candidate, as_of)

    def visits_cents() -> int:
        own = [each for each in candidate.account.encounters if each.account_number in selection.account_numbers]
        return sum(candidate.balance(each).patient_cents for each in own)

    yield from recheck_visits(candidate, selection, holds, visits_cents)
    if case is not None and _differs(case, selection):
        yield make_hold("EST_CHANGED")


def _differs(case: EstateCase, selection: Selection) -> bool:
    """Whether a claim of today would name another case, other visits or another deadline."""
    estate = case.estate
    if (claim_cause(estate), case.account_numbers) != (selection.cause_id, selection.account_numbers):
        return True
    return estate.state in PROBATE_RULES and _work_by(estate, case.candidate.as_of) != selection.due_on
