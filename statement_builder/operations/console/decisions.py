"""Decisions that wait for a person beside releases: approvals by a second person, and rows in quarantine.

Each is counted for those who may take it: nobody is shown work that the service would refuse to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from statement_builder.ledger.states import PlacementBatchState
from statement_builder.operations.approval.release import list_unapproved_templates
from statement_builder.operations.evidence.requests import may_approve
from statement_builder.operations.placement.decide import may_decide
from statement_builder.operations.quarantine import list_quarantine, list_readable_sources, list_sources
from statement_builder.operations.templates.versions import may_add_approval
from statement_builder.pipeline.context import AppContext

DECISION_TITLES = {
    "EVIDENCE": "evidence packets to approve",
    "PLACEMENT": "placement lists to approve",
    "ROWS": "files of agencies and payroll in quarantine",
    "TEMPLATES": "batches with templates to approve",
}
"""By code, in the order of their codes."""


def count_decisions(
    context: AppContext, batch_ids: Sequence[str], *, of_everybody: bool = False
) -> Iterator[tuple[str, int]]:
    """Code and number of the decisions that the actor may take; with `of_everybody`, of all. What does not wait is left
    out. `batch_ids`: the batches whose release asks for `TEMPLATES`."""
    facility_id = context.facility.facility_id
    packets = context.ledger.evidence.unapproved(facility_id)
    lists = context.ledger.placement_lists.all(facility_id)
    versions = [list_unapproved_templates(context, batch_id) for batch_id in batch_ids]
    if of_everybody:
        sources = list_sources(context)
        lists = [each for each in lists if each.state is PlacementBatchState.PROPOSED]
    else:
        sources = list_readable_sources(context)
        packets = [each for each in packets if may_approve(context, each)]
        lists = [each for each in lists if may_decide(context, each)]
        versions = [each for each in versions if may_add_approval(context, each)]
    counts = {
        "EVIDENCE": len(packets),
        "PLACEMENT": len(lists),
        "ROWS": sum(len(list_quarantine(source)) for source in sources),
        "TEMPLATES": len(versions),
    }
    yield from ((code, count) for code, count in counts.items() if count)
