"""Everything about one guarantor, or what is wrong with it."""

from __future__ import annotations

from datetime import date

from statement_builder.billing.model.assistance import AssistanceRecord
from statement_builder.billing.model.entities import BillingEntity
from statement_builder.billing.model.estates import Estate
from statement_builder.billing.model.obstetric import ObstetricEpisode
from statement_builder.billing.model.payroll import DeductionMiss, PayrollDeduction
from statement_builder.billing.model.people import Contact, Guarantor, Patient
from statement_builder.billing.model.plans import Plan
from statement_builder.billing.model.record import Record
from statement_builder.billing.model.refunds import Refund
from statement_builder.billing.model.requests import DocumentRequest
from statement_builder.billing.model.visits import Coverage, Encounter


class RecordedHold(Record, kw_only=True):
    """A hold that staff recorded in the billing system. `policy/hold_codes.toml` lists the codes."""

    hold_id: str
    code: str
    placed_on: date
    account_number: str = ""
    """Empty: the hold is on the whole guarantor."""
    episode_id: str = ""
    expires_on: date | None = None


class CausedLetter(Record, kw_only=True):
    """A letter that an event caused and that was handed off: it is sent once for that event."""

    kind: str
    """The value of `billing.selection.Kind`."""
    cause_id: str
    mailed_on: date | None
    """None: handed off, and its mailing is not reported yet."""


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
    billing_entities: tuple[BillingEntity, ...] = ()
    """Who bills for the visits, if the hospital is not alone. Empty: all are the hospital's."""
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
    result_sets: tuple[str, ...] | None = None
    """The result sets that have a row of it, which make it a candidate for letters about what these have. None: any may
    have one, since its rows were not read to the end."""
    requests: tuple[tuple[str, DocumentRequest], ...] = ()
    """The readable requests, each with its account number, which make it a candidate for what they ask for."""

    def has_rows_in(self, *result_sets: str) -> bool:
        """Whether one of these result sets has a row of it, or may have."""
        return self.result_sets is None or not set(self.result_sets).isdisjoint(result_sets)
