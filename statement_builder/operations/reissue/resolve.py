"""Record an operator's decision on an attempt whose outcome is unknown."""

from __future__ import annotations

from statement_builder.ledger import Document
from statement_builder.pipeline.context import AppContext


def resolve_document(context: AppContext, document: Document, *, sent: bool, reason: str) -> None:
    """Record whether the document's uncertain attempt was sent. A print file is resolved as a whole.

    Holds the batch's lock, since a run in progress may be asking the vendor about the same attempt. `BatchBusy` if
    another process has the batch; `ConfigError` if no attempt of this document is uncertain.
    """
    with context.ledger.lock(document.batch_id, owner=context.actor, at=context.now()):
        context.ledger.deliveries.resolve(
            document.document_id, sent=sent, actor=context.actor, at=context.now(), why=reason
        )
