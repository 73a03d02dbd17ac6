"""What an agency must hear about a placed visit: payments that came to the hospital, adjustments, and recalls."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from statement_builder.billing.balance import encounter_balance
from statement_builder.billing.model import Encounter, Record
from statement_builder.billing.selection import Hold

AGENCY_METHOD = "AGENCY"
"""The payment method with which the billing system posts what an agency collected and paid over."""

RECALL_CODES = frozenset(
    {
        *("BANKR_STAY", "BANKR_DISCH", "DECEASED", "ESTATE", "MINOR_GUAR", "INMATE"),
        *("FAP_PENDING", "FAP_APPROVED", "CHARITY100"),
        *("MCAID", "MCAID_PEND", "QMB", "WC", "TPL", "AUTO", "CLIENT", "INS_PEND"),
        *("DISPUTE", "VERIFY_OPEN", "COMPLAINT", "PPDR", "IDR", "GFE400", "CONTEST", "LEGAL"),
        *("PART2", "DV", "MINOR_SENS", "UNKNOWN_HOLD", "ADMIN_PAUSE"),
    }
)
"""Holds that take a visit back from its agency. An application stops collection actions (26 CFR 1.501(r)-6(c)(8)), a
bankruptcy every act to collect (11 USC 362(a)(6)), and a dispute of an estimate too (45 CFR 149.620)."""


class PlacedAmounts(Record, kw_only=True):
    """A visit's amounts as the billing system has them, in cents: `charged - direct - by_agency` is the balance."""

    charged_cents: int
    """Charges less what insurance paid and every adjustment."""
    direct_cents: int
    """What patients paid to the hospital."""
    by_agency_cents: int
    """What agencies collected and paid over."""

    @property
    def balance_cents(self) -> int:
        return self.charged_cents - self.direct_cents - self.by_agency_cents


def find_amounts(encounter: Encounter, as_of: date) -> PlacedAmounts:
    """The amounts of one visit as of a date."""
    balance = encounter_balance(encounter, as_of)
    by_agency = sum(
        payment.amount_cents
        for payment in encounter.payments
        if payment.posted_on <= as_of and payment.method.strip().upper() == AGENCY_METHOD
    )
    return PlacedAmounts(
        charged_cents=balance.balance_cents + balance.patient_paid_cents,
        direct_cents=balance.patient_paid_cents - by_agency,
        by_agency_cents=by_agency,
    )


def find_recall(account_number: str, holds: Iterable[Hold]) -> str:
    """The code of the first hold that takes the visit back from its agency. Empty: none does."""
    codes = (hold.code for hold in holds if hold.account_number in ("", account_number))
    return next((code for code in codes if code in RECALL_CODES), "")
