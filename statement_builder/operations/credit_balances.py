"""The list of credit balances as of a date, read from the billing system as a stream. Writes nothing."""

from __future__ import annotations

from datetime import date
from functools import partial

from msgspec import field

from statement_builder.billing.model import GuarantorAccount, Record
from statement_builder.containment import contain
from statement_builder.pipeline.context import AppContext
from statement_builder.policy import split_account
from statement_builder.policy.credit_balances import CreditBalance, find_credit_balances, sort_credit_balances
from statement_builder.source import read_refusing, require_fresh


class CreditBalanceList(Record, kw_only=True):
    """All credits of the billing system, those with the nearest deadline first."""

    as_of: date
    total_cents: int
    rows: tuple[CreditBalance, ...] = field(name="credits")
    unreadable: int
    """Accounts with bad rows, whose credits are not known. `statements source check` lists them."""


def list_credit_balances(context: AppContext, as_of: date) -> CreditBalanceList:
    """The credits as of a date. `SourceError` if the source cannot be read, or is too old."""
    return read_refusing(partial(_read_credits, context, as_of))


def _read_credits(context: AppContext, as_of: date, refused: frozenset[int]) -> CreditBalanceList:
    found: list[CreditBalance] = []
    unreadable = 0
    policy = context.settings.policy
    with context.open_source(context.settings.source.name) as source:
        max_age_hours = context.settings.source.max_age_hours
        require_fresh(source.feeds(), feed="billing", now=context.now(), max_age_hours=max_age_hours)
        for entry in source.accounts(as_of=as_of, cycle=f"{as_of:%Y-%m}", refused=refused):
            if not isinstance(entry, GuarantorAccount):
                unreadable += 1
                continue
            try:
                credits = [each for part in split_account(entry) for each in find_credit_balances(part, policy, as_of)]
            except Exception as exc:  # noqa: BLE001 - one account's error must not stop the others
                contain(exc, "listing the credits of this account", entry.guarantor.guarantor_id)
                unreadable += 1
                continue
            found += credits
    return CreditBalanceList(
        as_of=as_of,
        total_cents=sum(each.amount_cents for each in found),
        rows=sort_credit_balances(found),
        unreadable=unreadable,
    )
