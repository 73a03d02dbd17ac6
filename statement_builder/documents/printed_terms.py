"""The numbers of the hospital's policy that documents print or reckon with, handed over by the batch."""

from __future__ import annotations

from statement_builder.billing.model import Record


class Terms(Record, kw_only=True):
    """Each is a setting of the policy, with its citation there."""

    plan_grace_days: int
    plan_lapse_days: int
    pay_by_week: int
    """Week of pregnancy by which the estimate is to be paid."""
    installments_max: int
    courtesy_after_week: int
    assistance_days: int
    """How long after the first statement help with paying can be applied for: 240, 26 CFR 1.501(r)-1(b)(3)."""
    agency_name: str = ""
    """The collection agency that a final notice names; empty where the hospital places no accounts."""
