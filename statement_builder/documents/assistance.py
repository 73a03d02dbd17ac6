"""What the letters about applications for financial assistance read of an account."""

from __future__ import annotations

from statement_builder.billing.assistance import application_cause
from statement_builder.billing.model import AssistanceRecord, GuarantorAccount
from statement_builder.billing.selection import Selection
from statement_builder.documents.errors import CompositionError


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
