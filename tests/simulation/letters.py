"""What the judge knows of the mail: each document, each attempt to deliver it, and what became of it outside."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from tests.simulation.agencies import Placement
from tests.simulation.households import Household, Visit
from tests.simulation.outside import Departure, Report

FAILURES = frozenset({"returned", "rejected", "bounced"})
STATEMENTS = 2
"""Levels below this one are statements."""


@dataclass
class Attempt:
    """One time that a document left. `mailed_on`: when the post office had it, as reported; an e-mail's day."""

    departure: Departure
    mailed_on: date | None = None
    failure: str = ""
    failed_on: date | None = None
    """The day when the hospital learned of the failure."""
    is_unopened: bool = False
    """Whether it is an e-mail that nobody has opened in the time that the hospital gives."""


@dataclass
class Letter:
    """A document that left at least once. Kind, level, visits, and dates are the ledger's facts."""

    document_id: str
    batch_id: str
    kind: str
    cycle: str
    as_of: date
    level: int
    amount_cents: int
    due_on: date | None
    issued_on: date
    household: Household
    accounts: tuple[str, ...]
    revision_of: str = ""
    """The document that this one corrects or copies."""
    is_copy: bool = False
    corrections: list[Letter] = field(default_factory=list)
    """The letters that corrected this one: all are the same mailing."""
    attempts: list[Attempt] = field(default_factory=list)
    on_plan: frozenset[str] = frozenset()
    """The visits that a payment plan in force covered when it left: for them it was no step of the ladder."""
    steps: dict[str, frozenset[int]] = field(default_factory=dict)
    """Visit → the step that it was for it when it left. More than one if it is in doubt whether an e-mail counts."""

    @property
    def arrived_on(self) -> date | None:
        """The day it was mailed, of the attempt that nothing is known against; else that of its correction."""
        own = next((each.mailed_on for each in reversed(self.attempts) if not each.failure and each.mailed_on), None)
        return own or next((each.arrived_on for each in self.corrections if each.arrived_on), None)

    @property
    def is_proven(self) -> bool:
        """Whether it arrived otherwise than by an e-mail that nobody opened: that may count or not."""
        own = any(each.mailed_on and not each.failure and not each.is_unopened for each in self.attempts)
        return own or any(each.is_proven for each in self.corrections)

    def last_mailed_on(self, account: str) -> date | None:
        """The last day on which it, or a correction about this visit, was mailed and nothing is known against that."""
        versions = [self, *(each for each in self.corrections if account in each.accounts)]
        attempts = [attempt for version in versions for attempt in version.attempts]
        return max((each.mailed_on for each in attempts if not each.failure and each.mailed_on), default=None)

    @property
    def is_under_way(self) -> bool:
        """Whether an attempt may still arrive, and no mailing is reported yet."""
        own = any(not each.failure and each.mailed_on is None for each in self.attempts)
        return own or any(each.is_under_way for each in self.corrections)

    @property
    def last(self) -> Departure:
        return self.attempts[-1].departure


class LedgerReader:
    """Reads facts from the ledger's file. Nothing of the service's code is used."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        if not self._path.is_file():
            return []
        connection = sqlite3.connect(self._path)
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()

    def guarantor_of(self, document_id: str) -> str:
        (row,) = self.rows("SELECT guarantor_id FROM document WHERE document_id = ?", document_id)
        return str(row[0])

    def waiting(self, batch_id: str, on: date) -> set[str]:
        """The guarantors of bills that other batches had made, and not handed off, on the morning of this day."""
        return {str(row[0]).partition("+")[0] for row in self.rows(_WAITING, batch_id, on.isoformat())}

    def letter(self, document_id: str, by_guarantor: dict[str, Household]) -> Letter | None:
        """The document with this id. None if the ledger has none."""
        found = self.rows(
            "SELECT d.revision_of, d.is_copy, d.batch_id, d.kind, b.cycle, b.as_of, d.level,"
            " d.amount_cents, d.due_on, d.issued_on,"
            " d.guarantor_id FROM document d JOIN batch b USING (batch_id) WHERE d.document_id = ?",
            document_id,
        )
        if not found:
            return None
        revision_of, is_copy, batch_id, kind, cycle, as_of, level, cents, due_on, issued_on, guarantor = map(
            str, found[0]
        )
        accounts = self.rows(
            "SELECT account_number FROM document_account WHERE document_id = ? ORDER BY 1", document_id
        )
        return Letter(
            document_id=document_id,
            batch_id=batch_id,
            kind=kind,
            cycle=cycle,
            as_of=date.fromisoformat(as_of),
            level=int(level),
            amount_cents=int(cents),
            due_on=None if due_on == "None" else date.fromisoformat(due_on),
            issued_on=date.fromisoformat(issued_on),
            household=by_guarantor[guarantor.partition("+")[0]],
            accounts=tuple(str(account) for (account,) in accounts),
            revision_of=revision_of,
            is_copy=is_copy == "1",
        )


_WAITING = """
SELECT d.guarantor_id FROM document d JOIN batch b USING (batch_id)
WHERE b.kind IN ('statement', 'dunning') AND b.batch_id <> ?1 AND b.as_of <= ?2
  AND (b.closed_at IS NULL OR date(b.closed_at) >= ?2)
  AND NOT EXISTS (SELECT * FROM delivery WHERE document_id = d.document_id AND date(claimed_at) < ?2)
