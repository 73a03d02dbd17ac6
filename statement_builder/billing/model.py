"""A guarantor's billing data as plain immutable records.

`source/` builds these records from the rows of a billing system (`sql/contract.md`), and a snapshot stores them, so
nothing here is calculated, formatted, or looked up.

Money is in integer cents, signed as the field says. Dates are calendar dates in the facility's time zone; `*_at` fields
are UTC. Nothing here reads a clock, a file, or the environment.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import dataclass_transform

import msgspec

from statement_builder.billing.assistance_terms import DecisionBasis, MissingItem


# The decorator tells type checkers that every subclass is frozen too.
@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Base of all records: immutable, comparable, and encodable to the snapshot.

    `gc=False` is safe because immutable records cannot form reference cycles.
    """


class Delivery(StrEnum):
    """The guarantor's delivery preference. E-mail also requires a recorded consent."""

    PAPER = "paper"
    EMAIL = "email"


class AlternateFormat(StrEnum):
    """How a person asked to get documents, if not in print: a person makes them (45 CFR 92.202 and 84.52)."""

    BRAILLE = "braille"
    AUDIO = "audio"
    DATA_CD = "data-cd"


class PatientClass(StrEnum):
    INPATIENT = "inpatient"
    OUTPATIENT = "outpatient"
    EMERGENCY = "emergency"
    OBSERVATION = "observation"
    RECURRING = "recurring"


class FinancialClass(StrEnum):
    """The expected primary payer. Patients in some classes must never be billed (domain rules 2.2)."""

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


class Address(Record, kw_only=True):
    """A postal address."""

    lines: tuple[str, ...]
    """Delivery lines above the city line, 1 to 3."""
    city: str
    """City."""
    state: str
    """Two-letter state code. Abroad, a state or province, or empty."""
    postal_code: str
    """ZIP Code such as `01103` or `01103-1234`. Abroad, free text, or empty."""
    country: str = "US"
    """ISO 3166 two-letter code. `US` is not printed."""


class ContactKind(StrEnum):
    """Why mail goes to somebody else than the guarantor."""

    CONFIDENTIAL = "confidential"
    """The patient asked for an address of their own (45 CFR 164.522(b))."""
    ATTORNEY = "attorney"
    """An attorney represents the guarantor."""


class Contact(Record, kw_only=True):
    """Where a part of a guarantor's mail goes instead: all of it, one patient's, or one visit's."""

    contact_id: str
    kind: ContactKind
    account_number: str = ""
    """The only visit that it is about. Empty: all visits of the patient, or of the guarantor."""
    patient_id: str = ""
    name: str = ""
    """The attorney or law firm. Empty for a confidential address, where the patient's name is printed."""
    address: Address
    email: str = ""
    language: str = ""
    """Empty: the guarantor's, or English for an attorney."""
    other_language: str = ""
    """As of `Guarantor`."""
    large_print: bool = False
    delivery: Delivery = Delivery.PAPER
    email_consent_at: datetime | None = None
    email_consent_terms: str = ""
    """SHA-256 of the text that the consent was given to. Empty: not on record."""
    email_consent_source: str = ""
    """How the consent was given, such as `portal`. Empty: not on record."""
    email_consent_withdrawn_on: date | None = None


