"""The letter about a decision: the amounts of each visit before and after, and what can still be done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum

from statement_builder.billing.assistance import VisitHelp, visit_help
from statement_builder.billing.assistance_terms import DecisionBasis
from statement_builder.billing.balance import encounter_balances
from statement_builder.billing.dates import due_date
from statement_builder.billing.model import (
    ApplicationStatus,
    AssistanceKind,
    AssistanceRecord,
    Encounter,
    GuarantorAccount,
    Record,
)
from statement_builder.billing.selection import Selection
from statement_builder.documents.assistance import application_period_end, find_application
from statement_builder.documents.errors import CompositionError
from statement_builder.documents.facts import DateAhead, Facts, VisitLine, while_ahead
from statement_builder.documents.printed_terms import PrintedTerms
from statement_builder.documents.visits import visit_lines


class Award(StrEnum):
    """What was decided."""

    FULL = "full"
    """All of the patient's part is taken off."""
    PARTIAL = "partial"
    NONE = "none"


class HelpedVisit(Record, kw_only=True):
    """One visit: `part = help + paid + owed - over`, to the cent."""

    visit: VisitLine
    part_cents: int
    """The patient's part before the help."""
    help_cents: int
    paid_cents: int
    owed_cents: int
    """What is left to pay. Never negative."""
    over_cents: int
    """What was paid above the part that is left. Never negative."""


class AssistanceDecisionFacts(Facts, kw_only=True):
    """A decision. `content.amount_cents` is `owed_cents`, or 0 if a payment plan says what to pay."""

    award: Award
    basis: DecisionBasis
    discount_percent: int | None
    is_presumptive: bool
    """Nobody applied."""
    received_on: date
    decided_on: date
    visits: tuple[VisitLine, ...]
    helped: tuple[HelpedVisit, ...]
    """The same visits with their amounts. Empty on a denial, which changes none."""
    part_cents: int
    help_cents: int
    paid_cents: int
    owed_cents: int
    """The sums of the visits with amounts."""
    refund_cents: int
    """What the hospital pays back. 0: nothing, or less than the law requires."""
    refund_days: int
    small_excess_cents: int
    """What was paid above the parts that are left, if it is too little to be refunded unasked."""
    on_plan: bool
    """A visit is on a payment plan, so the letter asks for nothing."""
    reverses_actions: bool
    """The hospital or its agency may have taken collection actions, which an approval takes back."""
    valid_until_on: date | None
    """The last day of later care that the decision covers. None: it does not, or the day has passed or is near."""
    apply_until_on: date | None
    """The last day to apply for more, or to send what was missing. None: the letter offers neither."""
    due_on: date
    """The last day to ask for a review, and to pay what is left. Letters about late payment wait for it."""

    @property
    def over_cents(self) -> int:
        """What was paid above the parts that are left: `part = help + paid + owed - over`."""
        return sum(each.over_cents for each in self.helped)

    def dates_ahead(self) -> Iterator[DateAhead]:
        yield "due_on", self.due_on
        yield "valid_until_on", self.valid_until_on
        yield "apply_until_on", self.apply_until_on

    def figures(self) -> object:
        return self.award, self.basis, self.discount_percent, self.helped


