"""Compares the books of collection agencies and of payroll with the hospital's ledger, every evening."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from tests.simulation.agencies import Agencies, Placement
from tests.simulation.households import World
from tests.simulation.letters import LedgerReader, MailLog
from tests.simulation.payroll import Payroll
from tests.simulation.placement_rules import PLACEMENT_RULES, Case, missing_recalls, payroll_takes_what_was_signed

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

    def judge(self, day: date, agencies: Agencies, payroll: Payroll) -> Iterator[Finding]:
        """What is wrong with what agencies and payroll got today, or have."""
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
        if agencies.books or self._ledger.rows(_SENT):
            yield from self._judge_agencies(day, agencies)

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
            state, cents, lowered = in_ledger[placement]
            wrong = list(_differences(placed, str(state), int(str(cents)), int(str(lowered)), visit.balance(day)))
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


def _differences(placed: Placement, state: str, cents: int, lowered: int, balance: int) -> Iterator[str]:
    if cents != placed.cents:
        yield f"{cents} cents in the ledger, and the agency got {placed.cents}"
    told = placed.direct + placed.adjusted + placed.collected
    if lowered != told:
        yield f"the ledger has {lowered} cents paid or adjusted, and the agency {told}"
    if state != _ENDS.get(placed.state, placed.state):
        yield f"the ledger says {state}, and the agency {placed.state}"
    if placed.is_live and placed.left != balance:
        yield f"the agency collects {placed.left} cents, and {balance} are owed"


_LISTS = "SELECT batch_id, proposed_by, decided_by FROM placement_batch WHERE state IN ('approved', 'sent')"
_SENT = """
SELECT p.placement_id, p.state, p.placed_cents,
       (SELECT coalesce(sum(e.cents), 0) FROM placement_entry e WHERE e.placement_id = p.placement_id)
FROM placement p WHERE p.placed_on IS NOT NULL
"""
