"""Whether a visit may go to a collection agency: every gate, and all reasons of a visit that does not pass.

The ladder's own rules hold what is not ready (`kinds.dunning`). Whatever holds a letter about the visit also keeps it
from an agency, except what only spaces out the mail. The gates here ask for the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from statement_builder.billing.assistance import covers
from statement_builder.billing.model import AssistanceKind, Encounter, Record
from statement_builder.billing.selection import FINAL_LEVEL, Hold
from statement_builder.policy.assistance import DECIDED
from statement_builder.policy.candidate import Candidate
from statement_builder.policy.due_dates import next_letter_level
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.placement.agencies import Agency
from statement_builder.policy.placement.changes import ELSEWHERE, has_own_mail

_NOT_ABOUT_PLACEMENT = frozenset({"MINDAYS", "PLACEMENT_DUE"})
"""The first only spaces out the mail. The second asks for this review."""


class PlacementHistory(Record, kw_only=True):
    """What the ledger knows about one visit."""

    notice_due_on: date | None = None
    """The latest deadline that a mailed final notice about it printed. None: this service mailed none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """A visit that is considered for placement."""

    candidate: Candidate
    encounter: Encounter
    holds: tuple[Hold, ...]
    """What holds letters to the guarantor, and `LADDER_DONE`, `ORAL_EFFORT` and `PLACEMENT_DUE`
    (`kinds.dunning.find_placement_holds`)."""
    history: PlacementHistory = field(default_factory=PlacementHistory)
    agency: Agency | None

    def refuse(self, code: str, until: date | None = None) -> Hold:
        return make_hold(code, self.encounter.account_number, until)


Gate = Callable[[Visit], Iterable[Hold]]


def is_considered(encounter: Encounter) -> bool:
    """Whether the final notice about the visit was mailed. Before that, the ladder goes on."""
    mailed = encounter.correspondence
    return mailed is not None and next_letter_level(mailed) > FINAL_LEVEL


def require_final_notice(visit: Visit) -> Iterable[Hold]:
    """The final notice was mailed, and was not returned: a returned one does not count as mailed."""
    if not is_considered(visit.encounter):
        yield visit.refuse("PLACE_NOTICE")


def require_printed_date(visit: Visit) -> Iterable[Hold]:
    """The deadline that the final notice printed has passed (26 CFR 1.501(r)-6(c)(4)(i)(A))."""
    due_on = visit.history.notice_due_on
    if due_on is not None and visit.candidate.as_of <= due_on:
        yield visit.refuse("LADDER_DONE", due_on + timedelta(days=1))


def require_no_hold(visit: Visit) -> Iterable[Hold]:
    """Nothing holds the visit or the guarantor: a bankruptcy (11 USC 362), a death, a minor, a plan, an application
    (26 CFR 1.501(r)-6(c)(8)), a dispute (45 CFR 149.620), coverage, a credit, or an earlier placement."""
    number = visit.encounter.account_number
    for hold in visit.holds:
        if hold.account_number not in ("", number) or hold.code in _NOT_ABOUT_PLACEMENT:
            continue
        if hold.code != "LADDER_DONE" or hold.until is not None:  # without a date, it repeats the other holds
            yield make_hold(hold.code, number, hold.until)
    if visit.candidate.account.open_documents:
        yield visit.refuse("DUPRUN")


def require_own_mail(visit: Visit) -> Iterable[Hold]:
    """Mail about the visit goes to the guarantor: not to an attorney, nor to a confidential address."""
    if not has_own_mail(visit.candidate.account.guarantor):
        yield visit.refuse(ELSEWHERE)


def require_not_sensitive(visit: Visit) -> Iterable[Hold]:
    """The visit is not a confidential one: an agency needs an agreement of its own for records of substance use
    disorder treatment (42 CFR 2.11, 2.12(c)(4))."""
    if visit.encounter.sensitive:
        yield visit.refuse("PLACE_SENSITIVE")


def require_screening(visit: Visit) -> Iterable[Hold]:
    """The guarantor was screened for financial assistance since the care, or an application was decided (26 CFR
    1.501(r)-6(a), (c)(2))."""
    for record in visit.candidate.account.assistance:
        if record.status in DECIDED and covers(record, visit.encounter):
            return
        if record.kind is AssistanceKind.SCREENING and _is_about(visit, record.account_number, record.occurred_on):
            return
    yield visit.refuse("PLACE_SCREEN")


def require_coverage_check(visit: Visit) -> Iterable[Hold]:
    """Medicare and Medicaid were asked about coverage in the last days (42 CFR 447.15)."""
    earliest = visit.candidate.as_of - timedelta(days=visit.candidate.policy.placement_coverage_days)
    for record in visit.candidate.account.assistance:
        is_recent = record.kind is AssistanceKind.COVERAGE_CHECK and record.occurred_on >= earliest
        if is_recent and _is_about(visit, record.account_number, record.occurred_on):
            return
    yield visit.refuse("PLACE_COVERAGE")


def require_no_payment(visit: Visit) -> Iterable[Hold]:
    """The guarantor paid nothing on the visit in the last days."""
    days = timedelta(days=visit.candidate.policy.placement_payment_days)
    as_of = visit.candidate.as_of
    paid = [p.posted_on for p in visit.encounter.payments if p.amount_cents > 0 and as_of - days < p.posted_on <= as_of]
    if paid:
        yield visit.refuse("PLACE_PAID", max(paid) + days)


def require_balance(visit: Visit) -> Iterable[Hold]:
    """The balance is at or above the floor. An equal amount is placed."""
    floor = max(visit.candidate.policy.placement_min_cents, visit.agency.balance_min_cents if visit.agency else 0)
    if visit.candidate.balance(visit.encounter).patient_cents < floor:
        yield visit.refuse("PLACE_SMALL")


def require_agency(visit: Visit) -> Iterable[Hold]:
    """An agency takes the visit: one that returned it does not get it again."""
    if visit.agency is None:
        yield visit.refuse("PLACE_RETURNED")


GATES: tuple[Gate, ...] = (
    require_final_notice,
    require_printed_date,
    require_no_hold,
    require_own_mail,
    require_not_sensitive,
    require_screening,
    require_coverage_check,
    require_no_payment,
    require_balance,
    require_agency,
)


def find_refusals(visit: Visit) -> tuple[Hold, ...]:
    """All reasons not to place the visit, in the order of the gates. Empty: it may be placed. Medicare accounts pass
    the same gates as all others (42 CFR 413.89(e)(2))."""
    return tuple(dict.fromkeys(hold for gate in GATES for hold in gate(visit)))


def _is_about(visit: Visit, account_number: str, day: date) -> bool:
    """Whether what was done on this day counts for the visit: it names the visit, or none, and came after the care."""
    is_own = account_number in ("", visit.encounter.account_number)
    return is_own and visit.encounter.service_to <= day <= visit.candidate.as_of