class Guarantor(Record, kw_only=True):
    """The person responsible for payment, who may not be the patient.

    In an account that was split off for another recipient, the person or firm that gets the mail instead.
    """

    guarantor_id: str
    """In a split-off account, the recipient id (`billing.identifiers`)."""
    first_name: str
    last_name: str
    suffix: str = ""
    address: Address
    confidential_address: Address | None = None
    """The address that the guarantor asked to use instead (45 CFR 164.522(b)). Always overrides `address`."""
    email: str = ""
    language: str = "en"
    """The language of documents: the recorded one, or English if there are none in it."""
    other_language: str = ""
    """The recorded language, if there are no documents in it: they have the notice of language assistance
    (45 CFR 92.11)."""
    large_print: bool = False
    delivery: Delivery = Delivery.PAPER
    email_consent_at: datetime | None = None
    email_consent_terms: str = ""
    """SHA-256 of the text that the consent was given to. Empty: not on record."""
    email_consent_source: str = ""
    """How the consent was given, such as `portal`. Empty: not on record."""
    email_consent_withdrawn_on: date | None = None
    email_secret: str = ""
    """The password that the guarantor chose for encrypted e-mail attachments. In memory only: no snapshot has it."""
    birth_on: date | None = None
    """None: not on file, and taken for an adult."""
    alternate_format: AlternateFormat | None = None
    """What the guarantor asked for in place of print. None: nothing."""
    alternate_format_requested_on: date | None = None
    contact_kind: ContactKind | None = None
    """None: the guarantor. Otherwise why the mail goes to this recipient instead."""
    client_name: str = ""
    """Of an attorney: the full name of the guarantor whom the attorney represents."""
    name_line_2: str = ""
    """Below the name, for whom the recipient acts, such as `Estate of Maria Lopez`. Empty: nothing is printed."""

    @property
    def mailing_address(self) -> Address:
        """The only address that mail to this guarantor may use."""
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

    `last_level` is the last level that was mailed: 0 and 1 statements, 2 to 4 letters.
    """

    first_statement_on: date
    statements_sent: int
    last_level: int
    last_mailed_on: date

    @property
    def statements_mailed(self) -> int:
        """How many statements were mailed. The count of an earlier system may disagree with the mailed level; the
        higher one counts."""
        return max(self.statements_sent, self.last_level + 1)


class RequestKind(StrEnum):
    """What people ask the billing office for. The values are those of `billing.selection.Kind`."""

    INVOICE = "invoice"


class RequestFormat(StrEnum):
    """The form in which somebody asked for a document."""

    STANDARD = "standard"
    LARGE_PRINT = "large_print"
    BRAILLE = "braille"
    AUDIO = "audio"
    DATA_CD = "data_cd"


PRINTED_FORMATS = frozenset({RequestFormat.STANDARD, RequestFormat.LARGE_PRINT})
"""The formats that this service makes. A person makes the others."""


class DocumentRequest(Record, kw_only=True):
    """Somebody asked for a document about one visit."""

    request_id: str
    kind: RequestKind
    asked_on: date
    format: RequestFormat = RequestFormat.STANDARD
    """Standard: as the recipient gets all mail."""


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


class PlanMethod(StrEnum):
    """How the installments are paid."""

    MANUAL = "manual"
    AUTOMATIC = "automatic"
    """The hospital charges a card or a bank account on each due date."""


class Plan(Record, kw_only=True):
    """A payment plan. The encounters on it name it in `plan_id`."""

    plan_id: str
    status: PlanStatus
    opened_on: date
    installments: tuple[Installment, ...]
    terms_on: date | None = None
    """When the terms last changed. None: not since the plan was opened."""
    method: PlanMethod = PlanMethod.MANUAL
    down_payment_cents: int = 0
    """Paid when the plan was opened; not among the installments."""
    finance_charge_cents: int = 0
    """The part of the installments that is interest or a fee for the plan."""
    apr_basis_points: int | None = None
    """The annual percentage rate in hundredths of a percent (12 CFR 1026.22). None: not on file."""
    signed_on: date | None = None
    """When the guarantor signed these terms. None: not yet, or not on file."""


class PayFrequency(StrEnum):
    """How often an employer pays wages."""

    WEEKLY = "weekly"
    BIWEEKLY = "biweekly"
    SEMIMONTHLY = "semimonthly"
    """Twice a month."""
    MONTHLY = "monthly"


class DeductionStatus(StrEnum):
    ASKED = "asked"
    """The employee asked for the form."""
    SIGNED = "signed"
    REVOKED = "revoked"
    """The employee took the authorization back."""
    ENDED = "ended"
    """Paid, replaced, or the employment has ended."""


class PayrollDeduction(Record, kw_only=True):
    """An employee's authorization to pay a plan from wages: `pay_count` deductions of `per_pay_cents`, of which the
    last may be smaller, so that they add up to `total_cents`."""

    authorization_id: str
    plan_id: str
    employee_id: str
    """Payroll's own number. It must not be a Social Security number."""
    status: DeductionStatus
    asked_on: date
    total_cents: int
    per_pay_cents: int
    pay_count: int
    frequency: PayFrequency
    first_pay_on: date
    last_pay_on: date
    work_state: str
    """The state where the employee works: its wage law applies."""
    signed_on: date | None = None
    """When the employee signed."""
    hospital_signed_on: date | None = None
    ended_on: date | None = None
    """The first payday without a deduction, once it is revoked or ended. None: the next one."""

    @property
    def is_signed(self) -> bool:
        """Whether both have signed, and neither has ended it."""
        return self.status is DeductionStatus.SIGNED and bool(self.signed_on and self.hospital_signed_on)


class DeductionMiss(Record, kw_only=True):
    """Payroll's latest answer about an authorization: the deduction was not taken, or not in full."""

    authorization_id: str
    pay_on: date


class RecordedHold(Record, kw_only=True):
    """A hold that staff recorded in the billing system. `policy/hold_codes.toml` lists the codes."""

    hold_id: str
    code: str
    placed_on: date
    account_number: str = ""
    """Empty: the hold is on the whole guarantor."""
    episode_id: str = ""
    expires_on: date | None = None


