"""What the buttons of placement do: the same operations as `statements placement`."""

from __future__ import annotations

from statement_builder.pipeline.context import AppContext
from statement_builder.web.orders import Action, Done, Order


def _propose_placements(context: AppContext, order: Order) -> Done:
    """`subject` is the cycle."""
    from statement_builder.operations.placement.propose import propose_placements  # noqa: PLC0415 - reads the source

    found = propose_placements(context, order.subject, context.today())
    return Done(message=f"List {found.batch_id} has {found.accounts:,} accounts. A second person must approve it.")


def _approve_placements(context: AppContext, order: Order) -> Done:
    from statement_builder.operations.placement.decide import approve_list  # noqa: PLC0415

    found = approve_list(context, order.subject, order.reason)
    return Done(message=f"List {found.batch_id} is approved. “Send” delivers it to the agencies.")


def _reject_placements(context: AppContext, order: Order) -> Done:
    from statement_builder.operations.placement.decide import reject_list  # noqa: PLC0415

    found = reject_list(context, order.subject, order.reason)
    return Done(message=f"List {found.batch_id} is rejected. Its accounts can be proposed again.")


def _send_placements(context: AppContext, order: Order) -> Done:
    from statement_builder.operations.placement.send import send_placements  # noqa: PLC0415 - reads the source

    sent = send_placements(context)
    done = (
        f"{len(sent.files):,} files were delivered, with {sent.placed:,} placements and {sent.changes:,} changes. "
        f"{sent.dropped:,} approved accounts were not sent: the list has the reasons."
    )
    return Done(message=" ".join((done, *(each.message for each in sent.alerts))))


def _collect_placements(context: AppContext, order: Order) -> Done:
    from statement_builder.operations.placement.collect import collect_reports  # noqa: PLC0415

    found = collect_reports(context)
    done = f"{len(found.files):,} files of agencies were read, with {sum(found.rows.values()):,} rows that are news."
    return Done(message=" ".join((done, *(each.message for each in found.alerts))))


def _recall_placement(context: AppContext, order: Order) -> Done:
    """`subject` is the account number of the visit."""
    from statement_builder.operations.placement.changes import recall_visit  # noqa: PLC0415 - reads the source

    found = recall_visit(context, order.subject, order.reason)
    done = f"Agency {found.agency_id} is told to give placement {found.placement_id} back."
    return Done(message=" ".join((done, *(each.message for each in found.alerts))))


PLACEMENT_ACTIONS: dict[str, Action] = {
    "propose-placements": _propose_placements,
    "approve-placements": _approve_placements,
    "reject-placements": _reject_placements,
    "send-placements": _send_placements,
    "collect-placements": _collect_placements,
    "recall-placement": _recall_placement,
}
