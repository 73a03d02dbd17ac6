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

FAULTS_SHOWN_MAX = 1000
"""A broken extract may have a fault on every row. The report keeps the first ones, so memory stays constant."""


class CheckReport(Record, kw_only=True):
    """Result of one check. `faults` has the first `FAULTS_SHOWN_MAX`; `fault_count` counts all of them."""

    accounts: int = 0
    faulty: int = 0
    fault_count: int = 0
    faults: tuple[Fault, ...] = ()
    rows: dict[str, int] = field(default_factory=dict)
    feeds: dict[str, datetime] = field(default_factory=dict)
    notes: tuple[Fault, ...] = ()
    """What is no fault of the data, and a clerk should know: the first `FAULTS_SHOWN_MAX`."""


def count_accounts(accounts: Iterable[GuarantorAccount | FaultyAccount]) -> CheckReport:
    """Count the accounts and collect their faults. If the source fails midway, that failure is the last fault."""
    count = faulty = fault_count = 0
    faults: list[Fault] = []
    notes: list[Fault] = []
    try:
        for account in accounts:
            count += 1
            if isinstance(account, GuarantorAccount):
                notes += _find_notes(account) if len(notes) < FAULTS_SHOWN_MAX else ()
            else:
                faulty += 1
                fault_count += len(account.faults)
                faults += account.faults[: FAULTS_SHOWN_MAX - len(faults)]
    except SourceError as exc:
        fault_count += 1
        faults.append(source_fault("", exc))
    return CheckReport(accounts=count, faulty=faulty, fault_count=fault_count, faults=tuple(faults), notes=tuple(notes))


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


def source_fault(result_set: str, error: SourceError) -> Fault:
    """A fault of a query or of the whole source."""
    return Fault(
        code="SOURCE",
        result_set=result_set,
        message=str(error),
        fix="Fix this before pulling a batch from this source.",
    )
