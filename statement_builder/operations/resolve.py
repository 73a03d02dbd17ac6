"""A person's word on a hand-off that nobody else can tell about."""

from __future__ import annotations

from statement_builder.pipeline.context import AppContext


def resolve_document(context: AppContext, document_id: str, *, sent: bool, reason: str) -> None:
    """Record the word, while nobody else works on the batch: a run in progress may be finding the same thing out.

    `BatchBusy` where somebody does; `ConfigError` for a document that is not there.
    """
    document = context.require_document(document_id)
    with context.ledger.lock(document.batch_id, owner=context.actor, at=context.now()):
        context.ledger.deliveries.resolve(document_id, sent=sent, actor=context.actor, at=context.now(), why=reason)
