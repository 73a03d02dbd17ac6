"""Commands on requests for documents: request, requests, review, withdraw."""

from __future__ import annotations

from typing import Annotated

import typer

from statement_builder.billing.model import RequestFormat, RequestKind
from statement_builder.billing.request_terms import Correction, RequestObstacle
from statement_builder.cli import output
from statement_builder.cli.options import Json, Purpose, Reason, opened, parse_day
from statement_builder.operations.access import record_access, subject
from statement_builder.operations.requests import list_requests, record_request, review_request, withdraw_request


def request(
    kind: Annotated[RequestKind, typer.Argument(metavar="KIND", help=f"What was asked for: {', '.join(RequestKind)}.")],
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account number of the visit.")],
    asked_on: Annotated[str | None, typer.Option(help="When it was asked for, as 2026-11-07. Default: today.")] = None,
    requested_format: Annotated[
        RequestFormat, typer.Option("--format", help="Braille, audio and data_cd wait for a person.")
    ] = RequestFormat.STANDARD,
) -> None:
    """Record that somebody asked for a document. The next batch of its kind answers it, once."""
    day = parse_day(asked_on, "--asked-on")
    with opened() as context:
        output.say(record_request(context, kind, account, asked_on=day, requested_format=requested_format))


def requests(purpose: Purpose = "", as_json: Json = False) -> None:
    """List the recorded requests that are not answered yet, oldest first."""
    with opened(reads_only=True) as context:
        found = list_requests(context)
        if found:
            record_access(context, "requests", [subject(each.account_number) for each in found], purpose=purpose)
        today = context.today()
    output.print_json(found) if as_json else output.show_requests(found, today)


def review(
    request_id: Annotated[str, typer.Argument(metavar="REQUEST", help="The full request id.")],
    reviewed_on: Annotated[
        str | None, typer.Option(help="When the review was finished, as 2026-11-07. Default: today.")
    ] = None,
    corrected: Annotated[
        list[Correction] | None,
        typer.Option(help="What was corrected, once for each thing. Of a verification; none: the bill was correct."),
    ] = None,
    obstacle: Annotated[RequestObstacle | None, typer.Option(help="Why a requested itemized bill is not sent.")] = None,
    expected_on: Annotated[
        str | None, typer.Option(help="The day by which a requested itemized bill will be sent, as 2026-11-20.")
    ] = None,
) -> None:
    """Record what a review of a recorded request found. The next batch answers it."""
    reviewed_day, expected_day = parse_day(reviewed_on, "--reviewed-on"), parse_day(expected_on, "--expected-on")
    with opened() as context:
        output.say(
            review_request(
                context,
                request_id,
                reviewed_on=reviewed_day,
                corrected=corrected or (),
                obstacle=obstacle,
                expected_on=expected_day,
            )
        )


def withdraw(
    request_id: Annotated[str, typer.Argument(metavar="REQUEST", help="The full request id.")], reason: Reason
) -> None:
    """End a request without an answer."""
    with opened() as context:
        output.say(withdraw_request(context, request_id, reason))
