"""Read archived documents."""

from __future__ import annotations

from statement_builder.archive import naming_document, read_document
from statement_builder.errors import ConfigError
from statement_builder.ledger import Document
from statement_builder.pipeline.context import AppContext


def read_archived(context: AppContext, document: Document) -> bytes:
    """The archived PDF of a document. Raises `ArchiveError` when its hash is not the one in the ledger."""
    if not document.sha256:
        raise ConfigError(
            f"document {document.document_id} could not be built ({document.error_message}), so there is no PDF to get."
        )
    with naming_document(document.document_id):
        return read_document(context.archive, document.pack_key, document.offset, document.length, document.sha256)
