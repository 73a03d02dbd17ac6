"""Recipients of a shard's documents, read from the snapshot because the ledger stores no names or addresses."""

from __future__ import annotations

from collections.abc import Sequence

from statement_builder.archive import Archive
from statement_builder.billing.model import GuarantorAccount
from statement_builder.containment import contain
from statement_builder.documents import Recipient, make_recipient
from statement_builder.ledger import Document, Shard
from statement_builder.pipeline.build_worker import read_shard


def read_recipients(archive: Archive, shard: Shard, documents: Sequence[Document]) -> dict[str, Recipient]:
    """Map document ids to their recipients, as printed on the page. `documents` must belong to `shard`.

    A recipient that cannot be made is missing.
    """
    by_guarantor = {document.guarantor_id: document.document_id for document in documents}
    found: dict[str, Recipient] = {}
    for entry in read_shard(archive, shard):
        if isinstance(entry, GuarantorAccount) and (document_id := by_guarantor.get(entry.guarantor.guarantor_id)):
            try:
                found[document_id] = make_recipient(entry.guarantor)
            except Exception as exc:  # noqa: BLE001 - one document's error must not stop the others
                contain(exc, "reading this document's address", document_id)
    return found
