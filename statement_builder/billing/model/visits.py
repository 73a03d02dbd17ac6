"""Visits and stays: their charges, what was paid and adjusted, and the coverage of their patients."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from statement_builder.billing.model.record import Record
from statement_builder.billing.model.requests import DocumentRequest


class PatientClass(StrEnum):
    INPATIENT = "inpatient"
    OUTPATIENT = "outpatient"
    EMERGENCY = "emergency"
    OBSERVATION = "observation"
    RECURRING = "recurring"


class FinancialClass(StrEnum):
    """The expected primary payer. Patients in some classes must never be billed."""

    SELF_PAY = "self_pay"
    COMMERCIAL = "commercial"
    MEDICARE = "medicare"
    MEDICARE_ADVANTAGE = "medicare_advantage"
    QMB = "qmb"
    MEDICAID = "medicaid"
    MEDICAID_PENDING = "medicaid_pending"
    TRICARE = "tricare"
    WORKERS_COMP = "workers_comp"
    THIRD_PARTY = "third_party"
    AUTO = "auto"
    CLIENT = "client"
    CHARITY = "charity"


class InsuranceStatus(StrEnum):
    """The state of the claim. Only `none`, `adjudicated`, and `denied` make the patient's share final."""

    NONE = "none"
    PENDING = "pending"
    APPEAL = "appeal"
    ADJUDICATED = "adjudicated"
    DENIED = "denied"


class Charge(Record, kw_only=True):
    charge_id: str
    service_on: date
    posted_on: date
    description: str
    code: str = ""
    revenue_code: str = ""
    """The UB-04 revenue code, which gives the line's category on an itemized bill. Any other text gives none."""
    quantity: int = 1
    amount_cents: int
    """Never negative: a correction is an adjustment."""


class InsuranceKind(StrEnum):
    PAYMENT = "payment"
    CONTRACTUAL = "contractual"
    CHARITY = "charity"
    WRITE_OFF = "write_off"
    OTHER = "other"


class InsuranceTransaction(Record, kw_only=True):
    """An insurance payment or any adjustment. Positive lowers the balance; negative is a take-back."""

    transaction_id: str
    posted_on: date
    kind: InsuranceKind
    payer: str = ""
    amount_cents: int


class PatientPayment(Record, kw_only=True):
    """A payment by the patient or guarantor. Positive lowers the balance; negative is a refund or returned check."""

    payment_id: str
    posted_on: date
    method: str = ""
    amount_cents: int


class PatientShare(Record, kw_only=True):
    """The insurer's breakdown of the patient's responsibility (CARC group code PR), in cents."""

    adjudicated_on: date
    deductible_cents: int = 0
    coinsurance_cents: int = 0
    copay_cents: int = 0
    noncovered_cents: int = 0


class Correspondence(Record, kw_only=True):
    """What was actually mailed about one encounter. The dunning ladder, aging, and the legal clocks read it.

    `last_level` is the level that was mailed last: 0 and 1 statements, 2 to 4 letters. `highest_level` is the highest
    one that the ledger has mailed, 0 if it has mailed nothing: a statement about a payment plan can follow a letter.
    """

    first_statement_on: date
    statements_sent: int
    last_level: int
    last_mailed_on: date
    highest_level: int = 0

    @property
    def ladder_level(self) -> int:
        """How far the dunning ladder has come. It never goes back, and no letter goes out twice."""
        return max(self.highest_level, self.last_level)

    @property
    def statements_mailed(self) -> int:
        """How many statements were mailed. The count of an earlier system may disagree with the mailed level; the
        higher one counts."""
        return max(self.statements_sent, self.ladder_level + 1)


class EstimateReview(Record, kw_only=True):
    """A supervisor's review of charges above the good faith estimate (45 CFR 149.620). It never goes on a page."""

    reviewed_by: str
    reviewed_on: date
    note: str


class Encounter(Record, kw_only=True):
    """One visit or stay, with the account number that documents print."""

    account_number: str
    patient_id: str
    service_from: date
    service_to: date
    facility_name: str
    description: str
    patient_class: PatientClass
    financial_class: FinancialClass
    insurance_status: InsuranceStatus
    insurance_name: str = ""
    insurance_pending_cents: int = 0
    """What the hospital still expects from insurance. Shown as information, never part of the amount due."""
    final_billed: bool = True
    """False while charges may still be added or corrected."""
    sensitive: bool = False
    """Print no description of the service (42 CFR Part 2, a minor's confidential visit)."""
    plan_id: str = ""
    good_faith_estimate_cents: int | None = None
    """What a self-pay patient was told to expect (45 CFR 149.610). None: no estimate on file."""
    estimate_review: EstimateReview | None = None
    charges: tuple[Charge, ...] = ()
    insurance: tuple[InsuranceTransaction, ...] = ()
    payments: tuple[PatientPayment, ...] = ()
    share: PatientShare | None = None
    correspondence: Correspondence | None = None
    billing_entity_id: str = ""
    """Who bills for the visit. Empty: the hospital."""
    requests: tuple[DocumentRequest, ...] = ()
    """What was asked for about this visit. In a snapshot for a kind that is asked for, only what is not answered."""


class CoverageKind(StrEnum):
    """Coverage that protects the patient from bills for a span of time. The values are those of `FinancialClass`."""

    QMB = "qmb"
    MEDICAID = "medicaid"
    MEDICAID_PENDING = "medicaid_pending"


class Coverage(Record, kw_only=True):
    """A span of time in which a patient has QMB or Medicaid, or has applied for Medicaid."""

    patient_id: str
    kind: CoverageKind
    starts_on: date
    ends_on: date | None = None
    """The last day. None: it goes on."""
