"""Report of `statements source check`: where the source breaks the contract, and how to fix it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from msgspec import field

from security_kit.passwords import find_weakness
from statement_builder.billing.known_facts import known_facts
from statement_builder.billing.model import Fault, FaultyAccount, GuarantorAccount, Record
from statement_builder.errors import SourceError
from statement_builder.source.faults import account_fault
from statement_builder.source.row_validation import BadRow, Row

FAULTS_SHOWN_MAX = 1000
"""A broken extract may have a fault on every row. The report keeps the first ones, so memory stays constant."""


class CheckReport(Record, kw_only=True):
    """Result of one check. `faults` has the first `FAULTS_SHOWN_MAX`; `fault_count` counts all of them."""

    accounts: int = 0
    faulty: int = 0
    fault_count: int = 0
    faults: tuple[Fault, ...] = ()
    subjects: tuple[str, ...] = ()
    """Whose faults they are, as in `FaultyAccount`."""
    rows: dict[str, int] = field(default_factory=dict)
    feeds: dict[str, datetime] = field(default_factory=dict)
    notes: tuple[Fault, ...] = ()
    """What is no fault of the data, and a clerk should know: the first `FAULTS_SHOWN_MAX`."""

    @property
    def subjects_shown(self) -> tuple[str, ...]:
        """Everybody whom the report names: also in notes, and in rows that no account was built from."""
        rows = [fault.row_key for fault in (*self.notes, *self.faults) if fault.result_set == "guarantors"]
        return tuple(dict.fromkeys((*self.subjects, *filter(None, rows))))


class FaultList:
    """The first `FAULTS_SHOWN_MAX` faults, and the number of all."""

    def __init__(self) -> None:
        self.count = 0
        self.shown: list[Fault] = []
        self.subjects: list[str] = []
        """Whose faults are shown, as in `FaultyAccount`."""
        self.notes: list[Fault] = []

    def add(self, faults: Iterable[Fault]) -> None:
        for fault in faults:
            self.count += 1
            if len(self.shown) < FAULTS_SHOWN_MAX:
                self.shown.append(fault)

    def join(self, others: FaultList) -> None:
        """Add the faults of another list, and those that it only counted."""
        self.add(others.shown)
        self.count += others.count - len(others.shown)

    def add_error(self, result_set: str, error: SourceError) -> None:
        """A fault of a query or of the whole source."""
        fix = "Fix this before pulling a batch from this source."
        self.add([Fault(code="SOURCE", result_set=result_set, message=str(error), fix=fix)])


def faults_of(rows: Iterable[Row | BadRow]) -> Iterator[Fault]:
    """The faults of the rows that break the contract."""
    return (fault for row in rows if isinstance(row, BadRow) for fault in row.faults)


def count_accounts(accounts: Iterable[GuarantorAccount | FaultyAccount], found: FaultList) -> tuple[int, int]:
    """The number of accounts, and of those with faults, which are added to `found`; so are notes."""
    count = faulty = 0
    for account in accounts:
        count += 1
        if isinstance(account, GuarantorAccount):
            found.notes += _find_notes(account) if len(found.notes) < FAULTS_SHOWN_MAX else ()
        elif account.faults:
            faulty += 1
            if len(found.shown) < FAULTS_SHOWN_MAX:
                found.subjects.append(account.subject)
            found.add(account.faults)
    return count, faulty


def _find_notes(account: GuarantorAccount) -> Iterator[Fault]:
    """A password for e-mail attachments that others could guess: paper is sent until the person chooses another."""
    guarantor = account.guarantor
    if guarantor.email_secret and (weakness := find_weakness(guarantor.email_secret, known_facts(account))):
        yield account_fault(
            "guarantors",
            "email_secret",
            guarantor.guarantor_id,
            code="WEAK_SECRET",
            problem=weakness,
            fix="Ask the guarantor for another password. Until then, paper is sent instead of an encrypted attachment.",
        )
