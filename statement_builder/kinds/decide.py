"""The decision on one candidate: selected, held with every reason, or an exception. Pure: no clock, no I/O."""

from __future__ import annotations

from datetime import date

from statement_builder.billing.balance import owed_cents
from statement_builder.billing.model import FaultyAccount, GuarantorAccount
from statement_builder.billing.selection import Decision, Kind
from statement_builder.kinds.registry import definition_of
from statement_builder.policy.candidate import CheckedRule, open_candidate
from statement_builder.policy.settings import Policy


def candidate_cents(account: GuarantorAccount, kind: Kind, as_of: date) -> int | None:
    """The cents that the control totals count for this candidate. None: not a candidate for this kind."""
    definition = definition_of(kind)
    return definition.candidate_cents(account, as_of) if definition.is_candidate(account) else None


def faulty_candidate_cents(entry: FaultyAccount, kind: Kind) -> int | None:
    """The cents that the control totals count for this exception. None: not a candidate for this kind."""
    return entry.cents if definition_of(kind).is_faulty_candidate(entry) else None


def decide(account: GuarantorAccount, kind: Kind, policy: Policy, as_of: date) -> Decision:
    """The outcome for one candidate, with all reasons. The held cents are `balance_cents` less the selected amount.

    ValueError if the account is not a candidate for this kind.
    """
    return _decide(account, kind, policy, as_of, trace=None)


def explain(
    account: GuarantorAccount, kind: Kind, policy: Policy, as_of: date
) -> tuple[Decision, tuple[CheckedRule, ...]]:
    """The same decision, and every rule that was applied, in order. Several letters of one kind to one guarantor are
    considered one after the other, so that a rule can be listed more than once. ValueError as `decide`."""
    trace: list[CheckedRule] = []
    decision = _decide(account, kind, policy, as_of, trace=trace)
    return decision, tuple(trace)


def _decide(
    account: GuarantorAccount, kind: Kind, policy: Policy, as_of: date, *, trace: list[CheckedRule] | None
) -> Decision:
    definition = definition_of(kind)
    if not definition.is_candidate(account):
        raise ValueError(f"guarantor {account.guarantor.guarantor_id} is not a candidate for {kind}")
    candidate = open_candidate(account, kind, policy, as_of, trace=trace)
    selection, holds, faults = definition.select(candidate)
    # The candidate has its balances already, and adding them up again is slow.
    has_total = definition.candidate_cents is owed_cents
    return Decision(
        kind=kind,
        guarantor_id=account.guarantor.guarantor_id,
        balance_cents=candidate.owed_cents if has_total else definition.candidate_cents(account, as_of),
        selection=selection,
        holds=holds,
        faults=faults,
    )
