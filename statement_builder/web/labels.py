"""Words of the console that no template has: names of states, figures, actions and reports, as they are shown."""

from __future__ import annotations

from collections.abc import Iterator

from statement_builder.billing.clocks import ClockName
from statement_builder.billing.model import RequestFormat
from statement_builder.billing.selection import Channel
from statement_builder.ledger import BatchState, DeliveryState, DocumentState, EvidenceKind, Outcome
from statement_builder.ledger.states import PlacementBatchState, PlacementState
from statement_builder.operations.approval.release_codes import ReleaseCode
from statement_builder.operations.console.clerk_queue import QueueKind, QueueView
from statement_builder.operations.console.today import TITLES, UNITS_AND_STAGES
from statement_builder.operations.reports.registry import REPORTS
from statement_builder.operations.wording import FIGURE_LABELS, format_state

CLOCK_LABELS = {
    ClockName.ECA_WAIT: "no extraordinary collection action before it ends",
    ClockName.ASSISTANCE: "applications for financial assistance are accepted until it ends",
    ClockName.MEDICARE: "no write-off as Medicare bad debt before it ends",
    ClockName.DISPUTE: "the patient may dispute a bill above the good faith estimate until it ends",
}
"""What each legal clock means to a clerk."""
EVIDENCE_LABELS = {
    EvidenceKind.BAD_DEBT: "Evidence of Medicare bad debt",
    EvidenceKind.SMALL_CLAIMS: "Packet for a small claim",
}
RELEASE_LABELS = {
    ReleaseCode.REJECTED: "another decision after the rejection",
    ReleaseCode.APPROVAL: "an approval",
    ReleaseCode.DUAL_CONTROL: "a release by a second person",
    ReleaseCode.VOLUME: "an answer about the number of documents",
    ReleaseCode.AVERAGE: "an answer about the average amount",
    ReleaseCode.HOLDS: "an answer about the number of holds",
    ReleaseCode.AMOUNT: "an answer about amounts above the limit",
    ReleaseCode.ERRORS: "an answer about documents that could not be made",
    ReleaseCode.TEMPLATES: "an approval of the templates",
}
"""What a batch waits for, by release check."""
_SERVICE_STATES = (BatchState, DeliveryState, DocumentState, Outcome, Channel, RequestFormat, QueueView)
_PLACEMENT_STATES = (PlacementBatchState, PlacementState)
_OTHER_STATES = (
    "number",
    "Total",
    "ended",
    "behind",
    "authorized",
    "refused",
    "mail hold",
    "mail hold lifted",
    "level 1",
    "level 2",
    "level 3",
    "level 4",
)


def list_labels(verbs: Iterator[str]) -> list[str]:
    """Every text that a template translates and does not have itself. `verbs` are the actions' names."""
    states = [format_state(state.value) for kind in (*_SERVICE_STATES, *_PLACEMENT_STATES) for state in kind]
    kinds = [f"{kind.value}s" for kind in QueueKind]
    names = [verb.replace("-", " ") for verb in verbs]
    says = [each.says for each in REPORTS.values()]
    figures = [*FIGURE_LABELS.values(), "dry run", *UNITS_AND_STAGES]
    labels = [
        *states,
        *kinds,
        *names,
        *says,
        *figures,
        *TITLES,
        *CLOCK_LABELS.values(),
        *EVIDENCE_LABELS.values(),
        *RELEASE_LABELS.values(),
        *_OTHER_STATES,
    ]
    return sorted(set(labels))
