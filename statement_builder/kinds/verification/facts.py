"""The answer about a disputed bill: how the amount of the visit came about, and what the review corrected."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from statement_builder.billing.balance import balance
from statement_builder.billing.model import GuarantorAccount
from statement_builder.billing.request_terms import Correction
from statement_builder.billing.selection import Selection
from statement_builder.documents.asking import Asking, printed_asking
from statement_builder.documents.errors import CompositionError
from statement_builder.documents.facts import DateAhead, Facts, VisitLine
from statement_builder.documents.postings import Posting, postings_of
from statement_builder.documents.printed_terms import PrintedTerms
from statement_builder.documents.visits import visit_lines


class VerificationFacts(Facts, kw_only=True):
    """An answer. It asks for nothing: `content.amount_cents` is 0. `charges - postings = visit.owed + visit.pending`,
    to the cent."""

    visit: VisitLine
    postings: tuple[Posting, ...]
    """By date."""
    asking: Asking
    """Why nothing is to be paid now, or that the latest bill says by when."""
    asked_on: date
    reviewed_on: date
    corrected: tuple[Correction, ...]
    """In the order of `Correction`. Empty: the bill was correct."""
    is_billed: bool
    """Whether a bill about the visit was handed off."""
    first_billed_on: date | None
    """None: no bill about the visit was mailed, or the first one is on its way and counts as mailed on a later day."""
    due_on: date
    """Letters about late payment wait for it."""

    @property
    def visits(self) -> tuple[VisitLine, ...]:
        """As on a statement, for the parts that both share."""
        return (self.visit,)

    @property
    def owed_now_cents(self) -> int:
        """What the latest bill asks for, or the next one will."""
        return self.visit.owed_cents if self.asking.asks else 0

    def dates_ahead(self) -> Iterator[DateAhead]:
        yield "due_on", self.due_on
        yield "dispute_until_on", self.visit.dispute_until_on

    def figures(self) -> object:
        return self.visit, self.postings, self.corrected

    def shown_cents(self, _: int) -> int:
        return self.owed_now_cents


def verification_facts(
    account: GuarantorAccount, selection: Selection, terms: PrintedTerms, issued_on: date
) -> VerificationFacts:
    """The answer's data. CompositionError if the review is not on file or the figures do not add up."""
    reviews = [each.reviewed_on for each in selection.requests if each.reviewed_on is not None]
    if not reviews:
        raise CompositionError(
            "REVIEW",
            f"The review for guarantor {selection.guarantor_id}'s letter is not on file.",
            "Enter the day of the review in the billing system, or with `statements review`.",
        )
    owed = balance(account, issued_on, account_numbers=selection.account_numbers)
    (visit,) = visit_lines(account, owed.encounters, terms, issued_on)
    (encounter,) = [each for each in account.encounters if each.account_number == visit.account_number]
    mailed = encounter.correspondence
    first_on = mailed.first_statement_on if mailed else None
    facts = VerificationFacts(
        visit=visit,
        postings=postings_of(encounter, issued_on),
        asking=printed_asking(account, encounter, visit, terms, issued_on),
        asked_on=min(each.asked_on for each in selection.requests),
        reviewed_on=max(reviews),
        corrected=tuple(item for item in Correction if any(item in each.corrected for each in selection.requests)),
        is_billed=first_on is not None,
        first_billed_on=first_on if first_on is not None and first_on <= issued_on else None,
        due_on=selection.due_on,
    )
    posted_cents = sum(each.amount_cents for each in facts.postings)
    if visit.charges_cents - posted_cents != visit.owed_cents + visit.pending_cents:
        raise CompositionError(
            "FOOTING",
            f"The figures of guarantor {selection.guarantor_id}'s letter do not add up.",
            "Check the account's transactions in the billing system. If they are correct, report this as a bug.",
        )
    return facts
