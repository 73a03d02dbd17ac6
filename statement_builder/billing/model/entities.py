"""Who bills for a visit, if it is not the hospital alone: each under its own name and taxes."""

from __future__ import annotations

from enum import StrEnum

from statement_builder.billing.model.record import Record


class EntityKind(StrEnum):
    """What a billing entity is."""

    HOSPITAL = "hospital"
    """The hospital of the settings, for billing systems that list it beside the others."""
    PHYSICIAN_GROUP = "physician_group"
    """Physicians or other professionals who bill under their own name. They are not the hospital facility, so its
    letters and its notices (26 CFR 1.501(r)-6) are never about them."""


class BillingEntity(Record, kw_only=True):
    """Who bills for some of a guarantor's visits."""

    entity_id: str
    kind: EntityKind
    name: str
    """The legal name, as printed."""
    tax_id: str
    """The federal tax id."""
    phone: str
    """Where patients ask about its bills."""
    hospital_collects: bool
    """Whether the hospital's billing office takes its payments with the hospital's own, so that one payment to one
    payee is enough."""
    in_assistance_policy: bool
    """Whether the hospital's financial assistance policy lists it as a provider that it covers (26 CFR
    1.501(r)-4(b)(1)(iii)(F))."""
