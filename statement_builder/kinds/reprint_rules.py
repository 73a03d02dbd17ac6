"""Whether a document that was already mailed may be reprinted.

A guarantor who asks for a reprint may have paid since, or may have been mailed to yesterday, so amounts and dates do
not block a reprint. Legal, privacy, and address holds do (`blocks_reprint` in `hold_codes.toml`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from datetime import date

from statement_builder.billing.model import GuarantorAccount
from statement_builder.billing.selection import Hold, Kind
from statement_builder.kinds.decide import decide
from statement_builder.kinds.registry import definition_of
from statement_builder.policy.candidate import find_holds, open_candidate
from statement_builder.policy.hold_codes import HOLD_CODES, make_hold
from statement_builder.policy.requests import AMOUNT_RULES, PRIVACY_RULES
from statement_builder.policy.settings import Policy

_BLOCKING_CODES = frozenset(code.code for code in HOLD_CODES.values() if code.blocks_reprint)


def find_reprint_holds(
    account: GuarantorAccount | None,
    kind: Kind,
    policy: Policy,
    as_of: date,
    *,
    account_numbers: Sequence[str],
    episode_id: str,
) -> tuple[Hold, ...]:
    """All reasons why a document about these visits, or this pregnancy, must not be reprinted.

    `account` is the guarantor's data as of `as_of`, or None if the guarantor is no longer on file.
    """
    definition = definition_of(kind)
    if account is None or not (definition.is_candidate(account) or may_copy_when_over(account, kind, account_numbers)):
        return (make_hold("NOT_ON_FILE"),)
    if definition.is_candidate(account):
        found = decide(account, kind, policy, as_of).holds
    else:
        found = _holds_when_over(account, kind, policy, as_of, account_numbers)
    holds = [hold for hold in found if hold.code in _BLOCKING_CODES]
    holds += definition.reprint_holds(account, tuple(account_numbers), episode_id)
    relevant = {"", *account_numbers}
    return tuple(dict.fromkeys(hold for hold in holds if hold.account_number in relevant))


def may_copy_when_over(account: GuarantorAccount, kind: Kind, account_numbers: Collection[str]) -> bool:
    """Whether a copy can be made although what the document is about has ended: its visits are still on file."""
    on_file = {each.account_number for each in account.encounters}
    return definition_of(kind).copies_when_over and bool(account_numbers) and set(account_numbers) <= on_file


def _holds_when_over(
    account: GuarantorAccount, kind: Kind, policy: Policy, as_of: date, account_numbers: Collection[str]
) -> tuple[Hold, ...]:
    """What law, privacy, and the address hold about these visits, whatever the document is about."""
    candidate = open_candidate(account, kind, policy, as_of)
    visits = tuple(each for each in account.encounters if each.account_number in account_numbers)
    rules = (*PRIVACY_RULES, *AMOUNT_RULES)
    return find_holds(dataclasses.replace(candidate, with_balance=visits), rules)
