"""Recipients of a shard's documents, read from the snapshot because the ledger stores no names or addresses."""

from __future__ import annotations

from collections.abc import Sequence

from statement_builder.archive import Archive
from statement_builder.billing.model import GuarantorAccount
from statement_builder.documents import Recipient, make_recipient
from statement_builder.ledger import Document, Shard
from statement_builder.pipeline.build_worker import read_shard


def read_recipients(archive: Archive, shard: Shard, documents: Sequence[Document]) -> dict[str, Recipient]:
    """Map document ids to their recipients, as printed on the page. `documents` must belong to `shard`."""
    by_guarantor = {document.guarantor_id: document.document_id for document in documents}
    return {
        by_guarantor[entry.guarantor.guarantor_id]: make_recipient(entry.guarantor)
        for entry in read_shard(archive, shard)
        if isinstance(entry, GuarantorAccount) and entry.guarantor.guarantor_id in by_guarantor
    }