class AssistanceKind(StrEnum):
    """What was done about financial assistance."""

    ORAL_EFFORT = "oral_effort"
    """Staff told, or tried to tell, the guarantor about it in person or by phone (26 CFR 1.501(r)-6(c)(4)(i)(C))."""
    APPLICATION = "application"
    PRESUMPTIVE = "presumptive"
    """The hospital approved assistance without an application, by what it knows (26 CFR 1.501(r)-6(c)(2))."""


class ApplicationStatus(StrEnum):
    """How far an application is. The first three are open: no collection action (26 CFR 1.501(r)-6(c)(8))."""

    RECEIVED = "received"
    INCOMPLETE = "incomplete"
    """Something is missing. The guarantor is told in writing what it is (26 CFR 1.501(r)-6(c)(5))."""
    COMPLETE = "complete"
    APPROVED = "approved"
    DENIED = "denied"


OPEN_APPLICATIONS = frozenset({ApplicationStatus.RECEIVED, ApplicationStatus.INCOMPLETE, ApplicationStatus.COMPLETE})


class AssistanceRecord(Record, kw_only=True):
    """An effort to tell the guarantor about financial assistance, an application for it, or a decision without one."""

    kind: AssistanceKind
    occurred_on: date
    """The day of the effort, or the day the application was received."""
    account_number: str = ""
    """Empty: it is about all visits."""
    status: ApplicationStatus | None = None
    """None for an oral effort."""
    assistance_id: str = ""
    """An application for several visits has a record for each, with one id."""
    missing: tuple[MissingItem, ...] = ()
    """What an incomplete application lacks."""
    respond_by: date | None = None
    """The last day to send it. None: the policy decides."""
    decided_on: date | None = None
    """None: no decision yet, or its day is not on file and this service writes no letter about it."""
    basis: DecisionBasis | None = None
    """Why the hospital decided so (26 CFR 1.501(r)-6(c)(2)(i)(A), (6)(i)(B))."""
    discount_percent: int | None = None
    """What the decision takes off the patient's part, in percent. None: the discount is no percentage of it."""
    valid_until: date | None = None
    """The last day of care that the decision also covers. None: it covers past care only, or it is not on file."""
    notified_on: date | None = None
    """When the billing office told the guarantor about this status in writing. None: this service does."""


class EpisodeStatus(StrEnum):
    ACTIVE = "active"
    DELIVERED = "delivered"
    LOST = "lost"
    """Loss, stillbirth or termination: nothing obstetric is ever sent again on this episode."""
    TRANSFERRED = "transferred"
    CANCELLED = "cancelled"


class Deposit(Record, kw_only=True):
    """A pre-delivery payment. A liability until delivery: never applied to other encounters."""

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
    """When the estimate was made and accepted. The schedule starts here."""
    estimated_delivery_on: date | None = None
    """The expected delivery date that the estimate was based on."""
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


class RefundReason(StrEnum):
    """Why the hospital pays money back to a guarantor."""

    DUPLICATE = "duplicate"
    """The same payment arrived twice."""
    OVERPAID = "overpaid"
    """More than the patient's part was paid."""
    INSURER_PAID = "insurer_paid"
    """The insurer paid after the guarantor did."""
    ASSISTANCE = "assistance"
    """Financial assistance lowered the patient's part (26 CFR 1.501(r)-6(c)(6)(i)(C)(2))."""
    DEPOSIT = "deposit"
    """Payments before a delivery were more than the patient's part."""


class RefundMethod(StrEnum):
    """How the money goes back."""

    CHECK = "check"
    CARD = "card"
    """To the card that was charged."""
    ACCOUNT = "account"
    """To the bank account that the payment came from."""


class RefundStatus(StrEnum):
    """How far a refund is. Only an approved refund, or one that was sent, gets a letter."""

    REQUESTED = "requested"
    APPROVED = "approved"
    SENT = "sent"
    CANCELED = "canceled"


class Refund(Record, kw_only=True):
    """Money that the hospital pays back for one visit, or from the deposits of one pregnancy."""

    refund_id: str
    account_number: str = ""
    """Empty: the refund is from the deposits of `episode_id`."""
    episode_id: str = ""
    amount_cents: int
    reason: RefundReason
    status: RefundStatus
    approved_on: date | None = None
    approved_by: str = ""
    """A role or an id of the refund queue. It never goes on a page."""
    method: RefundMethod | None = None
    send_on: date | None = None
    """The day when the money is to leave."""
    sent_on: date | None = None
    """The day when the money left."""
    check_number: str = ""
    balances_reviewed: bool = False
    """The refund queue looked at what the guarantor owes on other visits, and decided to pay this back."""


class CausedLetter(Record, kw_only=True):
    """A letter that an event caused and that was handed off: it is sent once for that event."""

    kind: str
    """The value of `billing.selection.Kind`."""
    cause_id: str
    mailed_on: date | None
    """None: handed off, and its mailing is not reported yet."""