def decision_facts(
    account: GuarantorAccount, selection: Selection, terms: PrintedTerms, issued_on: date
) -> AssistanceDecisionFacts:
    """The letter's data. CompositionError if the application is not on file or the visits do not add up."""
    record = find_application(account, selection)
    if record.decided_on is None or record.basis is None:
        raise CompositionError(
            "APPLICATION",
            f"The decision of guarantor {selection.guarantor_id}'s letter has no day or no basis.",
            "Enter both in the billing system.",
        )
    by_number = {each.account_number: each for each in account.encounters}
    encounters = [by_number[number] for number in selection.account_numbers]
    balances = encounter_balances(account, issued_on, selection.account_numbers)
    lines = visit_lines(account, balances, terms, issued_on)
    approved = record.status is ApplicationStatus.APPROVED
    helped = tuple(
        _helped_visit(line, visit_help(each, record.occurred_on, issued_on), selection)
        for line, each in zip(lines, encounters, strict=True)
        if approved
    )
    owed_cents, over_cents = sum(each.owed_cents for each in helped), sum(each.over_cents for each in helped)
    if selection.amount_cents not in (0, owed_cents):
        raise _does_not_foot(selection)
    award = _award(record, helped)
    refunds = over_cents >= terms.assistance_refund_min_cents
    return AssistanceDecisionFacts(
        award=award,
        basis=record.basis,
        discount_percent=record.discount_percent,
        is_presumptive=record.kind is AssistanceKind.PRESUMPTIVE,
        received_on=record.occurred_on,
        decided_on=record.decided_on,
        visits=lines,
        helped=helped,
        part_cents=sum(each.part_cents for each in helped),
        help_cents=sum(each.help_cents for each in helped),
        paid_cents=sum(each.paid_cents for each in helped),
        owed_cents=owed_cents,
        refund_cents=over_cents if refunds else 0,
        refund_days=terms.assistance_refund_days,
        small_excess_cents=0 if refunds else over_cents,
        on_plan=owed_cents > 0 and selection.amount_cents == 0,
        reverses_actions=approved and bool(terms.collection_actions or terms.agency_name),
        valid_until_on=while_ahead(record.valid_until, issued_on) if record.valid_until else None,
        apply_until_on=_apply_until(record, award, encounters, terms, issued_on),
        due_on=selection.due_on,
    )


def _award(record: AssistanceRecord, helped: tuple[HelpedVisit, ...]) -> Award:
    if record.status is not ApplicationStatus.APPROVED:
        return Award.NONE
    if record.discount_percent is not None:
        return Award.FULL if record.discount_percent == 100 else Award.PARTIAL
    return Award.FULL if all(each.help_cents >= each.part_cents for each in helped) else Award.PARTIAL


def _helped_visit(line: VisitLine, found: VisitHelp, selection: Selection) -> HelpedVisit:
    """One visit, with its part calculated a second time, from what the bills print."""
    part_cents = line.charges_cents - line.insurance_cents - (line.adjustments_cents - found.help_cents)
    visit = HelpedVisit(
        visit=line,
        part_cents=found.part_cents,
        help_cents=found.help_cents,
        paid_cents=found.paid_cents,
        owed_cents=max(0, found.left_cents),
        over_cents=max(0, -found.left_cents),
    )
    left_cents = part_cents - visit.help_cents - visit.paid_cents
    if visit.over_cents > max(0, visit.paid_cents):  # only what the patient paid is paid back to the patient
        raise _does_not_foot(selection)
    if found.pending_cents or part_cents != found.part_cents or left_cents != visit.owed_cents - visit.over_cents:
        raise _does_not_foot(selection)
    return visit


def _does_not_foot(selection: Selection) -> CompositionError:
    return CompositionError(
        "FOOTING",
        f"The visits on guarantor {selection.guarantor_id}'s letter do not add up to the selected amount.",
        "Check the accounts' transactions in the billing system. If they are correct, report this as a bug.",
    )


def _apply_until(
    record: AssistanceRecord, award: Award, encounters: list[Encounter], terms: PrintedTerms, issued_on: date
) -> date | None:
    """The last day to apply for more than a decision without an application gave (26 CFR 1.501(r)-6(c)(2)(i)), or to
    send what an application lacked (1.501(r)-6(c)(5)(ii)): the end of the application period, which begins with the
    first statement. For more, there is always a reasonable time from this letter."""
    until = application_period_end(encounters, terms, issued_on) or issued_on + timedelta(days=terms.assistance_days)
    if record.basis is DecisionBasis.NO_ANSWER:
        return while_ahead(until, issued_on)
    if record.kind is not AssistanceKind.PRESUMPTIVE or award is not Award.PARTIAL:
        return None
    return max(until, due_date(issued_on, terms.assistance_respond_days))
