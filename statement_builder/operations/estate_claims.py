"""Claims against estates that a person must present or settle, as the ledger knows them: rows of the work queue.

What is known of a deadline is what the last batch of claims recorded: the hold `EST_DEADLINE` of a claim that is held,
and the date on a claim that waits for its release or hand-off. So the claims must run every day.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from statement_builder.billing.model import Record
from statement_builder.billing.selection import Kind
from statement_builder.ledger import BatchState
from statement_builder.operations.queries import ExceptionRow
from statement_builder.pipeline.context import AppContext
from statement_builder.policy.estates.deadline_alerts import find_alert_day
from statement_builder.policy.hold_codes import describe_hold

_DEADLINE = "EST_DEADLINE"
_FOR_A_PERSON = ("EST_NO_RULE", "EST_BARRED", "EST_TWO")
"""Holds of a claim that only a person can settle, with or without a deadline on file."""
_RELEASE = "Release the batch, or present the claim by hand and record the day in `claim_filed_on`."


class ClaimDue(Record, kw_only=True):
    """A claim that has not left, and its deadline."""

    batch_id: str
    guarantor_id: str
    deadline_on: date
    document_id: str = ""
    """The claim that waits for its release or hand-off. Empty: the claim is held."""


def list_estate_claims(context: AppContext, batch_id: str | None) -> Iterator[ExceptionRow]:
    """The claims that a person must present or settle, of the last batches of claims. One that has passed its deadline
    stays until the billing system says what became of it."""
    for due in find_claims_due(context):
        if batch_id in {None, due.batch_id} and find_alert_day(due.deadline_on, context.today()) is not None:
            yield make_row(context, due)
    seen: set[tuple[str, str]] = set()
    for each in context.ledger.candidates.last_holds(context.facility.facility_id, _FOR_A_PERSON):
        key = (each.subject, each.hold.code)
        if key in seen or batch_id not in {None, each.batch_id}:
            continue
        seen.add(key)
        text = describe_hold(each.hold.code, context.settings.policy)
        yield ExceptionRow(
            batch_id=each.batch_id,
            guarantor_id=each.subject,
            document_id=None,
            file=None,
            code=each.hold.code,
            message=f"{text.title}. {text.why}",
            fix=text.what_to_do,
        )


def find_claims_due(context: AppContext) -> Iterator[ClaimDue]:
    """The claims that have not left, each once, with the deadline that the last batch knew."""
    found: set[str] = set()
    for each in context.ledger.candidates.last_holds(context.facility.facility_id, [_DEADLINE]):
        if each.hold.until is not None and each.subject not in found:
            found.add(each.subject)
            yield ClaimDue(
                batch_id=each.batch_id, guarantor_id=each.subject, deadline_on=each.hold.until - timedelta(days=1)
            )
    for batch in context.ledger.batches.all():
        if (
            batch.kind is Kind.ESTATE_CLAIM
            and batch.state is not BatchState.CLOSED
            and batch.facility_id == context.facility.facility_id
        ):
            for document in context.ledger.documents.pending(batch.batch_id):
                if document.due_on is not None and document.guarantor_id not in found:
                    found.add(document.guarantor_id)
                    yield ClaimDue(
                        batch_id=batch.batch_id,
                        guarantor_id=document.guarantor_id,
                        deadline_on=document.due_on,
                        document_id=document.document_id,
                    )


def make_row(context: AppContext, due: ClaimDue) -> ExceptionRow:
    """What a clerk reads about a claim that is due."""
    text = describe_hold(_DEADLINE, context.settings.policy)
    left = (due.deadline_on - context.today()).days
    waits = " The claim is made and has not left." if due.document_id else ""
    return ExceptionRow(
        batch_id=due.batch_id,
        guarantor_id=due.guarantor_id,
        document_id=due.document_id or None,
        file=None,
        code=_DEADLINE,
        message=f"{text.title}: by {due.deadline_on}, {left:,} {'day' if left == 1 else 'days'} from now.{waits}",
        fix=_RELEASE if due.document_id else text.what_to_do,
    )
