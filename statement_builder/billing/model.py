"""What a guarantor owes, as plain immutable data: the nouns that every later step speaks in.

These records are what `source/` makes from the rows of a billing system (`sql/contract.md`) and what
a snapshot holds, so they carry facts only: nothing here is computed, formatted or looked up.

Money is integer cents, signed as the field says. Dates are calendar dates in the facility's time zone;
`*_at` are UTC. Nothing here reads a clock, a file or the environment.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import dataclass_transform

import msgspec


# The decorator only tells type checkers that every subclass is frozen too, as msgspec makes it.
@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Base of every fact: immutable, comparable, and encodable to the snapshot as it stands.

    The collector of cyclic garbage passes them by: what is made from the inside out is in no cycle.
    """


class Delivery(StrEnum):
    """How the guarantor wants to be reached. E-mail also needs consent on record."""

    PAPER = "paper"
    EMAIL = "email"


class PatientClass(StrEnum):
    INPATIENT = "inpatient"
    OUTPATIENT = "outpatient"
    EMERGENCY = "emergency"
    OBSERVATION = "observation"
    RECURRING = "recurring"


class FinancialClass(StrEnum):
    """Who is expected to pay first. Some classes may never be billed to the patient (domain rules 2.2)."""

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
    """Where the claim stands. Only `none`, `adjudicated` and `denied` are final for the patient's share."""

    NONE = "none"
    PENDING = "pending"
    APPEAL = "appeal"
    ADJUDICATED = "adjudicated"
    DENIED = "denied"


class Address(Record, kw_only=True):
    """A postal address. `lines` are the delivery lines above the city line, 1 to 3 of them."""

    lines: tuple[str, ...]
    city: str
    state: str
    postal_code: str
    country: str = "US"


class Guarantor(Record, kw_only=True):
    """The person responsible for payment, who may not be the patient."""

    guarantor_id: str
    first_name: str
    last_name: str
    suffix: str = ""
    address: Address
    confidential_address: Address | None = None
    """Where the person asked to be written to instead (45 CFR 164.522(b)); wins over `address` always."""
    email: str = ""
    language: str = "en"
    large_print: bool = False
    delivery: Delivery = Delivery.PAPER
    email_consent_at: datetime | None = None
    email_secret: str = ""
    """What the person chose to open documents in e-mail with, where those are sent as encrypted attachments."""

    @property
    def mailing_address(self) -> Address:
        """The one address that this person's mail may go to."""
        return self.confidential_address or self.address


class Patient(Record, kw_only=True):
    patient_id: str
    first_name: str
    last_name: str
    birth_on: date


class Charge(Record, kw_only=True):
    charge_id: str
    service_on: date
    posted_on: date
    description: str
    code: str = ""
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
    """A payer's payment, or an adjustment of any kind. Positive lowers the balance; negative is a take-back."""

    transaction_id: str
    posted_on: date
    kind: InsuranceKind
    payer: str = ""
    amount_cents: int


class PatientPayment(Record, kw_only=True):
    """Money from the patient or guarantor. Positive lowers the balance; negative is a refund or returned cheque."""

    payment_id: str
    posted_on: date
    method: str = ""
    amount_cents: int


class PatientShare(Record, kw_only=True):
    """How the insurer split what it left to the patient (CARC group code PR), in cents."""

    adjudicated_on: date
    deductible_cents: int = 0
    coinsurance_cents: int = 0
    copay_cents: int = 0
    noncovered_cents: int = 0


class Correspondence(Record, kw_only=True):
    """What has really been mailed about one encounter: what the ladder, aging and the legal clocks read.

    `last_level` is the last rung of the ladder that was mailed: 0 and 1 statements, 2 to 4 letters.
    """

    first_statement_on: date
    statements_sent: int
    last_level: int
    last_mailed_on: date


