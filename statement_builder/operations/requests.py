"""Requests for documents: an operator records what somebody asked for, and the next batch of the kind answers it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date

import msgspec

from statement_builder.billing.model import RequestFormat, RequestKind
from statement_builder.billing.request_terms import Correction, RequestObstacle
from statement_builder.billing.selection import Kind
from statement_builder.errors import ConfigError
from statement_builder.ledger import REQUESTS, RecordedRequest
from statement_builder.operations.roles import authorize
from statement_builder.pipeline.context import AppContext

_NAMESPACE = uuid.UUID("0b4c2f5e-2f0e-5f57-9a0e-0f6d3a1c7e42")
_ACCOUNT_CHARACTERS_MAX = 64


def record_request(
    context: AppContext,
    kind: RequestKind,
    account_number: str,
    *,
    asked_on: date | None = None,
    requested_format: RequestFormat = RequestFormat.STANDARD,
) -> str:
    """Record that somebody asked for a document about a visit. Returns a sentence for the operator.

    Recording the same request twice changes nothing; recording one that was withdrawn revives it. `ConfigError` for a
    date in the future; `NotAllowed`.
    """
    today = context.today()
    asked_on = asked_on or today
    if asked_on > today:
        raise ConfigError(f"--asked-on {asked_on} is in the future; today is {today}.")
    if not account_number.strip() or len(account_number) > _ACCOUNT_CHARACTERS_MAX or not account_number.isprintable():
        raise ConfigError(f"An account number has 1 to {_ACCOUNT_CHARACTERS_MAX} characters.")
    facility_id = context.facility.facility_id
    parts = (facility_id, kind.value, account_number, asked_on.isoformat(), requested_format.value)
    new = RecordedRequest(
        request_id=f"R-{uuid.uuid5(_NAMESPACE, chr(31).join(parts))}",
        kind=kind,
        account_number=account_number,
        asked_on=asked_on,
        format=requested_format,
        recorded_by=context.actor,
        recorded_at=context.now(),
    )
    authorize(context, "request", batch_id=REQUESTS, subject=new.request_id)
    if not context.ledger.requests.record(facility_id, new):
        before = f"{new.request_id} was recorded before: the same document, asked for on {asked_on}."
        if context.ledger.requests.is_open(facility_id, new.request_id):
            return before
        return (
            f"{before} It is answered already, so no batch answers it again. To send that document again: `statements "
            "resend` or `statements reprint`. If it was asked for again, record the new day with --asked-on."
        )
    if kind is RequestKind.VERIFICATION:
        return (
            f"{new.request_id} is recorded, and letters about late payment of the visit wait. When the review is "
            f"finished: `statements review {new.request_id}`."
        )
    return f"{new.request_id} is recorded. The next batch answers it: `statements run {kind} --cycle YYYY-MM-DD`."


def list_requests(context: AppContext) -> list[RecordedRequest]:
    """The open requests that operators recorded, oldest first. Those of the billing system are in its own records, and
    what holds them is in `statements holds`."""
    return context.ledger.requests.recorded(context.facility.facility_id)


def review_request(
    context: AppContext,
    request_id: str,
    *,
    reviewed_on: date | None = None,
    corrected: Sequence[Correction] = (),
    obstacle: RequestObstacle | None = None,
    expected_on: date | None = None,
) -> str:
    """Record what a review found about a recorded request. Returns a sentence for the operator.

    A later review of the same request replaces an earlier one. `ConfigError` if no such request is open, for a review
    in the future or before the request, for an expected day that has passed, or for a finding that does not fit what
    was asked for; `NotAllowed`.
    """
    today = context.today()
    found = [each for each in list_requests(context) if each.request_id == request_id]
    if not found:
        raise ConfigError(f"{request_id} is not an open request. `statements requests` lists all.")
    (asked,) = found
    reviewed_on = reviewed_on or today
    if not asked.asked_on <= reviewed_on <= today:
        raise ConfigError(f"--reviewed-on must be from {asked.asked_on}, the day of the request, to today, {today}.")
    if expected_on is not None and expected_on <= today:
        raise ConfigError(f"--expected-on must be after today, {today}.")
    if asked.kind is RequestKind.VERIFICATION and (obstacle or expected_on):
        raise ConfigError("--obstacle and --expected-on are for a requested itemized bill.")
    if asked.kind is RequestKind.INVOICE and (corrected or not (obstacle or expected_on)):
        raise ConfigError(
            "A requested itemized bill is reviewed with --obstacle or --expected-on, without --corrected."
        )
    authorize(context, "request", batch_id=REQUESTS, subject=request_id)
    reviewed = msgspec.structs.replace(
        asked.request,
        reviewed_on=reviewed_on,
        corrected=tuple(item for item in Correction if item in corrected),
        obstacle=obstacle,
        expected_on=expected_on,
    )
    context.ledger.requests.review(
        context.facility.facility_id, request_id, reviewed, actor=context.actor, at=context.now()
    )
    answer = Kind.VERIFICATION if asked.kind is RequestKind.VERIFICATION else Kind.ITEMIZED_REQUEST_REPLY
    return (
        f"The review of {request_id} is recorded. The next batch answers: `statements run {answer} --cycle YYYY-MM-DD`."
    )


def withdraw_request(context: AppContext, request_id: str, reason: str) -> str:
    """End a request without an answer, such as one for an account that does not exist. Returns a sentence for the
    operator. `ConfigError` if no such request is open; `NotAllowed`."""
    if not reason.strip():
        raise ConfigError('To withdraw a request requires a reason: --reason "…"')
    authorize(context, "request", batch_id=REQUESTS, subject=request_id)
    context.ledger.requests.withdraw(
        context.facility.facility_id, request_id, reason=reason, actor=context.actor, at=context.now()
    )
    return f"{request_id} is withdrawn. No batch answers it."
