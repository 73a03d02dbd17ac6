"""What the hospital's ledgers say is owed."""

from __future__ import annotations

from enum import StrEnum

from statement_builder.billing.model.record import Record
from statement_builder.billing.model.visits import FinancialClass


class ReceivableLedger(StrEnum):
    """Whose total a tie-out compares with."""

    BILLING_SYSTEM = "billing_system"
    GENERAL_LEDGER = "general_ledger"


class Receivable(Record, kw_only=True):
    """What one ledger says is owed in one payer class, by patients and insurance."""

    ledger: ReceivableLedger
    financial_class: FinancialClass | None
    """None: the ledger has one total only."""
    balance_cents: int


class ReceivableAccount(Record, kw_only=True):
    """What the billing system itself says is owed on one account."""

    guarantor_id: str
    account_number: str
    financial_class: FinancialClass
    balance_cents: int
