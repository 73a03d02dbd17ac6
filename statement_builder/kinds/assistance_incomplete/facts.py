"""The letter about an incomplete application."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from statement_builder.billing.assistance_terms import MissingItem
from statement_builder.billing.balance import encounter_balances
from statement_builder.billing.model import GuarantorAccount
from statement_builder.billing.selection import Selection
from statement_builder.documents.assistance import assistance_until, find_application
from statement_builder.documents.facts import DateAhead, Facts, VisitLine
from statement_builder.documents.plan_terms import require_footing
from statement_builder.documents.printed_terms import PrintedTerms
from statement_builder.documents.visits import visit_lines


class AssistanceIncompleteFacts(Facts, kw_only=True):
    """What an application lacks. The letter asks for no money."""

    visits: tuple[VisitLine, ...]
    received_on: date
    missing: tuple[MissingItem, ...]
    """In the order of `MissingItem`, never empty."""
    due_on: date
    """The last day to send it."""
    assistance_until_on: date | None
    """The end of the application period, if it is later: what is sent until then still counts (26 CFR
    1.501(r)-6(c)(5)(ii))."""

    def dates_ahead(self) -> Iterator[DateAhead]:
        yield "due_on", self.due_on
        yield "assistance_until_on", self.assistance_until_on

    def figures(self) -> object:
        return tuple(self.missing), self.due_on


def incomplete_facts(
    account: GuarantorAccount, selection: Selection, terms: PrintedTerms, issued_on: date
) -> AssistanceIncompleteFacts:
    """The letter's data. CompositionError if the application is not on file."""
    record = find_application(account, selection)
    require_footing(selection, 0)
    until = assistance_until(account, selection, terms, issued_on)
    balances = encounter_balances(account, issued_on, selection.account_numbers)
    return AssistanceIncompleteFacts(
        visits=visit_lines(account, balances, terms, issued_on),
        received_on=record.occurred_on,
        missing=tuple(item for item in MissingItem if item in record.missing),
        due_on=selection.due_on,
        assistance_until_on=until if until and until > selection.due_on else None,
    )
