"""The decision on one candidate: selected, held with every reason, or an exception. Pure; no clock, no I/O."""

from __future__ import annotations

from datetime import date

from statement_builder.billing.balance import owed_cents
from statement_builder.billing.model import EpisodeStatus, Fault, GuarantorAccount
from statement_builder.billing.obstetric import remaining_cents
from statement_builder.billing.selection import Decision, Kind
from statement_builder.policy.candidate import open_case
from statement_builder.policy.dunning import select_letter
from statement_builder.policy.obstetric import select_notice
from statement_builder.policy.settings import Policy
from statement_builder.policy.statement import select_statement


def candidate_cents(account: GuarantorAccount, kind: Kind, as_of: date) -> int | None:
    """What this candidate is counted with in the control totals, in cents; None for no candidate of this kind.

    Everybody is a candidate for a statement; for a letter, who has visits; for an obstetric notice, who has a
    pregnancy on file, counted with what is left of the estimates of those that go on.
    """
    if kind is Kind.OB_NOTICE:
        if not account.episodes:
            return None
        active = (each for each in account.episodes if each.status is EpisodeStatus.ACTIVE)
        return sum(remaining_cents(each, as_of) for each in active)
    if kind is Kind.DUNNING and not account.encounters:
        return None
    return owed_cents(account, as_of)


def decide(account: GuarantorAccount, kind: Kind, policy: Policy, as_of: date) -> Decision:
    """The one outcome, with all reasons. What is held in cents is `balance_cents` less the selection's amount.

    Raises ValueError for an account that is no candidate of this kind.
    """
    balance_cents = candidate_cents(account, kind, as_of)
    if balance_cents is None:
        raise ValueError(f"guarantor {account.guarantor.guarantor_id} is no candidate for {kind}")
    case = open_case(account, kind, policy, as_of)
    faults: tuple[Fault, ...] = ()
    if kind is Kind.STATEMENT:
        selection, holds = select_statement(case)
    elif kind is Kind.DUNNING:
        selection, holds = select_letter(case)
    else:
        selection, holds, faults = select_notice(case)
    return Decision(
        kind=kind,
        guarantor_id=account.guarantor.guarantor_id,
        balance_cents=balance_cents,
        selection=selection,
        holds=holds,
        faults=faults,
    )
