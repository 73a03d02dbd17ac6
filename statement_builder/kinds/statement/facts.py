"""The statement: what the visits cost, what insurance paid, and what the patient owes."""

from __future__ import annotations

from datetime import date

from statement_builder.billing.balance import EncounterBalance, balance, encounter_balance
from statement_builder.billing.model import Encounter, GuarantorAccount
from statement_builder.billing.plans import AmountDue, amount_due
from statement_builder.billing.selection import Selection
from statement_builder.documents.errors import CompositionError
from statement_builder.documents.facts import PendingVisit, PlanLine, StatementFacts, VisitLine
from statement_builder.documents.printed_terms import PrintedTerms
from statement_builder.documents.reasons import SPLIT, insurer_name
from statement_builder.documents.sections import visit_sections
from statement_builder.documents.visits import patient_name, visible_description, visit_lines

_INSTALLMENTS_MIN = 2
"""One payment is no plan."""


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
        cure_days=terms.plan_cure_days,
        letter_required=terms.plan_letter_required,
    )
    visits = visit_lines(account, owed.encounters, terms, issued_on, on_plan=due.plan_account_numbers)
    sections = visit_sections(account, visits)
    visits = tuple([visit for section in sections for visit in section.visits]) or visits
    mentioned = _mentioned(account, selection, issued_on)
    # No letters follow, and no plan is offered, for what a group bills: the hospital cannot promise either.
    is_plain = not due.plans and not sections
    bill_number = _bill_number(account, selection, terms) if is_plain else 0
    installment_count = _installment_count(selection.amount_cents, terms) if is_plain else 0
    roll = owed.roll_forward
    changes = (roll.charges_cents, roll.insurance_cents, roll.adjustments_cents, roll.payments_cents)
    insured = any(visit.insured for visit in visits)
    has_estimate = any(visit.estimate_cents is not None for visit in visits)
    adjustment_kinds = _adjustment_kinds(visits)
    # The row of an estimate needs the columns for its sentence.
    shows_all = insured or has_estimate
    facts = StatementFacts(
        visits=visits,
        sections=sections,
        charges_cents=owed.charges_cents,
        insurance_cents=owed.insurance_paid_cents,
        taken_back_cents=sum([visit.taken_back_cents for visit in visits]),
        adjustments_cents=owed.adjustments_cents + owed.charity_cents,
        charity_cents=owed.charity_cents,
        write_off_cents=sum([visit.write_off_cents for visit in visits]),
        payments_cents=owed.patient_paid_cents,
        returned_cents=sum([visit.returned_cents for visit in visits]),
        pending_cents=owed.pending_cents,
        owed_cents=owed.patient_cents,
        plan_later_cents=owed.patient_cents - due.amount_cents,
        asks_plans_only=bool(due.plans) and not due.off_plan_cents,
        plans=tuple(
            PlanLine(
                plan_id=position.plan_id,
                due_cents=position.due_cents,
                remaining_cents=position.remaining_cents,
                missed_count=position.missed_count,
            )
            for position in due.plans
        ),
        roll_forward=roll,
        aging=owed.aging,
        pending_visits=tuple(
            _pending_visit(account, each, issued_on) for each, other in mentioned if other.patient_cents >= 0
        ),
        credit_cents=-sum(other.patient_cents for _, other in mentioned if other.patient_cents < 0),
        bill_number=bill_number,
        bill_count=terms.statements_before_letters if bill_number else 0,
        installment_count=installment_count,
        installment_cents=-(-selection.amount_cents // installment_count) if installment_count else 0,
        insured=insured,
        denied=any(visit.denied for visit in visits),
        adjustment_kinds=adjustment_kinds,
        shows_adjustments=shows_all or bool(adjustment_kinds),
        shows_payments=shows_all or any(visit.payments_cents for visit in visits),
        raised=_raised(visits),
        has_split=any(part.reason in SPLIT for visit in visits for part in visit.reasons),
        has_changes=roll.since is not None and any(changes),
        due_on=selection.due_on,
    )
    _require_footing(facts, due, selection)
    return facts


def _adjustment_kinds(visits: tuple[VisitLine, ...]) -> tuple[str, ...]:
    found = {
        "discount": any(visit.discounts_cents for visit in visits),
        "charity": any(visit.charity_cents for visit in visits),
        "write_off": any(visit.write_off_cents for visit in visits),
    }
    return tuple(kind for kind, has in found.items() if has)


def _raised(visits: tuple[VisitLine, ...]) -> tuple[str, ...]:
    lowest = (
        ("insurance", min([visit.insurance_cents for visit in visits], default=0)),
        ("adjustments", min([visit.adjustments_cents for visit in visits], default=0)),
        ("payments", min([visit.payments_cents for visit in visits], default=0)),
    )
    return tuple([column for column, cents in lowest if cents < 0])


def _mentioned(
    account: GuarantorAccount, selection: Selection, issued_on: date
) -> list[tuple[Encounter, EncounterBalance]]:
    """The visits that the statement mentions as information, by date of service."""
    if not selection.mentioned_account_numbers:
        return []
    found = [each for each in account.encounters if each.account_number in selection.mentioned_account_numbers]
    found.sort(key=lambda each: (each.service_from, each.account_number))
    return [(each, encounter_balance(each, issued_on)) for each in found]


def _pending_visit(account: GuarantorAccount, encounter: Encounter, issued_on: date) -> PendingVisit:
    return PendingVisit(
        patient_name=patient_name(encounter, {patient.patient_id: patient for patient in account.patients}),
        service_from=encounter.service_from,
        service_to=encounter.service_to,
        description=visible_description(encounter),
        sensitive=encounter.sensitive,
        insurance_name="" if encounter.sensitive else insurer_name(encounter, issued_on),
    )


def _bill_number(account: GuarantorAccount, selection: Selection, terms: PrintedTerms) -> int:
    """Which statement this is, if it is the same for every visit and letters follow the last one. Otherwise 0."""
    numbers = {
        1 + (each.correspondence.statements_mailed if each.correspondence else 0)
        for each in account.encounters
        if each.account_number in selection.account_numbers
    }
    number = numbers.pop() if len(numbers) == 1 else 0
    return number if number <= terms.statements_before_letters else 0


def _installment_count(amount_cents: int, terms: PrintedTerms) -> int:
    """The most monthly payments that the office offers for this amount without approval. 0: it offers none."""
    affordable = amount_cents // terms.payment_plan_min_cents if terms.payment_plan_min_cents else amount_cents
    count = min(terms.payment_plan_months_max, affordable)
    return count if count >= _INSTALLMENTS_MIN else 0


def _require_footing(facts: StatementFacts, due: AmountDue, selection: Selection) -> None:
    parts = facts.charges_cents - facts.insurance_cents - facts.adjustments_cents - facts.payments_cents
    foots = (
        parts - facts.pending_cents == facts.owed_cents == sum(visit.owed_cents for visit in facts.visits)
        and sum(each.owed_cents for each in facts.sections or facts.visits) == facts.owed_cents
        and facts.aging.total_cents == facts.owed_cents
        and due.amount_cents == selection.amount_cents
    )
    if not foots:
        raise CompositionError(
            "FOOTING",
            f"The amounts on guarantor {selection.guarantor_id}'s statement do not add up to the selected amount.",
            "Check the account's transactions in the billing system. If they are correct, report this as a bug.",
        )
