"""Dunning letters: past-due letter, second letter, final notice."""

from __future__ import annotations

from datetime import date

from statement_builder.billing.balance import balance
from statement_builder.billing.model import Encounter, FinancialClass, GuarantorAccount
from statement_builder.billing.selection import FINAL_LEVEL, Selection
from statement_builder.documents.assistance import application_period_end, assistance_until
from statement_builder.documents.errors import CompositionError
from statement_builder.documents.facts import AssignedVisit, LetterFacts, PreAssignment, VisitLine
from statement_builder.documents.printed_terms import PrintedTerms
from statement_builder.documents.visits import visit_lines

_PUBLIC_PLANS = frozenset({FinancialClass.MEDICARE, FinancialClass.MEDICARE_ADVANTAGE, FinancialClass.TRICARE})
LEVELS = (2, 3, FINAL_LEVEL)


def letter_facts(account: GuarantorAccount, selection: Selection, terms: PrintedTerms, issued_on: date) -> LetterFacts:
    """The letter's data. CompositionError if there is no letter of this level or the amounts do not foot."""
    if selection.level not in LEVELS:
        raise CompositionError(
            "LEVEL",
            f"There is no letter of level {selection.level}.",
            "Report this as a bug: levels 2 to 4 are letters.",
        )
    owed = balance(account, issued_on, account_numbers=selection.account_numbers)
    visits = visit_lines(account, owed.encounters, terms, issued_on)
    if owed.patient_cents != selection.amount_cents or sum(each.owed_cents for each in visits) != owed.patient_cents:
        raise CompositionError(
            "FOOTING",
            f"The visits on guarantor {selection.guarantor_id}'s letter do not add up to the selected amount.",
            "Check the accounts' transactions in the billing system. If they are correct, report this as a bug.",
        )
    billed = [each.first_statement_on for each in owed.encounters if each.first_statement_on is not None]
    return LetterFacts(
        visits=visits,
        owed_cents=owed.patient_cents,
        first_billed_on=min(billed, default=None),
        assistance_until_on=_assistance_until(account, selection, terms, issued_on),
        collection_actions=terms.collection_actions if selection.level == FINAL_LEVEL else (),
        agency_name=terms.agency_name,
        pre_assignment=_pre_assignment(account, visits, terms) if selection.level == FINAL_LEVEL else None,
        due_on=selection.due_on,
    )


def _pre_assignment(
    account: GuarantorAccount, visits: tuple[VisitLine, ...], terms: PrintedTerms
) -> PreAssignment | None:
    if not terms.pre_assignment_items:
        return None
    by_number = {each.account_number: each for each in account.encounters}
    mailed = [each for visit in visits if (each := by_number[visit.account_number].correspondence)]
    decided = [each.decided_on for each in account.assistance if each.decided_on is not None]
    return PreAssignment(
        items=terms.pre_assignment_items,
        visits=tuple(AssignedVisit(visit=each, plan=_plan_of(by_number[each.account_number])) for each in visits),
        told_on=tuple(sorted({day for each in mailed for day in (each.first_statement_on, each.last_mailed_on)})),
        decided_on=max(decided, default=None),
    )


def _plan_of(encounter: Encounter) -> FinancialClass | None:
    has_plan = bool(encounter.insurance_name) or encounter.financial_class in _PUBLIC_PLANS
    return encounter.financial_class if has_plan else None


def _assistance_until(
    account: GuarantorAccount, selection: Selection, terms: PrintedTerms, issued_on: date
) -> date | None:
    """The end of the application period; on a final notice, its deadline if that is later (26 CFR 1.501(r)-1(b)(3)).
    None on an earlier letter after day 240: the period is then still open, and its end is not known before the final
    notice."""
    if selection.level != FINAL_LEVEL:
        return assistance_until(account, selection, terms, issued_on)
    visits = [each for each in account.encounters if each.account_number in selection.account_numbers]
    until = application_period_end(visits, terms, issued_on)
    return max(until, selection.due_on) if until else None
