"""Read archived documents."""

from __future__ import annotations

from statement_builder.archive import read_document
from statement_builder.errors import ConfigError
from statement_builder.ledger import Document
from statement_builder.pipeline.context import AppContext


def read_archived(context: AppContext, document: Document) -> bytes:
    """The document's bytes as they were archived, checked against the ledger's hash."""
    if not document.sha256:
        raise ConfigError(
            f"document {document.document_id} was never made ({document.error_message}), so there is nothing to get."
        )
    return read_document(context.archive, document.pack_key, document.offset, document.length, document.sha256)
