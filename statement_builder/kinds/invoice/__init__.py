"""Itemized bills: one visit, line by line, for people who asked. They move no clock and answer each request once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from statement_builder.billing.selection import Hold, Kind, Selection
from statement_builder.documents.content import Content
from statement_builder.kinds.definition import N_, KindDefinition, Outcome
from statement_builder.kinds.invoice.facts import InvoiceFacts, invoice_facts
from statement_builder.kinds.invoice.rules import REQUESTS, find_invoice_holds, invoice_cents, select_invoice
from statement_builder.policy.candidate import Candidate
from statement_builder.policy.recheck_rules import recheck_visits


def _select(candidate: Candidate) -> Outcome:
    return Outcome(*select_invoice(candidate))


def _recheck(candidate: Candidate, selection: Selection, _: date) -> Iterable[Hold]:
    def visits_cents() -> int:
        printed = [each for each in candidate.account.encounters if each.account_number in selection.account_numbers]
        return sum(invoice_cents(candidate, each) for each in printed)

    return recheck_visits(candidate, selection, find_invoice_holds(candidate), visits_cents)


def _count_lines(content: Content) -> int:
    assert isinstance(content.facts, InvoiceFacts)
    return len(content.facts.lines)


DEFINITION = KindDefinition(
    kind=Kind.INVOICE,
    template="invoice/invoice.html",
    title=N_("Itemized hospital bill"),
    select=_select,
    facts=invoice_facts,
    recheck=_recheck,
    is_candidate=REQUESTS.are_open,
    is_faulty_candidate=REQUESTS.are_in,
    candidate_cents=REQUESTS.owed_cents,
    count_items=_count_lines,
    items_per_page_max=(90, 16),
    sample_guarantors=24,
)
