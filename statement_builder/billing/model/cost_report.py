"""What the Medicare cost report lists: Medicare bad debts, and accounts written off to charity or bad debt."""

from __future__ import annotations

from datetime import date

from statement_builder.billing.model.record import Record
from statement_builder.billing.model.visits import PatientClass


class MedicareBadDebt(Record, kw_only=True):
    """The Medicare facts of one visit whose deductible and coinsurance are written off (42 CFR 413.89), or one recovery
    on a visit that an earlier cost report claimed. Amounts are cents."""

    guarantor_id: str
    account_number: str
    ccn: str
    """The CMS certification number of the provider that claims it."""
    component_ccn: str = ""
    """The CCN of the subprovider, if it was one of these that treated the patient."""
    patient_class: PatientClass
    last_name: str
    first_name: str = ""
    service_from: date
    service_to: date
    mbi: str = ""
    """The Medicare beneficiary identifier."""
    medicaid_number: str = ""
    """Of a patient who has Medicaid too; empty for everybody else."""
    is_qmb: bool = False
    is_medicare_advantage: bool = False
    is_indigent: bool = False
    """The hospital determined indigence from all resources of the patient (42 CFR 413.89(e)(2)(ii))."""
    medicare_remitted_on: date | None = None
    medicaid_remitted_on: date | None = None
    secondary_remitted_on: date | None = None
    """When the secondary payer's remittance advice arrived, or its notice that it does not cover the service."""
    beneficiary_cents: int
    """What the patient owes according to the remittance advice."""
    first_billed_on: date | None = None
    """The first bill, where another system mailed it."""
    last_paid_on: date | None = None
    """The patient's last payment before the write-off."""
    written_off_on: date | None = None
    """Out of the hospital's receivables."""
    placed_on: date | None = None
    """Sent to a collection agency; None: never."""
    returned_on: date | None = None
    """Returned by the agency."""
    ceased_on: date | None = None
    """The end of every collection effort."""
    medicare_written_off_on: date | None = None
    """Written off as a Medicare bad debt, which says in which cost report it is claimed."""
    deductible_cents: int
    coinsurance_cents: int
    paid_cents: int
    """What was paid on deductible and coinsurance before the write-off."""
    claimed_cents: int | None = None
    """What the billing system would claim. None: it does not say."""
    recovered_on: date | None = None
    """On a recovery only: when the money came. Such a row is no claim."""
    recovered_cents: int = 0
    recovered_year_ends_on: date | None = None
    """The end of the fiscal year whose cost report claimed it."""

    @property
    def is_recovery(self) -> bool:
        return self.recovered_on is not None

    @property
    def is_dual_eligible(self) -> bool:
        """Whether Medicaid must be billed before Medicare pays the bad debt (42 CFR 413.89(e)(2)(iii))."""
        return self.is_qmb or self.medicaid_number != ""

    @property
    def is_inpatient(self) -> bool:
        return self.patient_class is PatientClass.INPATIENT

    @property
    def cost_share_cents(self) -> int:
        """Deductible and coinsurance less what was paid before the write-off: what may be claimed."""
        return self.deductible_cents + self.coinsurance_cents - self.paid_cents


class WriteOff(Record, kw_only=True):
    """One account written off to charity care or bad debt, of any payer, in cents."""

    guarantor_id: str
    account_number: str
    ccn: str
    component_ccn: str = ""
    patient_class: PatientClass
    last_name: str
    first_name: str = ""
    service_from: date
    service_to: date
    insurance_status: str
    """The code of the cost report's instructions, such as 1 for uninsured and 3 for insured."""
    is_insured: bool
    primary_payer: str = ""
    secondary_payer: str = ""
    charges_cents: int
    professional_cents: int = 0
    """Of the charges: physicians and other professionals."""
    patient_share_cents: int = 0
    """Deductible, coinsurance, and copayments."""
    insurer_paid_cents: int = 0
    contractual_cents: int = 0
    other_nonallowable_cents: int = 0
    patient_paid_cents: int = 0
    uninsured_discount_cents: int = 0
    noncovered_charity_cents: int = 0
    other_charity_cents: int = 0
    charity_cents: int = 0
    """Everything written off to charity care and uninsured discounts."""
    charity_on: date | None = None
    bad_debt_cents: int = 0
    bad_debt_on: date | None = None

    @property
    def is_inpatient(self) -> bool:
        return self.patient_class is PatientClass.INPATIENT
