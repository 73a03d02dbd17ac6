"""A guarantor's billing data as plain immutable records.

`source/` builds these records from the rows of a billing system (`sql/contract.md`), and a snapshot stores them, so
nothing here is calculated, formatted, or looked up.

Money is in integer cents, signed as the field says. Dates are calendar dates in the facility's time zone; `*_at` fields
are UTC. Nothing here reads a clock, a file, or the environment.
"""

from statement_builder.billing.model.account import CausedLetter, Fault, FaultyAccount, GuarantorAccount, RecordedHold
from statement_builder.billing.model.assistance import (
    OPEN_APPLICATIONS,
    WITHOUT_STATUS,
    ApplicationStatus,
    AssistanceKind,
    AssistanceRecord,
)
from statement_builder.billing.model.cost_report import MedicareBadDebt, WriteOff
from statement_builder.billing.model.entities import BillingEntity, EntityKind
from statement_builder.billing.model.estates import Estate, EstateStatus
from statement_builder.billing.model.obstetric import Deposit, EpisodeStatus, ObstetricEpisode
from statement_builder.billing.model.payroll import DeductionMiss, DeductionStatus, PayFrequency, PayrollDeduction
from statement_builder.billing.model.people import (
    Address,
    AlternateFormat,
    Contact,
    ContactKind,
    Delivery,
    Guarantor,
    Patient,
)
from statement_builder.billing.model.plans import Installment, Plan, PlanMethod, PlanStatus
from statement_builder.billing.model.receivables import Receivable, ReceivableAccount, ReceivableLedger
from statement_builder.billing.model.record import Record
from statement_builder.billing.model.refunds import Refund, RefundMethod, RefundReason, RefundStatus
from statement_builder.billing.model.requests import PRINTED_FORMATS, DocumentRequest, RequestFormat, RequestKind
from statement_builder.billing.model.visits import (
    Charge,
    Correspondence,
    Coverage,
    CoverageKind,
    Encounter,
    EstimateReview,
    FinancialClass,
    InsuranceKind,
    InsuranceStatus,
    InsuranceTransaction,
    PatientClass,
    PatientPayment,
    PatientShare,
)

__all__ = [
    "OPEN_APPLICATIONS",
    "PRINTED_FORMATS",
    "WITHOUT_STATUS",
    "Address",
    "AlternateFormat",
    "ApplicationStatus",
    "AssistanceKind",
    "AssistanceRecord",
    "BillingEntity",
    "CausedLetter",
    "Charge",
    "Contact",
    "ContactKind",
    "Correspondence",
    "Coverage",
    "CoverageKind",
    "DeductionMiss",
    "DeductionStatus",
    "Delivery",
    "Deposit",
    "DocumentRequest",
    "Encounter",
    "EntityKind",
    "EpisodeStatus",
    "Estate",
    "EstateStatus",
    "EstimateReview",
    "Fault",
    "FaultyAccount",
    "FinancialClass",
    "Guarantor",
    "GuarantorAccount",
    "Installment",
    "InsuranceKind",
    "InsuranceStatus",
    "InsuranceTransaction",
    "MedicareBadDebt",
    "ObstetricEpisode",
    "Patient",
    "PatientClass",
    "PatientPayment",
    "PatientShare",
    "PayFrequency",
    "PayrollDeduction",
    "Plan",
    "PlanMethod",
    "PlanStatus",
    "Receivable",
    "ReceivableAccount",
    "ReceivableLedger",
    "Record",
    "RecordedHold",
    "Refund",
    "RefundMethod",
    "RefundReason",
    "RefundStatus",
    "RequestFormat",
    "RequestKind",
    "WriteOff",
]
