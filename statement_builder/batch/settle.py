"""A person's word on a hand-off that nobody else can tell about."""

from __future__ import annotations

from statement_builder.batch.service import Service


def settle_document(service: Service, document_id: str, *, sent: bool, reason: str) -> None:
    """Record the word, while nobody else works on the batch: a run in progress may be finding the same thing out.

    `BatchBusy` where somebody does; `ConfigError` for a document that is not there.
    """
    document = service.require_document(document_id)
    with service.ledger.lock(document.batch_id, owner=service.actor, at=service.now()):
        service.ledger.settle(document_id, sent=sent, actor=service.actor, at=service.now(), why=reason)