class Encounter(Record, kw_only=True):
    """One visit or stay, with the account number that the hospital prints."""

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
    """What the hospital still expects from insurance; shown as information, never in the amount due."""
    final_billed: bool = True
    """False while charges may still be added or corrected."""
    sensitive: bool = False
    """Print no description of the service (42 CFR Part 2, a minor's sensitive visit)."""
    plan_id: str = ""
    good_faith_estimate_cents: int | None = None
    charges: tuple[Charge, ...] = ()
    insurance: tuple[InsuranceTransaction, ...] = ()
    payments: tuple[PatientPayment, ...] = ()
    share: PatientShare | None = None
    correspondence: Correspondence | None = None


class Installment(Record, kw_only=True):
    sequence: int
    due_on: date
    amount_cents: int
    paid_cents: int = 0


class PlanStatus(StrEnum):
    ACTIVE = "active"
    DEFAULTED = "defaulted"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Plan(Record, kw_only=True):
    """A payment plan; the encounters that it covers name it in `plan_id`."""

    plan_id: str
    status: PlanStatus
    opened_on: date
    installments: tuple[Installment, ...]


class RecordedHold(Record, kw_only=True):
    """A hold that the hospital itself put on file. Codes are those of `policy.codes`."""

    hold_id: str
    code: str
    placed_on: date
    account_number: str = ""
    """Empty: the whole guarantor."""
    episode_id: str = ""
    expires_on: date | None = None


class EpisodeStatus(StrEnum):
    ACTIVE = "active"
    DELIVERED = "delivered"
    LOST = "lost"
    """Loss, stillbirth or termination: nothing obstetric is ever sent again on this episode."""
    TRANSFERRED = "transferred"
    CANCELLED = "cancelled"


class Deposit(Record, kw_only=True):
    """A pre-delivery payment. A liability until delivery: never set off against other encounters."""

    deposit_id: str
    posted_on: date
    amount_cents: int


class ObstetricEpisode(Record, kw_only=True):
    """One pregnancy with an accepted estimate of the guarantor's future cost share."""

    episode_id: str
    patient_id: str
    status: EpisodeStatus
    expected_delivery_on: date | None
    estimate_cents: int
    estimate_on: date
    """When the estimate was made and accepted: the schedule starts from here."""
    estimated_delivery_on: date | None = None
    """The expected delivery date that the estimate was made with; a move of over 21 days asks for a new estimate."""
    benefits_verified_on: date | None = None
    estimate_basis: str = ""
    financial_class: FinancialClass
    insurance_name: str = ""
    insurance_changed_on: date | None = None
    plan_year_ends_on: date | None = None
    good_faith_estimate_id: str = ""
    notices_sent: int = 0
    last_notice_on: date | None = None
    deposits: tuple[Deposit, ...] = ()


class GuarantorAccount(Record, kw_only=True):
    """One guarantor and all that is owed: what one mailing decision is made on."""

    guarantor: Guarantor
    patients: tuple[Patient, ...] = ()
    encounters: tuple[Encounter, ...] = ()
    plans: tuple[Plan, ...] = ()
    holds: tuple[RecordedHold, ...] = ()
    episodes: tuple[ObstetricEpisode, ...] = ()
    unapplied_cents: int = 0
    """Guarantor payments that no encounter has been credited with yet."""
    open_documents: tuple[str, ...] = ()
    """Kinds of document in another unfinished batch for this guarantor (code DUPRUN)."""


class Fault(Record, kw_only=True):
    """What is wrong with a row, in words that a clerk can act on.

    `message` and `fix` name the file, column and row key, never a person's name, address or an amount.
    """

    code: str
    result_set: str
    column: str = ""
    row_key: str = ""
    message: str
    fix: str


class FaultyAccount(Record, kw_only=True):
    """A guarantor (or orphaned rows) whose data breaks the contract: an exception, never a document."""

    subject: str
    """The guarantor id, or `account:<number>` / `row:<result set>:<n>` where there is no guarantor to name."""
    faults: tuple[Fault, ...]
    cents: int = 0
    """The balance as far as its readable rows give it, so that control totals can still be drawn up."""
    has_encounters: bool = True
    """Whether any row concerns a visit or stay: then it is a candidate for letters too."""
    has_episode: bool = False
    """Whether any row concerns a pregnancy: then it is a candidate for obstetric notices too."""
