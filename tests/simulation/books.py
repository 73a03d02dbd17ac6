"""Compares the books of collection agencies, payroll, and the portal with the hospital's own, every evening."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from tests.simulation.agencies import Agencies, Placement
from tests.simulation.households import Deduction, World
from tests.simulation.letters import LedgerReader, MailLog
from tests.simulation.limits import BILLS
from tests.simulation.payroll import Payroll
from tests.simulation.placement_duties import PlacementDuties
from tests.simulation.placement_rules import PLACEMENT_RULES, Case, missing_recalls, payroll_takes_what_was_signed
from tests.simulation.portal import Portal

UNSHOWN_DAYS_MAX = 8
"""Days in which a bill must be on the portal, outages included."""
UNTOLD_DAYS_MAX = 6
"""Days in which an agency must learn of a payment to the hospital, outages included."""
_ENDS = {"rejected": "refused"}
"""What the ledger calls an end that the agency calls something else."""

Finding = tuple[str, int | None, str]
"""Rule, number of the household, and what is wrong."""


class BooksJudge:
    """Every account and every cent is in both books: nothing is placed twice, nothing is lost."""

    def __init__(self, world: World, ledger: LedgerReader, log: MailLog) -> None:
        self._world, self._ledger, self._log = world, ledger, log
        self._differs_since: dict[str, date] = {}
        self._duties = PlacementDuties(world, log)

    def judge(self, day: date, agencies: Agencies, payroll: Payroll, portal: Portal) -> Iterator[Finding]:
        """What is wrong with what agencies, payroll, and the portal got today, or have."""
        for placed in agencies.collect(day):
            household, visit = self._world.by_account[placed.account]
            self._log.placements[placed.account].append(placed)
            for rule in PLACEMENT_RULES:
                for message in rule(Case(placed, household, visit, self._log, day)):
                    yield rule.__name__, household.number, f"{message} ({placed.placement}, visit {placed.account})"
        for line in payroll.collect(day):
            household = self._world.by_employee(line.employee)
            for message in payroll_takes_what_was_signed(line, household, day):
                yield "payroll_takes_what_was_signed", household.number, message
        while agencies.faults:
            yield "agency_can_read_it", None, agencies.faults.pop()
        while payroll.faults:
            yield "payroll_can_read_it", None, payroll.faults.pop()
        yield from self._judge_portal(day, portal)
        yield from self._judge_wages(day, payroll)
        for number, message in self._duties.judge(day, self._ledger.rows(_DECIDED)):
            yield "owed_a_placement", number, message
        if agencies.books or self._ledger.rows(_SENT):
            yield from self._judge_agencies(day, agencies)

    def _judge_portal(self, day: date, portal: Portal) -> Iterator[Finding]:
        for line in portal.collect(day):
            letter = self._log.letters.get(str(line["document"]))
            if letter is None or letter.is_copy:
                yield "portal_shows_what_left", None, f"document {line['document']} never left, or is a copy"
                continue
            household = letter.household
            if line["guarantor"] != household.guarantor_id or household.died_on is not None:
                yield (
                    "portal_shows_what_left",
                    household.number,
                    f"{letter.document_id} is shown to {line['guarantor']}",
                )
            if line["amount_cents"] != letter.amount_cents:
                message = f"{letter.document_id} has {letter.amount_cents} cents, on the portal {line['amount_cents']}"
                yield "portal_shows_what_left", household.number, message
        while portal.faults:
            yield "portal_can_read_it", None, portal.faults.pop()
        for letter in self._log.letters.values():
            first = letter.attempts[0].departure
            if (day - first.day).days != UNSHOWN_DAYS_MAX or letter.is_copy or letter.kind not in BILLS:
                continue
            if letter.household.confidential or letter.document_id in portal.shown:
                continue
            message = f"{letter.kind} {letter.document_id} left on {first.day} and is not on the portal"
            yield "portal_shows_what_left", letter.household.number, message

    def _judge_wages(self, day: date, payroll: Payroll) -> Iterator[Finding]:
        """What was taken from wages is in the ledger, to the cent, and never more than was signed."""
        in_ledger = {str(row[0]): int(str(row[1])) for row in self._ledger.rows(_WAGES)} if payroll.taken else {}
        for employee, taken in payroll.taken.items():
            household = self._world.by_employee(employee)
            deduction = next(each for each in household.deductions if each.employee_id == employee)
            message = difference_of_wages(deduction, sum(taken.values()), in_ledger.get(deduction.authorization_id, 0))
            yield from self._lasts(f"wages {employee}", day, "payroll_books", household.number, message)

    def _judge_agencies(self, day: date, agencies: Agencies) -> Iterator[Finding]:
        for batch_id, proposed_by, decided_by in self._ledger.rows(_LISTS):
            if str(proposed_by).partition("@")[0] == str(decided_by).partition("@")[0]:
                yield "second_person_approves", None, f"{batch_id} was proposed and approved by one person"
        in_ledger = {str(row[0]): row[1:] for row in self._ledger.rows(_SENT)}
        for placement in sorted(in_ledger.keys() ^ agencies.books.keys()):
            where = "in the ledger, and no agency has it" if placement in in_ledger else "not in the ledger"
            yield from self._lasts(placement, day, "nothing_lost", None, f"placement {placement} is {where}")
        for placement, placed in agencies.books.items():
            if placement not in in_ledger:
                continue
            household, visit = self._world.by_account[placed.account]
            wrong = list(differences_of_placement(placed, LedgerLine(*in_ledger[placement]), visit.balance(day)))
            message = f"{placement}, visit {placed.account}: {'; '.join(wrong)}"
            yield from self._lasts(placement, day, "agency_books", household.number, message if wrong else "")
            for message in missing_recalls(placed, self._world, day):
                yield "recalled", household.number, f"{message} ({placement})"

    def _lasts(self, key: str, day: date, rule: str, number: int | None, message: str) -> Iterator[Finding]:
        """A difference is wrong when it lasts: the hospital's next run may tell it."""
        if not message:
            self._differs_since.pop(key, None)
            return
        since = self._differs_since.setdefault(key, day)
        if (day - since).days == UNTOLD_DAYS_MAX:
            yield rule, number, f"since {since}: {message}"


