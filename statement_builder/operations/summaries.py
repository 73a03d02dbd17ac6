"""What a batch looks like from outside: the object that `--json` prints, which scripts may rely on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict

from statement_builder.ledger import Batch, BatchState, FoundDocument
from statement_builder.pipeline.context import AppContext
from statement_builder.reports import check_gates

if TYPE_CHECKING:
    from statement_builder.operations.track import Tracked

FIGURES = (
    "pulled",
    "selected",
    "held",
    "exceptions",
    "rendered",
    "errors",
    "print",
    "email",
    "handed_off",
    "withheld",
    "uncertain",
    "acknowledged",
    "mailed",
    "rejected",
    "bounced",
    "returned",
    "due_again",
    "extra",
)
"""The figures of `counts` and of `cents`, in the order of a statement's way through the service."""

_NEXT = {
    BatchState.OPEN: "statements rerun {batch}",
    BatchState.PULLED: "statements rerun {batch}",
    BatchState.BUILT: "statements rerun {batch}",
    BatchState.WAITING: "statements exceptions {batch}, then statements release {batch}",
    BatchState.RELEASED: "statements rerun {batch}",
    BatchState.HANDING_OFF: "statements rerun {batch}",
    BatchState.CLOSED: "",
}


def summarise_batch(context: AppContext, batch: Batch, *, seconds: float | None = None) -> dict[str, Any]:
    """One batch as plain data. `seconds` is how long the command that asks took over it."""
    totals = context.ledger.control_totals.get(batch.batch_id)
    return {
        "batch": batch.batch_id,
        "kind": batch.kind.value,
        "cycle": batch.cycle,
        "as_of": batch.as_of.isoformat(),
        "limit": batch.limit,
        "state": batch.state.value,
        "counts": _figures(totals.counts),
        "cents": _figures(totals.cents),
        "holds": dict(sorted(totals.holds.items())),
        "foots": all(gate.foots for gate in check_gates(totals)) if _is_built(batch) else None,
        "next": _NEXT[batch.state].format(batch=batch.batch_id),
        "seconds": None if seconds is None else round(seconds, 3),
    }


def summarise_found(found: FoundDocument) -> dict[str, Any]:
    """One document of `statements find`."""
    document = found.document
    return {
        "document": document.document_id,
        "batch": document.batch_id,
        "kind": document.kind.value,
        "level": document.level,
        "guarantor": document.guarantor_id,
        "accounts": list(document.accounts),
        "amount_cents": document.amount_cents,
        "pages": document.pages,
        "sha256": document.sha256,
        "state": document.state.value,
        "revision_of": document.revision_of,
        "is_copy": document.is_copy,
        "replaced_by": found.replaced_by,
        "deliveries": [
            {
                "attempt": delivery.attempt,
                "channel": delivery.channel.value,
                "state": delivery.state.value,
                "at": delivery.changed_at.isoformat(),
                "print_file": delivery.print_file,
                "receipt": delivery.receipt,
            }
            for delivery in found.deliveries
        ],
    }


def summarise_tracked(tracked: Tracked) -> dict[str, Any]:
    """What one run of the tracking did and found."""
    return {
        "files": [asdict(file) for file in tracked.files],
        "closed": list(tracked.closed),
        "alerts": [asdict(alert) for alert in tracked.alerts],
    }


def _figures(figures: Any) -> dict[str, int]:
    return {name: getattr(figures, name) for name in FIGURES}


def _is_built(batch: Batch) -> bool:
    return batch.state not in {BatchState.OPEN, BatchState.PULLED}
