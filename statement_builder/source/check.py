"""Report of `statements source check`: where the source breaks the contract, and how to fix it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import field

from statement_builder.billing.model import Fault, FaultyAccount, GuarantorAccount, Record
from statement_builder.errors import SourceError

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


def count_accounts(accounts: Iterable[GuarantorAccount | FaultyAccount]) -> CheckReport:
    """Count the accounts and collect their faults. If the source fails midway, that failure is the last fault."""
    count = faulty = fault_count = 0
    faults: list[Fault] = []
    subjects: list[str] = []
    try:
        for account in accounts:
            count += 1
            if isinstance(account, FaultyAccount):
                faulty += 1
                fault_count += len(account.faults)
                if len(faults) < FAULTS_SHOWN_MAX:
                    subjects.append(account.subject)
                faults += account.faults[: FAULTS_SHOWN_MAX - len(faults)]
    except SourceError as exc:
        fault_count += 1
        faults.append(source_fault("", exc))
    return CheckReport(
        accounts=count, faulty=faulty, fault_count=fault_count, faults=tuple(faults), subjects=tuple(subjects)
    )


def source_fault(result_set: str, error: SourceError) -> Fault:
    """A fault of a query or of the whole source."""
    return Fault(
        code="SOURCE",
        result_set=result_set,
        message=str(error),
        fix="Fix this before pulling a batch from this source.",
    )
