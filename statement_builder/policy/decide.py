"""The decision on one candidate: selected, held with every reason, or an exception. Pure: no clock, no I/O."""

from __future__ import annotations

from datetime import date

from statement_builder.billing.balance import owed_cents
from statement_builder.billing.model import EpisodeStatus, Fault, GuarantorAccount
from statement_builder.billing.obstetric import remaining_cents
from statement_builder.billing.selection import Decision, Kind
from statement_builder.policy.candidate import open_candidate
from statement_builder.policy.dunning import select_letter
from statement_builder.policy.obstetric import select_notice
from statement_builder.policy.settings import Policy
from statement_builder.policy.statement import select_statement


def is_candidate(account: GuarantorAccount, kind: Kind) -> bool:
    """Whether a batch of this kind decides about this guarantor.

    Every guarantor is a candidate for a statement, a guarantor with visits for a letter, and a guarantor with a
    pregnancy on file for an obstetric notice.
    """
    if kind is Kind.OB_NOTICE:
        return bool(account.episodes)
    return kind is Kind.STATEMENT or bool(account.encounters)


def candidate_cents(account: GuarantorAccount, kind: Kind, as_of: date) -> int | None:
    """The cents that the control totals count for this candidate: what is owed, or for an obstetric notice the
    remaining active estimates. None: not a candidate for this kind.
    """
    if not is_candidate(account, kind):
        return None
    return _estimated_cents(account, as_of) if kind is Kind.OB_NOTICE else owed_cents(account, as_of)


def _estimated_cents(account: GuarantorAccount, as_of: date) -> int:
    active = (each for each in account.episodes if each.status is EpisodeStatus.ACTIVE)
    return sum(remaining_cents(each, as_of) for each in active)


def decide(account: GuarantorAccount, kind: Kind, policy: Policy, as_of: date) -> Decision:
    """The outcome for one candidate, with all reasons. The held cents are `balance_cents` less the selected amount.

    ValueError if the account is not a candidate for this kind.
    """
    if not is_candidate(account, kind):
        raise ValueError(f"guarantor {account.guarantor.guarantor_id} is not a candidate for {kind}")
    candidate = open_candidate(account, kind, policy, as_of)
    faults: tuple[Fault, ...] = ()
    if kind is Kind.STATEMENT:
        selection, holds = select_statement(candidate)
    elif kind is Kind.DUNNING:
        selection, holds = select_letter(candidate)
    else:
        selection, holds, faults = select_notice(candidate)
    return Decision(
        kind=kind,
        guarantor_id=account.guarantor.guarantor_id,
        balance_cents=_estimated_cents(account, as_of) if kind is Kind.OB_NOTICE else candidate.owed_cents,
        selection=selection,
        holds=holds,
        faults=faults,
    )
