"""What `statements source check` says: is the source as the contract says, and where not, what to do."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import field

from statement_builder.billing.model import Fault, FaultyAccount, GuarantorAccount, Record
from statement_builder.errors import SourceError

FAULTS_SHOWN_MAX = 1000
"""A broken extract has a fault on every row: nobody reads more than the first ones, and memory stays flat."""


class CheckReport(Record, kw_only=True):
    """One look at a source. `faults` are the first ones; `fault_count` is how many there are."""

    accounts: int = 0
    faulty: int = 0
    fault_count: int = 0
    faults: tuple[Fault, ...] = ()
    rows: dict[str, int] = field(default_factory=dict)
    feeds: dict[str, datetime] = field(default_factory=dict)


def tally_accounts(accounts: Iterable[GuarantorAccount | FaultyAccount]) -> CheckReport:
    """Count the accounts and collect their faults; a source that stops in the middle adds that as its last fault."""
    count = faulty = fault_count = 0
    faults: list[Fault] = []
    try:
        for account in accounts:
            count += 1
            if isinstance(account, FaultyAccount):
                faulty += 1
                fault_count += len(account.faults)
                faults += account.faults[: FAULTS_SHOWN_MAX - len(faults)]
    except SourceError as exc:
        fault_count += 1
        faults.append(source_fault("", exc))
    return CheckReport(accounts=count, faulty=faulty, fault_count=fault_count, faults=tuple(faults))


def source_fault(result_set: str, error: SourceError) -> Fault:
    """Something that is wrong with a query or the source as a whole."""
    return Fault(
        code="SOURCE",
        result_set=result_set,
        message=str(error),
        fix="Until this is mended no batch can be pulled from this source.",
    )
