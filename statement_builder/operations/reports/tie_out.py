"""Reads what a tie-out compares: the pulled accounts, and the billing system's own list and totals."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import date

from statement_builder.billing.identifiers import guarantor_of
from statement_builder.billing.model import FaultyAccount, ReceivableAccount, ReceivableLedger
from statement_builder.errors import ConfigError
from statement_builder.ledger import Batch
from statement_builder.operations.reports.accounts import Entry, read_accounts
from statement_builder.pipeline.context import AppContext
from statement_builder.reports.billing_office import (
    ComparedAccount,
    PulledTotals,
    Report,
    report_tie_out,
    report_tie_out_accounts,
)
from statement_builder.reports.billing_office.visits import UNREADABLE, list_visits

_TABLES = """
CREATE TABLE pulled (guarantor TEXT, account TEXT, class TEXT, cents INTEGER);
CREATE TABLE billing (guarantor TEXT, account TEXT, class TEXT, cents INTEGER);
"""
_COMPARE = """
SELECT COALESCE(NULLIF(p.guarantor, ''), b.guarantor, ''), COALESCE(p.account, b.account), COALESCE(p.class, ''),
       COALESCE(p.cents, 0), COALESCE(b.class, ''), COALESCE(b.cents, 0)
FROM pulled AS p FULL OUTER JOIN billing AS b ON b.account = p.account AND b.guarantor = p.guarantor
WHERE p.cents IS NOT b.cents OR p.class IS NOT b.class
ORDER BY 1, 2
"""
_INDEX = "CREATE INDEX billing_account ON billing (account, guarantor)"


def open_tie_out(context: AppContext, batch: Batch | None, as_of: date, refused: frozenset[int]) -> Report:
    """The totals by payer class of the batch, or of the billing system now, against those of the other ledgers."""
    unreadable: list[FaultyAccount] = []
    sums: Counter[str] = Counter()
    for visit in list_visits(read_accounts(context, batch, as_of, refused), as_of, unreadable):
        sums[visit.financial_class] += visit.balance.balance_cents
    if unreadable:
        sums[UNREADABLE] = sum(entry.cents for entry in unreadable)
    recorded = context.ledger.control_totals.get(batch.batch_id).cents.pulled if batch else None
    with context.open_source(_source_of(context, batch)) as source:
        receivables = source.receivables(as_of=as_of, cycle=f"{as_of:%Y-%m}")
    return report_tie_out(PulledTotals(by_class=sums, recorded_cents=recorded), receivables, as_of)


def open_tie_out_accounts(context: AppContext, batch: Batch | None, as_of: date, refused: frozenset[int]) -> Report:
    """The accounts that differ. Both lists are in a temporary database that SQLite removes, so that neither must be in
    memory, and neither must be in an order. `ConfigError` if the billing system gives no list."""
    notes: list[str] = []
    database = sqlite3.connect("")  # a private file that has no name and is gone when it is closed
    try:
        database.executescript(_TABLES)
        with context.open_source(_source_of(context, batch)) as source:
            totals = source.receivables(as_of=as_of, cycle=f"{as_of:%Y-%m}")
            unread, listed = [0], Counter[str]()
            accounts = source.receivable_accounts(as_of=as_of, cycle=f"{as_of:%Y-%m}")
            database.executemany("INSERT INTO billing VALUES (?, ?, ?, ?)", _billing_rows(accounts, listed, unread))
        if not listed and not unread[0]:
            raise ConfigError(
                "The billing system gives no list of balances: write receivable_accounts.sql (sql/contract.md)."
            )
        database.executemany(
            "INSERT INTO pulled VALUES (?, ?, ?, ?)", _pulled_rows(read_accounts(context, batch, as_of, refused), as_of)
        )
        database.execute(_INDEX)
    except BaseException:
        database.close()
        raise
    if unread[0]:
        notes.append(f"{unread[0]:,} rows of receivable_accounts.sql cannot be read, and are on no line.")
    rest: Counter[str] = Counter()
    for each in totals:
        if each.ledger is ReceivableLedger.BILLING_SYSTEM and each.financial_class is not None:
            rest[each.financial_class.value] += each.balance_cents
    if rest:
        rest.subtract(listed)
    report = report_tie_out_accounts(_compare(database), rest, as_of)
    report.notes.extend(notes)
    return report


def _source_of(context: AppContext, batch: Batch | None) -> str:
    return batch.source if batch else context.settings.source.name


def _billing_rows(
    accounts: Iterable[ReceivableAccount | None], listed: Counter[str], unread: list[int]
) -> Iterator[tuple[str, str, str, int]]:
    for each in accounts:
        if each is None:
            unread[0] += 1
            continue
        listed[each.financial_class.value] += each.balance_cents
        yield each.guarantor_id, each.account_number, each.financial_class.value, each.balance_cents


def _pulled_rows(entries: Iterable[Entry], as_of: date) -> Iterator[tuple[str, str, str, int]]:
    unreadable: list[FaultyAccount] = []
    for visit in list_visits(entries, as_of, unreadable):
        owner = guarantor_of(visit.guarantor_id)
        yield owner, visit.encounter.account_number, visit.financial_class, visit.balance.balance_cents
    for entry in unreadable:
        yield entry.subject, "", UNREADABLE, entry.cents


def _compare(database: sqlite3.Connection) -> Iterator[ComparedAccount]:
    with closing(database):
        for guarantor, account, pulled_class, pulled, billing_class, billing in database.execute(_COMPARE):
            yield ComparedAccount(
                guarantor_id=guarantor,
                account_number=account,
                pulled_class=pulled_class,
                pulled_cents=pulled,
                billing_class=billing_class,
                billing_cents=billing,
            )
