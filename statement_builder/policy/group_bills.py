"""The visits that physician groups bill: what keeps them off a document of the hospital.

A group is not the hospital facility. The hospital's letters, its notices of collection actions (26 CFR 1.501(r)-6), its
plans and its claims are never about a group's visits. If the hospital chose to, statements and itemized bills are, each
under the group's own name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable

import msgspec

from statement_builder.billing.entities import group_visits
from statement_builder.billing.model import Encounter, GuarantorAccount
from statement_builder.billing.selection import Hold, Kind
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.settings import Policy

_encode = msgspec.json.Encoder(order="deterministic").encode


def group_digests(account: GuarantorAccount, account_numbers: Iterable[str]) -> tuple[str, ...]:
    """SHA-256 of each visit's number and of the group that bills it. Empty: the hospital bills all."""
    groups = group_visits(account)
    billed = [(number, groups[number]) for number in account_numbers if number in groups] if groups else []
    return tuple(hashlib.sha256(_encode(each)).hexdigest() for each in billed)


def find_group_holds(
    account: GuarantorAccount, visits: Iterable[Encounter], kind: Kind, policy: Policy, plans: Container[str]
) -> Iterable[Hold]:
    """The holds on those of the visits that a physician group bills. None is on the hospital's own visits. `plans`: the
    ids of the payment plans in force."""
    groups = group_visits(account)
    if not groups or kind.traits.is_obstetric:
        return
    together = policy.physician_balances and kind.traits.shows_groups
    for each in visits:
        group = groups.get(each.account_number)
        if group is None:
            continue
        if not together:
            yield make_hold("GROUP_BILLS", each.account_number)
        elif not group.hospital_collects:
            yield make_hold("GROUP_PAYEE", each.account_number)
        elif each.sensitive:
            yield make_hold("GROUP_SENSITIVE", each.account_number)
        elif each.plan_id in plans:
            yield make_hold("GROUP_PLAN", each.account_number)
