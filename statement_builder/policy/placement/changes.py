"""What an agency must hear about a placed visit: payments that came to the hospital, adjustments, and recalls."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from statement_builder.billing.balance import encounter_balance
from statement_builder.billing.model import Encounter, Guarantor, Record
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
        *("ATTY", "CONF_NOADDR", "CONF_VISIT"),
    }
)
"""Holds that take a visit back from its agency. An application stops collection actions (26 CFR 1.501(r)-6(c)(8)), a
bankruptcy every act to collect (11 USC 362(a)(6)), and a dispute of an estimate too (45 CFR 149.620). An attorney is to
be written to instead of the client (15 USC 1692c(a)(2)), and a confidential address instead of the one that the agency
has (45 CFR 164.522(b))."""


ELSEWHERE = "PLACE_CONTACT"
"""The hold code of a visit whose mail goes to an attorney or to a confidential address."""


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


def find_recall(guarantor: Guarantor, encounter: Encounter, holds: Iterable[Hold]) -> str:
    """The code of the first hold that takes the visit back from its agency, or of a gate of placement that it would not
    pass now, because its mail goes elsewhere or it is confidential. Empty: nothing does. `guarantor` is who gets the
    visit's mail now."""
    codes = (hold.code for hold in holds if hold.account_number in ("", encounter.account_number))
    if found := next((code for code in codes if code in RECALL_CODES), ""):
        return found
    if has_own_mail(guarantor):
        return "PLACE_SENSITIVE" if encounter.sensitive else ""
    return ELSEWHERE


def has_own_mail(guarantor: Guarantor) -> bool:
    """Whether mail goes to the guarantor: not to an attorney (15 USC 1692c(a)(2)), nor to a confidential address, which
    an agency might not keep (45 CFR 164.522(b))."""
    return guarantor.contact_kind is None and guarantor.confidential_address is None
