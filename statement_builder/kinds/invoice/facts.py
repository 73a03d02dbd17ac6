"""The itemized bill: every charge line of one visit, what insurance did and why, and what is left to pay."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from statement_builder.billing.balance import balance
from statement_builder.billing.model import (
    Encounter,
    GuarantorAccount,
    Record,
)
from statement_builder.billing.selection import Selection
from statement_builder.documents.asking import Asking, printed_asking
from statement_builder.documents.errors import CompositionError
from statement_builder.documents.facts import BilledBy, DateAhead, Facts, VisitLine
from statement_builder.documents.postings import Posting, postings_of
from statement_builder.documents.printed_terms import PrintedTerms
from statement_builder.documents.sections import find_billed_by
from statement_builder.documents.visits import visit_lines
from statement_builder.kinds.invoice.categories import MEDICAL_SERVICES, category_of, position_of


class ChargeLine(Record, kw_only=True):
    """One charge."""

    service_on: date
    description: str
    """Empty if the visit is sensitive."""
    category: str
    code: str
    """The billing code. Empty if there is none or the visit is sensitive."""
    quantity: int
    amount_cents: int


class CategoryTotal(Record, kw_only=True):
    category: str
    amount_cents: int


class InvoiceFacts(Facts, kw_only=True):
    """An itemized bill. `charges - postings = visit.owed + visit.pending`, to the cent."""

    visit: VisitLine
    lines: tuple[ChargeLine, ...]
    """By category, then by date."""
    categories: tuple[CategoryTotal, ...]
    """In the order of the lines; their sum is `visit.charges_cents`."""
    postings: tuple[Posting, ...]
    """By date."""
    billed_by: BilledBy | None = None
    """The physician group that bills the visit. None: the hospital."""
    by_law: bool
    """No person asked for it: the state's law did."""
    asking: Asking
    due_on: date
    """When to pay, if `asking` is `pay`."""

    @property
    def visits(self) -> tuple[VisitLine, ...]:
        """As on a statement, for the parts that both share."""
        return (self.visit,)

    @property
    def has_codes(self) -> bool:
        """Whether any line has a billing code."""
        return any(line.code for line in self.lines)

    def dates_ahead(self) -> Iterator[DateAhead]:
        yield "due_on", self.due_on
        yield "dispute_until_on", self.visit.dispute_until_on

    def figures(self) -> object:
        return self.visit, self.lines, self.postings, self.billed_by


def invoice_facts(
    account: GuarantorAccount, selection: Selection, terms: PrintedTerms, issued_on: date
) -> InvoiceFacts:
    """The itemized bill's data. CompositionError FOOTING if it does not match the selected amount."""
    owed = balance(account, issued_on, account_numbers=selection.account_numbers)
    (visit,) = visit_lines(account, owed.encounters, terms, issued_on)
    (encounter,) = [each for each in account.encounters if each.account_number == visit.account_number]
    lines = tuple(sorted(_charge_lines(encounter, issued_on), key=_order))
    totals: defaultdict[str, int] = defaultdict(int)
    for line in lines:
        totals[line.category] += line.amount_cents
    facts = InvoiceFacts(
        visit=visit,
        lines=lines,
        categories=tuple(CategoryTotal(category=name, amount_cents=cents) for name, cents in totals.items()),
        postings=postings_of(encounter, issued_on),
        billed_by=find_billed_by(account, visit.account_number),
        by_law=bool(selection.requests) and all(each.state_rule for each in selection.requests),
        asking=printed_asking(account, encounter, visit, terms, issued_on),
        due_on=selection.due_on,
    )
    _require_footing(facts, selection)
    return facts


def _order(line: ChargeLine) -> tuple[int, date]:
    return position_of(line.category), line.service_on


def _charge_lines(encounter: Encounter, issued_on: date) -> Iterator[ChargeLine]:
    hidden = encounter.sensitive
    for charge in encounter.charges:
        if charge.posted_on <= issued_on:
            yield ChargeLine(
                service_on=charge.service_on,
                description="" if hidden else charge.description,
                category=MEDICAL_SERVICES if hidden else category_of(charge.revenue_code),
                code="" if hidden else charge.code,
                quantity=charge.quantity,
                amount_cents=charge.amount_cents,
            )


def _require_footing(facts: InvoiceFacts, selection: Selection) -> None:
    visit = facts.visit
    charges_cents = sum(line.amount_cents for line in facts.lines)
    foots = (
        charges_cents == visit.charges_cents == sum(each.amount_cents for each in facts.categories)
        and charges_cents - sum(each.amount_cents for each in facts.postings) == visit.owed_cents + visit.pending_cents
        and selection.amount_cents == (visit.owed_cents if facts.asking.asks else 0)
    )
    if not foots:
        raise CompositionError(
            "FOOTING",
            f"The lines of guarantor {selection.guarantor_id}'s itemized bill do not add up to the selected amount.",
            "Check the account's transactions in the billing system. If they are correct, report this as a bug.",
        )