@dataclass(frozen=True)
class LedgerLine:
    """A placement in the ledger. Money in cents."""

    state: object
    placed: object
    lowered: object
    """What was paid, adjusted, or collected."""
    fees: object
    left: object
    """What the agency gave back; None if nothing was reported."""


def differences_of_placement(placed: Placement, line: LedgerLine, balance: int) -> Iterator[str]:
    """Where an agency's books are not the ledger's."""
    if line.placed != placed.cents:
        yield f"{line.placed} cents in the ledger, and the agency got {placed.cents}"
    told = placed.direct + placed.adjusted + placed.collected
    if line.lowered != told:
        yield f"the ledger has {line.lowered} cents paid or adjusted, and the agency {told}"
    if line.fees != placed.fees:
        yield f"the ledger has {line.fees} cents of fees, and the agency {placed.fees}"
    if line.state != _ENDS.get(placed.state, placed.state):
        yield f"the ledger says {line.state}, and the agency {placed.state}"
    if placed.state in {"returned", "recalled"} and line.left != placed.given_back:
        yield f"the agency gave back {placed.given_back} cents, and the ledger has {line.left}"
    if placed.is_live and placed.left != balance:
        yield f"the agency collects {placed.left} cents, and {balance} are owed"


def difference_of_wages(deduction: Deduction, taken: int, in_ledger: int) -> str:
    """Where payroll's books are not the ledger's, or not what was signed. Empty if they agree."""
    posted = -sum(each.cents for each in deduction.visit.postings if each.method == "PAYROLL")
    if taken > deduction.total_cents:
        return f"{taken} cents were taken, and {deduction.total_cents} signed"
    if not taken == in_ledger == posted:
        return f"payroll took {taken} cents, the ledger has {in_ledger}, and {posted} are posted"
    return ""


_LISTS = "SELECT batch_id, proposed_by, decided_by FROM placement_batch WHERE state IN ('approved', 'sent')"
_SENT = """
SELECT p.placement_id, p.state, p.placed_cents,
       (SELECT coalesce(sum(e.cents), 0) FROM placement_entry e WHERE e.placement_id = p.placement_id),
       (SELECT coalesce(sum(e.fee_cents), 0) FROM placement_entry e WHERE e.placement_id = p.placement_id),
       p.left_cents
FROM placement p WHERE p.placed_on IS NOT NULL
"""
_DECIDED = "SELECT batch_id, as_of, state, decided_at FROM placement_batch"
_WAGES = "SELECT authorization_id, sum(taken_cents) FROM payroll_answer GROUP BY 1"
