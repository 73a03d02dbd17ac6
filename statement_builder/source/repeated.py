"""Each guarantor once: rows of one guarantor at two places of the mailing order make two accounts, both incomplete."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TypeVar

from statement_builder.billing.model import Fault, FaultyAccount, GuarantorAccount
from statement_builder.errors import RepeatedSubjects

_Read = TypeVar("_Read")

_PARTS = 8

_FAULT = Fault(
    code="SPLIT",
    result_set="guarantors",
    column="mail_sort",
    message="Rows of this guarantor have different values of mail_sort, so that no account has all of them.",
    fix="Return the same mail_sort on every row of a guarantor: correct the postal code, or the queries.",
)


def read_refusing(read: Callable[[frozenset[int]], _Read]) -> _Read:
    """Call `read` with the guarantors to refuse: none at first, and after `RepeatedSubjects` also those that it names.

    What `read` did before it raised must be harmless to do again.
    """
    refused: frozenset[int] = frozenset()
    while True:
        try:
            return read(refused)
        except RepeatedSubjects as exc:
            if exc.subjects <= refused:
                raise
            refused |= exc.subjects


def refuse_repeated(
    accounts: Iterable[GuarantorAccount | FaultyAccount], refused: frozenset[int]
) -> Iterator[GuarantorAccount | FaultyAccount]:
    """The accounts, and each of `refused` once, as an exception. `RepeatedSubjects`, at the end, names further ones.

    Keeps eight bytes per account, and a few more at the end.
    """
    seen = array("q")
    told: set[int] = set()
    for account in accounts:
        subject = account.subject if isinstance(account, FaultyAccount) else account.guarantor.guarantor_id
        key = hash(subject)
        if key not in refused:
            seen.append(key)
            yield account
        elif key not in told:
            told.add(key)
            yield _refuse(subject, account)
    if repeated := frozenset(_repeated(seen)):
        raise RepeatedSubjects(
            f"The rows of {len(repeated)} guarantors have different values of mail_sort. `statements source check` "
            "lists them (SPLIT)",
            repeated,
        )


def _refuse(subject: str, account: GuarantorAccount | FaultyAccount) -> FaultyAccount:
    return FaultyAccount(
        subject=subject,
        faults=(*account.faults, _FAULT) if isinstance(account, FaultyAccount) else (_FAULT,),
        cents=account.cents if isinstance(account, FaultyAccount) else 0,
    )


def _repeated(keys: Collection[int]) -> Iterator[int]:
    """The keys that occur more than once. A set of all of them would take a hundred bytes for each."""
    for part in range(_PARTS):
        some = [key for key in keys if key % _PARTS == part]
        if len(set(some)) < len(some):
            yield from (key for key, count in Counter(some).items() if count > 1)
