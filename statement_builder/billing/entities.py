"""Which visits are billed by somebody else than the hospital."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from statement_builder.billing.model import BillingEntity, EntityKind, GuarantorAccount

_NONE: Mapping[str, BillingEntity] = MappingProxyType({})


def group_visits(account: GuarantorAccount) -> Mapping[str, BillingEntity]:
    """Account number → the physician group that bills the visit. The hospital's own visits are not in it."""
    if not account.billing_entities:
        return _NONE
    groups = {each.entity_id: each for each in account.billing_entities if each.kind is EntityKind.PHYSICIAN_GROUP}
    return {
        each.account_number: groups[each.billing_entity_id]
        for each in account.encounters
        if each.billing_entity_id in groups
    }
