"""The statement: what the visits cost, what insurance paid, and what the patient owes."""

from __future__ import annotations

from datetime import date

from statement_builder.billing.balance import EncounterBalance, balance
from statement_builder.billing.model import Encounter, GuarantorAccount, InsuranceStatus, Patient
from statement_builder.billing.names import full_name
from statement_builder.billing.plans import AmountDue, amount_due
from statement_builder.billing.selection import Selection
from statement_builder.documents.errors import CompositionError
from statement_builder.documents.facts import PlanLine, StatementFacts, VisitLine
from statement_builder.documents.printed_terms import PrintedTerms


def statement_facts(
    account: GuarantorAccount, selection: Selection, terms: PrintedTerms, issued_on: date
) -> StatementFacts:
    """The statement's data. CompositionError FOOTING if it does not match the selected amount."""
    owed = balance(account, issued_on, account_numbers=selection.account_numbers)
    due = amount_due(
        account,
        issued_on,
        account_numbers=selection.account_numbers,
        grace_days=terms.plan_grace_days,
        lapse_days=terms.plan_lapse_days,
    )
    facts = StatementFacts(
        visits=visit_lines(account, owed.encounters, due),
        charges_cents=owed.charges_cents,
        insurance_cents=owed.insurance_paid_cents,
        adjustments_cents=owed.adjustments_cents + owed.charity_cents,
        payments_cents=owed.patient_paid_cents,
        pending_cents=owed.pending_cents,
        owed_cents=owed.patient_cents,
        plan_later_cents=owed.patient_cents - due.amount_cents,
        plans=tuple(
            PlanLine(
                plan_id=position.plan_id,
                due_cents=position.due_cents,
                remaining_cents=position.remaining_cents,
                missed_count=position.missed_count,
                next_due_on=position.next_due_on,
            )
            for position in due.plans
        ),
        roll_forward=owed.roll_forward,
        aging=owed.aging,
        due_on=selection.due_on,
    )
    _require_footing(facts, due, selection)
    return facts


def visit_lines(
    account: GuarantorAccount, balances: tuple[EncounterBalance, ...], due: AmountDue | None = None
) -> tuple[VisitLine, ...]:
    """One line per encounter, in the order of `balances`."""
    encounters = {encounter.account_number: encounter for encounter in account.encounters}
    patients = {patient.patient_id: patient for patient in account.patients}
    on_plan = frozenset(due.plan_account_numbers) if due else frozenset()
    return tuple(
        _visit_line(encounters[each.account_number], each, patients, on_plan=each.account_number in on_plan)
        for each in balances
    )


def _visit_line(
    encounter: Encounter, owed: EncounterBalance, patients: dict[str, Patient], *, on_plan: bool
) -> VisitLine:
    if encounter.patient_id not in patients:
        raise CompositionError(
            "PATIENT",
            f"Account {encounter.account_number} names a patient who is not on file for the guarantor.",
            "Correct the patient on this account in the billing system.",
        )
    share = encounter.share
    return VisitLine(
        account_number=encounter.account_number,
        patient_name=full_name(patients[encounter.patient_id]),
        service_from=encounter.service_from,
        service_to=encounter.service_to,
        description="" if encounter.sensitive else encounter.description,
        sensitive=encounter.sensitive,
        insurance_name=encounter.insurance_name,
        denied=encounter.insurance_status is InsuranceStatus.DENIED,
        on_plan=on_plan,
        charges_cents=owed.charges_cents,
        insurance_cents=owed.insurance_paid_cents,
        adjustments_cents=owed.adjustments_cents + owed.charity_cents,
        payments_cents=owed.patient_paid_cents,
        pending_cents=owed.insurance_pending_cents,
        owed_cents=owed.patient_cents,
        has_share=share is not None
        and share.deductible_cents + share.coinsurance_cents + share.copay_cents + share.noncovered_cents > 0,
        deductible_cents=share.deductible_cents if share else 0,
        coinsurance_cents=share.coinsurance_cents if share else 0,
        copay_cents=share.copay_cents if share else 0,
        noncovered_cents=share.noncovered_cents if share else 0,
    )


def _require_footing(facts: StatementFacts, due: AmountDue, selection: Selection) -> None:
    parts = facts.charges_cents - facts.insurance_cents - facts.adjustments_cents - facts.payments_cents
    foots = (
        parts - facts.pending_cents == facts.owed_cents == sum(visit.owed_cents for visit in facts.visits)
        and facts.aging.total_cents == facts.owed_cents
        and due.amount_cents == selection.amount_cents
    )
    if not foots:
        raise CompositionError(
            "FOOTING",
            f"The amounts on guarantor {selection.guarantor_id}'s statement do not add up to the selected amount.",
            "Check the account's transactions in the billing system. If they are correct, report this as a bug.",
        )
