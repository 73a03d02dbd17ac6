"""The text of Airflow's approval page: the control sheet's figures as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from statement_builder.ledger import Batch
from statement_builder.operations.summaries import FIGURES, summarize_batch
from statement_builder.operations.wording import format_dollars
from statement_builder.pipeline.context import AppContext


def describe_batch(context: AppContext, batch: Batch, review_reasons: Sequence[str]) -> str:
    """Counts and dollars, holds by reason, and why the batch needs review. Contains no patient data."""
    summary = summarize_batch(context, batch)
    rows = [
        f"| {name.replace('_', ' ')} | {summary.counts[name]:,} | {format_dollars(summary.cents[name])} |"
        for name in FIGURES
    ]
    holds = ", ".join(f"{code} {count:,}" for code, count in summary.holds.items()) or "none"
    return "\n".join(
        [
            f"**{batch.batch_id}**, as of {batch.as_of}: {summary.state.replace('_', ' ')}, "
            f"{'foots' if summary.foots else 'DOES NOT FOOT'}.",
            "",
            *(f"- {reason}" for reason in review_reasons),
            "",
            "| | documents | dollars |",
            "|---|---:|---:|",
            *rows,
            "",
            f"Held, by reason: {holds}.",
            "",
            f"Details: `statements exceptions {batch.batch_id}` and `statements report control {batch.batch_id}`.",
        ]
    )
