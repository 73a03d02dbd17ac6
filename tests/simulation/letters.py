"""What the judge knows of the mail: each document, each attempt to deliver it, and what became of it outside."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from tests.simulation.outside import Departure, Report
from tests.simulation.world import Household

FAILURES = frozenset({"returned", "rejected", "bounced"})


@dataclass
class Attempt:
    """One time that a document left. `mailed_on`: when the post office had it, as reported; an e-mail's day."""

    departure: Departure
    mailed_on: date | None = None
    failure: str = ""
    failed_on: date | None = None
    """The day when the hospital learned of the failure."""


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
    attempts: list[Attempt] = field(default_factory=list)
    on_plan: frozenset[str] = frozenset()
    """The visits that a payment plan in force covered when it left: for them it was no step of the ladder."""

    @property
    def arrived_on(self) -> date | None:
        """The day it was mailed, of the attempt that nothing is known against."""
        return next((each.mailed_on for each in reversed(self.attempts) if not each.failure and each.mailed_on), None)

    @property
    def is_under_way(self) -> bool:
        """Whether an attempt may still arrive, and no mailing is reported yet."""
        return any(not each.failure and each.mailed_on is None for each in self.attempts)

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

    def letter(self, document_id: str, by_guarantor: dict[str, Household]) -> Letter | None:
        """The document with this id. None if the ledger has none."""
        found = self.rows(
            "SELECT d.batch_id, d.kind, b.cycle, b.as_of, d.level, d.amount_cents, d.due_on, d.issued_on,"
            " d.guarantor_id FROM document d JOIN batch b USING (batch_id) WHERE d.document_id = ?",
            document_id,
        )
        if not found:
            return None
        batch_id, kind, cycle, as_of, level, cents, due_on, issued_on, guarantor = map(str, found[0])
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
        )


class MailLog:
    """Every letter that left, and the reports about it."""

    def __init__(self) -> None:
        self.letters: dict[str, Letter] = {}

    def of(self, household: Household, *kinds: str) -> list[Letter]:
        """The household's letters of these kinds, oldest first."""
        return [each for each in self.letters.values() if each.household is household and each.kind in kinds]

    def about(self, account: str, *kinds: str) -> list[Letter]:
        """The letters about a visit, oldest first."""
        return [each for each in self.letters.values() if account in each.accounts and each.kind in kinds]

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
