"""The letter about a requested itemized bill: why it does not come with this letter, and when it comes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from statement_builder.billing.balance import encounter_balances
from statement_builder.billing.model import GuarantorAccount
from statement_builder.billing.selection import Selection
from statement_builder.documents.errors import CompositionError
from statement_builder.documents.facts import DateAhead, Facts, VisitLine
from statement_builder.documents.printed_terms import PrintedTerms
from statement_builder.documents.visits import visit_lines
from statement_builder.kinds.itemized_request_reply.rules import ReplyReason, requests_to_reply


class ReplyFacts(Facts, kw_only=True):
    """A letter about a request. It asks for nothing, and prints no amount."""

    visit: VisitLine
    reason: ReplyReason
    asked_on: date
    expected_on: date | None
    """The day by which the itemized bill comes. None: none comes for this request."""
    sent_on: date | None
    """When the billing office sent it. None: it did not."""

    @property
    def visits(self) -> tuple[VisitLine, ...]:
        """As on a statement, for the parts that both share."""
        return (self.visit,)

    def dates_ahead(self) -> Iterator[DateAhead]:
        yield "expected_on", self.expected_on

    def figures(self) -> object:
        return self.visit.account_number, self.reason, self.expected_on


def reply_facts(account: GuarantorAccount, selection: Selection, terms: PrintedTerms, issued_on: date) -> ReplyFacts:
    """The letter's data. CompositionError if the request is not on file."""
    balances = encounter_balances(account, issued_on, selection.account_numbers)
    (visit,) = visit_lines(account, balances, terms, issued_on)
    (encounter,) = [each for each in account.encounters if each.account_number == visit.account_number]
    requests, reason = requests_to_reply(encounter), ReplyReason(selection.reason)
    if not requests:
        raise CompositionError(
            "REQUEST",
            f"The request of guarantor {selection.guarantor_id}'s letter is not on file.",
            "Correct the request in the billing system.",
        )
    return ReplyFacts(
        visit=visit,
        reason=reason,
        asked_on=requests[0].asked_on,
        expected_on=None if reason.is_final else selection.due_on,
        sent_on=requests[0].reviewed_on if reason is ReplyReason.SENT else None,
    )
