"""The inquiry about an estate. It has no amount: nobody is asked to pay."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from statement_builder.billing.model import GuarantorAccount
from statement_builder.billing.selection import Selection
from statement_builder.documents.errors import CompositionError
from statement_builder.documents.facts import DateAhead, Facts
from statement_builder.documents.printed_terms import PrintedTerms


class EstateInquiryFacts(Facts, kw_only=True):
    """Who has died, and by when an answer is asked for."""

    decedent_name: str
    died_on: date
    due_on: date
    """When an answer would help. Nothing follows if there is none."""

    def dates_ahead(self) -> Iterator[DateAhead]:
        yield "due_on", self.due_on

    def figures(self) -> object:
        return self.decedent_name, self.died_on


def inquiry_facts(
    account: GuarantorAccount, selection: Selection, _: PrintedTerms, issued_on: date
) -> EstateInquiryFacts:
    """The letter's data. CompositionError if the estate is not on file, or the death lies ahead."""
    estates = account.estates
    if len(estates) != 1 or not estates[0].decedent_name or estates[0].died_on > issued_on:
        raise CompositionError(
            "ESTATE",
            f"The estate of guarantor {selection.guarantor_id}'s letter is not on file, or its date of death is ahead.",
            "Correct the estate in the billing system.",
        )
    return EstateInquiryFacts(
        decedent_name=estates[0].decedent_name, died_on=estates[0].died_on, due_on=selection.due_on
    )
