"""Financial assistance on documents: the application that a letter is about, and the end of the application period."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from statement_builder.billing.assistance import application_cause
from statement_builder.billing.dates import due_date
from statement_builder.billing.model import AssistanceRecord, Encounter, GuarantorAccount
from statement_builder.billing.selection import FINAL_LEVEL, Selection
from statement_builder.documents.errors import CompositionError
from statement_builder.documents.facts import while_ahead
from statement_builder.documents.printed_terms import PrintedTerms


def find_application(account: GuarantorAccount, selection: Selection) -> AssistanceRecord:
    """The application that the letter is about. CompositionError if it is not on file in that state."""
    found = [each for each in account.assistance if application_cause(each) == selection.cause_id]
    if not found:
        raise CompositionError(
            "APPLICATION",
            f"The application of guarantor {selection.guarantor_id}'s letter is not on file in the state it had.",
            "Correct the application in the billing system.",
        )
    return found[0]


def application_period_end(visits: Iterable[Encounter], terms: PrintedTerms, issued_on: date) -> date | None:
    """The last day to apply for financial assistance for all of these visits (26 CFR 1.501(r)-1(b)(3)). None: none of
    them was billed, so no period has begun.

    The period of a visit ends on day 240 after its first statement, or on the deadline of its final notice if that is
    later. A document gives one date for all visits, so it is the latest one: no visit's period is printed shorter than
    the law gives, and the hospital takes an application for the others as long. A visit that was not billed yet counts
    as billed today.
    """
    mailed = [each.correspondence for each in visits]
    if not any(mailed):
        return None
    ends = []
    for each in mailed:
        first_on = each.first_statement_on if each is not None else issued_on
        ends.append(first_on + timedelta(days=terms.assistance_days))
        if each is not None and each.ladder_level >= FINAL_LEVEL:
            ends.append(due_date(each.last_mailed_on, terms.final_due_days))
    return max(ends)


def assistance_until(
    account: GuarantorAccount, selection: Selection, terms: PrintedTerms, issued_on: date
) -> date | None:
    """`application_period_end` of the visits on a letter. None: it is not known, has passed, or would have when the
    letter is read, so that the letter prints no date."""
    visits = [each for each in account.encounters if each.account_number in selection.account_numbers]
    until = application_period_end(visits, terms, issued_on)
    return while_ahead(until, issued_on) if until else None
