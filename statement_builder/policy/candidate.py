"""One candidate for a document, with everything that several rules read calculated once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, TypeVar

from statement_builder.billing.balance import EncounterBalance, encounter_balance
from statement_builder.billing.model import Encounter, GuarantorAccount
from statement_builder.billing.plans import PlanPosition, plans_in_force
from statement_builder.billing.selection import Hold, Kind
from statement_builder.policy.group_bills import find_group_holds
from statement_builder.policy.settings import Policy

_Subject = TypeVar("_Subject")


class CheckedRule(NamedTuple):
    """A rule that was applied to a candidate, and what it found."""

    says: str
    """The first sentence of the rule's documentation; empty if it has none."""
    holds: tuple[Hold, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A guarantor's account as of a date, under a policy, considered for one kind of document."""

    account: GuarantorAccount
    kind: Kind
    policy: Policy
    as_of: date
    balances: dict[str, EncounterBalance]
    """By account number."""
    with_balance: tuple[Encounter, ...]
    """The encounters that need a decision: their balance is a debit or a credit, not zero."""
    plans: dict[str, PlanPosition]
    """The payment plans in force, by plan id."""
    trace: list[CheckedRule] | None = None
    """What each rule found, in order, for a person who asks about one account. None in a batch, which needs no list."""

    def balance(self, encounter: Encounter) -> EncounterBalance:
        return self.balances[encounter.account_number]

    @property
    def owed_cents(self) -> int:
        """As `billing.balance.owed_cents`, from the balances that are calculated already."""
        return sum([self.balance(each).balance_cents for each in self.account.encounters])


Rule = Callable[[Candidate], Iterable[Hold]]
"""Finds holds. A hold with an account number is on that encounter, one without is on the whole guarantor."""

ClosingRule = Callable[[Candidate, tuple[Encounter, ...]], Iterable[Hold]]
"""Finds holds on the encounters that would be mailed together: those without a hold so far."""


def open_candidate(
    account: GuarantorAccount, kind: Kind, policy: Policy, as_of: date, *, trace: list[CheckedRule] | None = None
) -> Candidate:
    """Calculate the balances and plans of an account as of a date. Any account that meets the contract is valid.
    `trace` takes what each rule finds.

    ValueError if the account has contacts: it must be split by recipient first (`split_accounts`).
    """
    if account.contacts:
        raise ValueError(f"guarantor {account.guarantor.guarantor_id}: not split by recipient")
    balances = {each.account_number: encounter_balance(each, as_of) for each in account.encounters}
    return Candidate(
        account=account,
        kind=kind,
        policy=policy,
        as_of=as_of,
        balances=balances,
        with_balance=tuple([each for each in account.encounters if balances[each.account_number].balance_cents]),
        plans=plans_in_force(
            account,
            as_of,
            grace_days=policy.plan_grace_days,
            lapse_days=policy.plan_lapse_days,
            cure_days=policy.plan_cure_days,
            letter_required=policy.plan_letter_required,
        ),
        trace=trace,
    )


def find_holds(candidate: Candidate, rules: Iterable[Rule]) -> tuple[Hold, ...]:
    """All holds that the rules find, in rule order, without duplicates. What a physician group bills is held for every
    kind of document, so that no kind can forget it."""
    if candidate.account.billing_entities:
        rules = (*rules, hold_group_bills)
    return apply_rules(candidate, rules, candidate.trace)


def hold_group_bills(candidate: Candidate) -> Iterable[Hold]:
    """Hold a visit that a physician group bills, unless statements may show it under the group's own name."""
    return find_group_holds(
        candidate.account, candidate.with_balance, candidate.kind, candidate.policy, candidate.plans
    )


def apply_rules(
    subject: _Subject, rules: Iterable[Callable[[_Subject], Iterable[Hold]]], trace: list[CheckedRule] | None
) -> tuple[Hold, ...]:
    """`find_holds` for rules about something else than a candidate, such as one pregnancy."""
    if trace is None:
        return tuple(dict.fromkeys(hold for rule in rules for hold in rule(subject)))
    found: list[Hold] = []
    for rule in rules:
        holds = tuple(rule(subject))
        trace.append(CheckedRule(first_sentence(rule.__doc__), holds))
        found += holds
    return tuple(dict.fromkeys(found))


def billable_encounters(candidate: Candidate, holds: Iterable[Hold]) -> tuple[Encounter, ...]:
    """The encounters without a hold of their own, in print order: by date of service."""
    held = {hold.account_number for hold in holds}
    billable = (each for each in candidate.account.encounters if each.account_number not in held)
    return tuple(sorted(billable, key=lambda each: (each.service_from, each.account_number)))


def apply_closing_rules(
    candidate: Candidate, holds: tuple[Hold, ...], rules: Iterable[ClosingRule]
) -> tuple[Hold, ...]:
    """The holds plus those that the closing rules find. Each rule sees what the rules before it left billable."""
    billable = billable_encounters(candidate, holds)
    for rule in rules:
        found = tuple(rule(candidate, billable))
        if candidate.trace is not None:
            candidate.trace.append(CheckedRule(first_sentence(rule.__doc__), found))
        if found:
            holds = tuple(dict.fromkeys((*holds, *found)))
            billable = billable_encounters(candidate, holds)
    return holds


def first_sentence(documentation: str | None) -> str:
    """What a person reads about a rule: the first sentence of its documentation. Empty if it has none."""
    text = " ".join((documentation or "").split())
    sentence, period, _ = text.partition(". ")
    return f"{sentence}." if period else text


def guarantor_is_held(holds: Iterable[Hold]) -> bool:
    """Whether any hold is on the whole guarantor."""
    return any(not hold.account_number for hold in holds)
