"""The gates of a batch as a picture: where its documents are, in documents and dollars."""

from __future__ import annotations

from statement_builder.billing.model import Record
from statement_builder.operations.summaries import BatchSummary
from statement_builder.operations.wording import FIGURE_LABELS
from statement_builder.web.languages import N_

_STAGES = (
    (N_("Decided"), ("pulled", "selected", "held", "exceptions")),
    (N_("Made"), ("rendered", "errors", "withheld")),
    (N_("Sent"), ("print", "email", "handed_off", "uncertain")),
    (N_("Mailed"), ("mailed", "rejected", "bounced", "returned", "due_again")),
)
_SHOWN_IF_ZERO = frozenset({"pulled", "selected", "held", "exceptions", "rendered", "print", "email", "handed_off"})
_TROUBLE = frozenset({"exceptions", "errors", "uncertain", "rejected", "bounced", "returned"})


class FlowFigure(Record, kw_only=True):
    """One figure of a stage. `share_percent` is its part of what was pulled."""

    name: str
    label: str
    documents: int
    cents: int
    share_percent: int
    is_trouble: bool


class FlowStage(Record, kw_only=True):
    """One stage, in the order of the way."""

    title: str
    figures: tuple[FlowFigure, ...]


def draw_flow(summary: BatchSummary) -> tuple[FlowStage, ...]:
    """The stages from the pull to the mailbox. Figures that are zero and usually are, are left out."""
    pulled = max(summary.counts["pulled"], 1)
    return tuple(
        FlowStage(
            title=title,
            figures=tuple(
                FlowFigure(
                    name=name,
                    label=FIGURE_LABELS[name],
                    documents=summary.counts[name],
                    cents=summary.cents[name],
                    share_percent=min(100, round(100 * summary.counts[name] / pulled)),
                    is_trouble=name in _TROUBLE and summary.counts[name] > 0,
                )
                for name in names
                if summary.counts[name] or name in _SHOWN_IF_ZERO
            ),
        )
        for title, names in _STAGES
    )
