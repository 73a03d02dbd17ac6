"""Commands on placement with collection agencies: place, and placement list, show, approve, reject, send, …"""

from __future__ import annotations

from typing import Annotated

import typer

from mail_house.errors import HandOffError
from statement_builder.cli import output
from statement_builder.cli.options import AsOf, Json, Purpose, Reason, opened, parse_day, require_none
from statement_builder.errors import GateStop, StatementsError
from statement_builder.operations.access import list_subjects, record_access

placement_app = typer.Typer(
    help="Decide on lists for collection agencies, send them, and read what agencies report.", no_args_is_help=True
)
ListId = Annotated[str, typer.Argument(metavar="LIST", help="A list, such as 2026-11-placement-1.")]


def place(
    cycle: Annotated[str, typer.Option(help="The month, such as 2026-11.")],
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """Propose which visits go to a collection agency. Nothing is sent; a second person approves the list."""
    from statement_builder.operations.placement.propose import propose_placements  # noqa: PLC0415 - reads the source

    with opened() as context:
        found = propose_placements(context, cycle, parse_day(as_of, "--as-of") or context.today())
        output.print_json(found) if as_json else output.show_placement_list(found)


@placement_app.command("list")
def list_(as_json: Json = False) -> None:
    """List the lists for agencies, the latest first."""
    from statement_builder.operations.placement.propose import summarize_list  # noqa: PLC0415

    with opened(reads_only=True) as context:
        batches = context.ledger.placement_lists.all(context.facility.facility_id)
        found = [summarize_list(context, batch) for batch in batches]
        output.print_json(found) if as_json else output.show_placement_lists(found)


@placement_app.command("show")
def show(list_id: ListId, purpose: Purpose = "", as_json: Json = False) -> None:
    """Show the visits of a list, and why each other visit was refused."""
    from statement_builder.operations.placement.show import show_list  # noqa: PLC0415

    with opened(reads_only=True) as context:
        found = show_list(context, list_id)
        record_access(context, "placement show", list_subjects(found), batch_id=list_id, purpose=purpose)
        output.print_json(found) if as_json else output.show_placement_details(found)


@placement_app.command("approve")
def approve(list_id: ListId, reason: Reason = "", as_json: Json = False) -> None:
    """Approve a list that somebody else proposed. `placement send` then sends it."""
    from statement_builder.operations.placement.decide import approve_list  # noqa: PLC0415

    with opened() as context:
        found = approve_list(context, list_id, reason)
    output.print_json(found) if as_json else output.show_placement_list(found)


@placement_app.command("reject")
def reject(list_id: ListId, reason: Reason = "", as_json: Json = False) -> None:
    """Reject a list that somebody else proposed, with a reason."""
    from statement_builder.operations.placement.decide import reject_list  # noqa: PLC0415

    with opened() as context:
        found = reject_list(context, list_id, reason)
    output.print_json(found) if as_json else output.show_placement_list(found)


@placement_app.command("send")
def send(as_json: Json = False) -> None:
    """Send agencies what was approved, and what changed since: payments, adjustments, and recalls."""
    from statement_builder.operations.placement.send import send_placements  # noqa: PLC0415

    with opened() as context:
        try:
            result = send_placements(context)
        except HandOffError as exc:
            raise StatementsError(f"{exc}\nFix this, then `statements placement send` sends the rest, once.") from exc
    output.print_json(result) if as_json else output.show_sent_placements(result)
    require_none(len(result.alerts))


@placement_app.command("collect")
def collect(as_json: Json = False) -> None:
    """Read what agencies report: what they took in, collected, closed, and gave back."""
    from statement_builder.operations.placement.collect import collect_reports  # noqa: PLC0415

    with opened() as context:
        result = collect_reports(context)
    output.print_json(result) if as_json else output.show_collected_reports(result)
    require_none(len(result.alerts))


@placement_app.command("recall")
def recall(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account number of the visit.")],
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Tell an agency to stop and give a visit back."""
    from statement_builder.operations.placement.changes import recall_visit  # noqa: PLC0415

    with opened() as context:
        result = recall_visit(context, account, reason)
    output.print_json(result) if as_json else output.show_recalled_placement(result)
    require_none(len(result.alerts))


@placement_app.command("status")
def status(as_json: Json = False) -> None:
    """Show what each agency has, and that what went in equals what came out."""
    from statement_builder.operations.placement.status import show_placements  # noqa: PLC0415

    with opened(reads_only=True) as context:
        found = show_placements(context)
    output.print_json(found) if as_json else output.show_placement_status(found)
    if wrong := [each.agency_id for each in found.agencies if not each.foots]:
        raise GateStop(f"The figures of {', '.join(wrong)} do not foot (docs/runbooks/placement.md).")
    require_none(len(found.alerts))
