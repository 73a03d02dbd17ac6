"""Bars of the last cycles, as coordinates for an SVG: vector, small, and readable without color."""

from __future__ import annotations

from collections.abc import Sequence

from statement_builder.billing.model import Record
from statement_builder.operations.summaries import BatchSummary

HEIGHT, BAR_WIDTH, GAP = 100, 28, 10


class Bar(Record, kw_only=True):
    """One cycle. Lengths are in the units of the SVG."""

    batch_id: str
    cycle: str
    documents: int
    cents: int
    held: int
    x: int
    y: int
    height: int


class Plot(Record, kw_only=True):
    """The bars, oldest first; the last one is the batch that is looked at."""

    bars: tuple[Bar, ...]
    width: int
    height: int = HEIGHT


def plot_cycles(summaries: Sequence[BatchSummary]) -> Plot | None:
    """A bar for each cycle by its rendered documents. None if there is nothing to compare with."""
    if len(summaries) < 2:
        return None
    most = max(1, *(each.counts["rendered"] for each in summaries))
    bars = []
    for position, each in enumerate(summaries):
        height = round(HEIGHT * each.counts["rendered"] / most)
        bars.append(
            Bar(
                batch_id=each.batch_id,
                cycle=each.cycle,
                documents=each.counts["rendered"],
                cents=each.cents["rendered"],
                held=each.counts["held"],
                x=position * (BAR_WIDTH + GAP),
                y=HEIGHT - height,
                height=height,
            )
        )
    return Plot(bars=tuple(bars), width=len(bars) * (BAR_WIDTH + GAP))
