"""Visits as documents print them: one line per encounter, to the cent."""

from __future__ import annotations

from datetime import date, timedelta

from statement_builder.billing.balance import EncounterBalance, balance_details
from statement_builder.billing.estimates import exceeds_estimate
from statement_builder.billing.model import Encounter, GuarantorAccount, InsuranceStatus, Patient
from statement_builder.billing.names import full_name
from statement_builder.documents.errors import CompositionError
from statement_builder.documents.facts import VisitLine, while_ahead
from statement_builder.documents.printed_terms import PrintedTerms
from statement_builder.documents.reasons import find_reasons, has_insurance, insurer_name


def visit_lines(
    account: GuarantorAccount,
    balances: tuple[EncounterBalance, ...],
    terms: PrintedTerms,
    issued_on: date,
    *,
    on_plan: tuple[str, ...] = (),
) -> tuple[VisitLine, ...]:
    """One line per encounter, in the order of `balances`. `on_plan`: account numbers on a plan in force."""
    encounters = {encounter.account_number: encounter for encounter in account.encounters}
    patients = {patient.patient_id: patient for patient in account.patients}
    return tuple(
        [
            _visit_line(
                encounters[owed.account_number],
                owed,
                patients,
                on_plan=owed.account_number in on_plan,
                dispute_until_on=_dispute_until(encounters[owed.account_number], owed, terms, issued_on),
                issued_on=issued_on,
            )
            for owed in balances
        ]
    )


def _visit_line(
    encounter: Encounter,
    owed: EncounterBalance,
    patients: dict[str, Patient],
    *,
    on_plan: bool,
    dispute_until_on: date | None,
    issued_on: date,
) -> VisitLine:
    insured = has_insurance(encounter, issued_on)
    details = balance_details(encounter, issued_on)
    return VisitLine(
        account_number=encounter.account_number,
        patient_name=patient_name(encounter, patients),
        service_from=encounter.service_from,
        service_to=encounter.service_to,
        description=visible_description(encounter),
        sensitive=encounter.sensitive,
        facility_name="" if encounter.sensitive else encounter.facility_name,
        insurance_name="" if encounter.sensitive else insurer_name(encounter, issued_on),
        insured=insured,
        denied=encounter.insurance_status is InsuranceStatus.DENIED,
        on_plan=on_plan,
        charges_cents=owed.charges_cents,
        insurance_cents=owed.insurance_paid_cents,
        taken_back_cents=details.taken_back_cents,
        adjustments_cents=owed.adjustments_cents + owed.charity_cents,
        charity_cents=owed.charity_cents,
        write_off_cents=details.write_off_cents,
        payments_cents=owed.patient_paid_cents,
        returned_cents=details.returned_cents,
        pending_cents=owed.insurance_pending_cents,
        owed_cents=owed.patient_cents,
        reasons=find_reasons(encounter, owed, details, insured=insured),
        estimate_cents=encounter.good_faith_estimate_cents,
        dispute_until_on=dispute_until_on,
    )


def patient_name(encounter: Encounter, patients: dict[str, Patient]) -> str:
    """The patient's full name. CompositionError PATIENT if the patient is not on file."""
    if encounter.patient_id not in patients:
        raise CompositionError(
            "PATIENT",
            f"Account {encounter.account_number} names a patient who is not on file for the guarantor.",
            "Correct the patient on this account in the billing system.",
        )
    return full_name(patients[encounter.patient_id])


def visible_description(encounter: Encounter) -> str:
    """The description of the care. Empty for a sensitive visit."""
    return "" if encounter.sensitive else encounter.description


def _dispute_until(encounter: Encounter, owed: EncounterBalance, terms: PrintedTerms, issued_on: date) -> date | None:
    """The last day to dispute charges far above the estimate, counted from the first bill (45 CFR 149.620(c)(1))."""
    if not exceeds_estimate(encounter, owed.charges_cents):
        return None
    until = (owed.first_statement_on or issued_on) + timedelta(days=terms.estimate_dispute_days)
    return while_ahead(until, issued_on)
