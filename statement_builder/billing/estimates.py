"""The good faith estimate of a visit without insurance (45 CFR 149.610)."""

from __future__ import annotations

from statement_builder.billing.model import Encounter, FinancialClass

DISPUTE_EXCESS_CENTS = 40_000
"""Charges this far above the estimate give the patient the right to a federal dispute (45 CFR 149.620(a)(2)). A
hospital's own review may begin earlier."""


def exceeds_estimate(encounter: Encounter, charges_cents: int, excess_cents: int = DISPUTE_EXCESS_CENTS) -> bool:
    """Whether a self-pay visit's charges are at least this much above its estimate. False without an estimate."""
    estimate_cents = encounter.good_faith_estimate_cents
    if encounter.financial_class is not FinancialClass.SELF_PAY or estimate_cents is None:
        return False
    return charges_cents >= estimate_cents + excess_cents