"""


class MailLog:
    """Every letter that left, the reports about it, and what agencies have."""

    def __init__(self) -> None:
        self.letters: dict[str, Letter] = {}
        self.placements: dict[str, list[Placement]] = defaultdict(list)
        """Account → its placements with agencies, oldest first."""
        self._by_household: dict[int, list[Letter]] = defaultdict(list)
        self._by_account: dict[str, list[Letter]] = defaultdict(list)

    def add(self, letter: Letter) -> None:
        """Record a letter that left. A correction joins the letter that it corrects, and is a letter of its own about a
        visit that was not on that one. A copy counts as nothing."""
        self.letters[letter.document_id] = letter
        original = self.letters.get(letter.revision_of)
        if original is not None:
            if not letter.is_copy:
                known = {account for each in self.versions_before(letter) for account in each.accounts}
                self.root(original).corrections.append(letter)
                for account in set(letter.accounts) - known:
                    self._by_account[account].append(letter)
            return
        self._by_household[letter.household.number].append(letter)
        for account in letter.accounts:
            self._by_account[account].append(letter)

    def add_earlier(self, household: Household, visit: Visit) -> None:
        """Record what the system before this one mailed."""
        for level, day in visit.earlier:
            kind = "statement" if level < STATEMENTS else "dunning"
            name = f"earlier-{visit.account}-{level}"
            letter = Letter(
                document_id=name,
                batch_id="earlier",
                kind=kind,
                cycle=f"earlier-{level}",
                as_of=day,
                level=level,
                amount_cents=0,
                due_on=None,
                issued_on=day,
                household=household,
                accounts=(visit.account,),
                attempts=[Attempt(Departure(name, "print", day), mailed_on=day)],
                steps={visit.account: frozenset({level})},
            )
            self._by_household[household.number].append(letter)
            self._by_account[visit.account].append(letter)

    def root(self, letter: Letter) -> Letter:
        """The letter that was mailed first, of a letter and its corrections."""
        while letter.revision_of in self.letters:
            letter = self.letters[letter.revision_of]
        return letter

    def versions_before(self, letter: Letter) -> list[Letter]:
        """What a correction replaces: the letter that was mailed first, and its corrections before this one."""
        root, versions = self.root(letter), []
        for each in (root, *root.corrections):
            if each is letter:
                break
            versions.append(each)
        return versions

    def of(self, household: Household, *kinds: str) -> list[Letter]:
        """The household's letters of these kinds, oldest first."""
        return [each for each in self._by_household[household.number] if each.kind in kinds]

    def everything_to(self, household: Household) -> Iterator[Letter]:
        """The household's letters with their corrections."""
        for letter in self._by_household[household.number]:
            yield letter
            yield from letter.corrections

    def about(self, account: str, *kinds: str) -> list[Letter]:
        """The letters about a visit, oldest first."""
        return [each for each in self._by_account[account] if each.kind in kinds]

    def take(self, reports: Iterable[Report]) -> Iterator[tuple[Letter, Report]]:
        """Record what was reported."""
        for report in reports:
            letter = self.letters[report.document_id]
            for attempt in letter.attempts:
                if report.what == "bounced" and attempt.departure.channel != "email":
                    continue
                if report.what != "bounced" and attempt.departure.print_file != report.print_file:
                    continue
                if report.what == "mailed":
                    attempt.mailed_on = report.on
                else:
                    attempt.failure, attempt.failed_on = report.what, report.day
            yield letter, report
