"""What the pre-mail recheck of every kind of document compares."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from statement_builder.billing.selection import Hold, Selection
from statement_builder.policy.candidate import Candidate
from statement_builder.policy.group_bills import group_digests
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.settings import Policy

_CAUSED_BY_OTHER_VISITS = ("LOWER_LEVEL", "MINBAL")
"""Holds caused by visits that are not on the document. A change of the document's own amount is AMOUNT_CHANGED."""
_OF_THE_BALANCE = ("INS_PEND", "CREDIT", "ZERO", "NOT_FINAL", "LADDER", "GFE400", "MINBAL")
"""Holds that do not stop a statement from mentioning a visit. Any other one does, such as a confidential visit."""


def recheck_visits(
    candidate: Candidate, selection: Selection, holds: Iterable[Hold], visits_cents: Callable[[], int]
) -> Iterable[Hold]:
    """Of the holds found now, those on the document's visits; the visits that are gone; and a changed amount.

    `visits_cents` is the amount due on the document's visits now. It is called only if all of them are on file.
    """
    for hold in holds:
        applies = not hold.account_number or hold.account_number in selection.account_numbers
        mentioned = hold.account_number in selection.mentioned_account_numbers
        if (applies and hold.code not in _CAUSED_BY_OTHER_VISITS) or (mentioned and hold.code not in _OF_THE_BALANCE):
            yield hold
    missing = [number for number in selection.account_numbers if number not in candidate.balances]
    for number in missing:
        moved = number in candidate.account.split_off
        yield make_hold("OTHER_RECIPIENT" if moved else "NOT_ON_FILE", number)
    if not missing and group_digests(candidate.account, selection.account_numbers) != selection.billed_by:
        yield make_hold("GROUP_CHANGED")
    if not missing and amount_changed(visits_cents(), selection, candidate.policy):
        yield make_hold("AMOUNT_CHANGED")


def amount_changed(cents: int, selection: Selection, policy: Policy) -> bool:
    """Whether an amount differs from the document's by more than the tolerance."""
    return abs(cents - selection.amount_cents) > policy.restate_tolerance_cents