class EstateStatus(StrEnum):
    """What is known of the estate of a guarantor who has died."""

    UNKNOWN = "unknown"
    """Nobody knows yet whether a court has opened it."""
    OPEN = "open"
    """A court has opened it."""
    CLOSED = "closed"
    NONE = "none"
    """No court will open one."""


class Estate(Record, kw_only=True):
    """The estate of the guarantor, who has died."""

    estate_id: str
    patient_id: str = ""
    """The guarantor as a patient. Empty: the guarantor was none, or it is not known."""
    decedent_name: str = ""
    """The guarantor's full name, in an account that is addressed to the estate (`policy.estates.recipient`)."""
    died_on: date
    status: EstateStatus
    representative_name: str = ""
    """The executor or administrator. Empty: not known."""
    attorney_name: str = ""
    """The attorney of the estate, who then gets its mail. Empty: none."""
    address: Address | None = None
    """Of the attorney, or else of the representative. None: the guarantor's last address is used."""
    language: str = ""
    """Empty: the guarantor's."""
    other_language: str = ""
    """As of `Guarantor`."""
    large_print: bool = False
    state: str = ""
    """Two-letter code of the court's state."""
    county: str = ""
    court: str = ""
    case_number: str = ""
    opened_on: date | None = None
    """When the court appointed the representative."""
    published_on: date | None = None
    """The first publication of the notice to creditors."""
    notice_on: date | None = None
    """When the notice to the hospital was mailed or delivered."""
    last_illness_on: date | None = None
    """When the last illness began. None: no visit is claimed as an expense of the last illness."""
    claim_filed_on: date | None = None
    """When the hospital presented its claim in another way, such as at the court."""


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


class GuarantorAccount(Record, kw_only=True):
    """One guarantor with all visits, plans, holds, and pregnancies: the input of one mailing decision."""

    guarantor: Guarantor
    patients: tuple[Patient, ...] = ()
    encounters: tuple[Encounter, ...] = ()
    plans: tuple[Plan, ...] = ()
    holds: tuple[RecordedHold, ...] = ()
    coverages: tuple[Coverage, ...] = ()
    assistance: tuple[AssistanceRecord, ...] = ()
    episodes: tuple[ObstetricEpisode, ...] = ()
    refunds: tuple[Refund, ...] = ()
    unapplied_cents: int = 0
    """Guarantor payments that are not applied to an encounter yet."""
    open_documents: tuple[str, ...] = ()
    """Kinds of document in another unfinished batch for this guarantor (code DUPRUN)."""
    letters: tuple[CausedLetter, ...] = ()
    """The letters to this recipient about plans, refunds, assistance and an estate, from the ledger."""
    estates: tuple[Estate, ...] = ()
    """Of a guarantor who has died. More than one is for a person to correct."""
    deductions: tuple[PayrollDeduction, ...] = ()
    """The guarantor's authorizations to pay from wages. Empty for other recipients of a part of the mail."""
    deduction_misses: tuple[DeductionMiss, ...] = ()
    """From the ledger: the authorizations whose last deduction was missed."""
    contacts: tuple[Contact, ...] = ()
    """Other recipients of a part of the mail. Empty once the account is split into one per recipient."""
    split_off: tuple[str, ...] = ()
    """The account numbers of this guarantor whose mail goes to another recipient than this account's."""


class Fault(Record, kw_only=True):
    """A data error in a row, in words that a clerk can act on.

    `message` and `fix` name the file, column, and row key, never a name, an address, or an amount.
    """

    code: str
    result_set: str
    column: str = ""
    row_key: str = ""
    message: str
    fix: str


class FaultyAccount(Record, kw_only=True):
    """A guarantor (or orphaned rows) whose data violates the contract: an exception, never a document."""

    subject: str
    """The guarantor id, or `account:<number>` or `row:<result set>:<n>` if the guarantor is unknown."""
    faults: tuple[Fault, ...]
    cents: int = 0
    """The balance of its readable rows, so that the control totals still include it."""
    has_encounters: bool = True
    """Whether any row is about a visit or stay, which makes it a candidate for letters."""
    has_episode: bool = False
    """Whether any row is about a pregnancy, which makes it a candidate for obstetric notices."""
    has_deduction: bool = False
    """Whether any row is about a payroll deduction, which makes it a candidate for the authorization."""
    has_plan: bool = False
    """Whether any row is about a payment plan, which makes it a candidate for letters about plans."""
    has_assistance: bool = False
    """Whether any row is about financial assistance, which makes it a candidate for letters about it."""
    has_estate: bool = False
    """Whether any row is about an estate, which makes it a candidate for letters to its representative."""
    has_refund: bool = False
    """Whether any row is about a refund, which makes it a candidate for letters about refunds."""
    requests: tuple[tuple[str, DocumentRequest], ...] = ()
    """The readable requests, each with its account number, which make it a candidate for what they ask for."""
