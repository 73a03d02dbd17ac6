"""One candidate with what every rule reads worked out once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from statement_builder.billing.balance import EncounterBalance, encounter_balance
from statement_builder.billing.model import Encounter, GuarantorAccount
from statement_builder.billing.plans import PlanPosition, standing_plans
from statement_builder.billing.selection import Hold, Kind
from statement_builder.policy.settings import Policy


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A guarantor's account on a day, under a policy, considered for one kind of document."""

    account: GuarantorAccount
    kind: Kind
    policy: Policy
    as_of: date
    balances: dict[str, EncounterBalance]
    """By account number."""
    owing: tuple[Encounter, ...]
    """The encounters that a decision is needed on: something is owed on them, either way."""
    plans: dict[str, PlanPosition]
    """The plans that stand, by plan id."""

    def balance(self, encounter: Encounter) -> EncounterBalance:
        return self.balances[encounter.account_number]

    def next_mailing_on(self, last_mailed_on: date) -> date:
        """The first day on which the gap after a mailing is over."""
        return last_mailed_on + timedelta(days=self.policy.statement_gap_days)


Rule = Callable[[Case], Iterable[Hold]]
"""A rule finds holds: on one encounter where it names one, on the whole guarantor where it names none."""

ClosingRule = Callable[[Case, tuple[Encounter, ...]], Iterable[Hold]]
"""A rule on what would be mailed together: the encounters that no hold has been found on."""


def open_case(account: GuarantorAccount, kind: Kind, policy: Policy, as_of: date) -> Case:
    """Raises nothing: what the contract admits can be worked out."""
    balances = {each.account_number: encounter_balance(each, as_of) for each in account.encounters}
    return Case(
        account=account,
        kind=kind,
        policy=policy,
        as_of=as_of,
        balances=balances,
        owing=tuple([each for each in account.encounters if balances[each.account_number].balance_cents]),
        plans=standing_plans(account, as_of, grace_days=policy.plan_grace_days, lapse_days=policy.plan_lapse_days),
    )


def find_holds(case: Case, rules: Iterable[Rule]) -> tuple[Hold, ...]:
    """Every hold that the rules find, in their order, each once."""
    return tuple(dict.fromkeys(hold for rule in rules for hold in rule(case)))


def free_encounters(case: Case, holds: Iterable[Hold]) -> tuple[Encounter, ...]:
    """The encounters without a hold of their own, in the order in which they are printed: by date of service."""
    held = {hold.account_number for hold in holds}
    free = (each for each in case.account.encounters if each.account_number not in held)
    return tuple(sorted(free, key=lambda each: (each.service_from, each.account_number)))


def close(case: Case, holds: tuple[Hold, ...], rules: Iterable[ClosingRule]) -> tuple[Hold, ...]:
    """The holds with those that the closing rules add, each rule seeing what the ones before it have left."""
    for rule in rules:
        holds = tuple(dict.fromkeys((*holds, *rule(case, free_encounters(case, holds)))))
    return holds


def guarantor_is_held(holds: Iterable[Hold]) -> bool:
    """Whether any hold is on the guarantor as a whole."""
    return any(not hold.account_number for hold in holds)
