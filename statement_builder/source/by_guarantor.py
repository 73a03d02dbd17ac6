"""Proves that the queries by guarantor return the accounts that the queries for everybody return."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from statement_builder.billing.model import Fault, FaultyAccount, GuarantorAccount
from statement_builder.source.faults import account_fault

_SAMPLE_MAX = 200


class AccountSample:
    """Some of the accounts of a whole pull, spread evenly over it, in constant memory."""

    def __init__(self) -> None:
        self._accounts: list[GuarantorAccount] = []
        self._step = 1
        self._count = 0

    @property
    def guarantor_ids(self) -> list[str]:
        """Whose accounts these are."""
        return [account.guarantor.guarantor_id for account in self._accounts]

    def watch(self, accounts: Iterable[GuarantorAccount | FaultyAccount]) -> Iterator[GuarantorAccount | FaultyAccount]:
        """The accounts, of which some are kept."""
        self._accounts, self._step, self._count = [], 1, 0
        for account in accounts:
            if isinstance(account, GuarantorAccount):
                if self._count % self._step == 0:
                    self._accounts.append(account)
                self._count += 1
                if len(self._accounts) > _SAMPLE_MAX:
                    self._accounts, self._step = self._accounts[::2], 2 * self._step
            yield account

    def compare(self, found: Collection[GuarantorAccount | FaultyAccount]) -> Iterator[Fault]:
        """A fault for each account of the sample that `found`, read by guarantor, lacks or has otherwise."""
        by_id = {each.guarantor.guarantor_id: each for each in found if isinstance(each, GuarantorAccount)}
        for account in self._accounts:
            guarantor_id = account.guarantor.guarantor_id
            other = by_id.get(guarantor_id)
            names = [] if other is None else _differences(account, other)
            if other is None or names:
                yield account_fault(
                    "guarantors",
                    "guarantor_id",
                    guarantor_id,
                    code="BY_GUARANTOR",
                    problem="has another account when it is queried alone than among all guarantors"
                    + (f" ({', '.join(names)})" if names else ""),
                    fix="Correct the conditions with :guarantor_ids, or check again if the data has just been loaded.",
                )


def _differences(one: GuarantorAccount, other: GuarantorAccount) -> list[str]:
    return [name for name in one.__struct_fields__ if getattr(one, name) != getattr(other, name)]
