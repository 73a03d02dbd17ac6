"""Encrypted attachments. The guarantor's password is read from the billing system when the e-mail is sent.

It is stored nowhere: not in a snapshot, the ledger or a log.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from mail_house.email import encrypt_pdf
from mail_house.errors import Permanent, Retryable
from mail_house.secret import Secret
from statement_builder.billing.known_facts import known_facts
from statement_builder.billing.model import GuarantorAccount
from statement_builder.errors import ArchiveError, SourceError
from statement_builder.ledger import Batch, Document, Shard
from statement_builder.pipeline.archived import read_archived
from statement_builder.pipeline.build_worker import read_shard
from statement_builder.pipeline.context import AppContext


class Attachments:
    """Encrypts the documents of one batch, shard by shard."""

    def __init__(self, context: AppContext, batch: Batch, guarantor_ids: Collection[str]) -> None:
        """Read these guarantors' passwords. Raises `Retryable` if the billing system cannot be read now."""
        self._context = context
        self._secrets = _read_secrets(context, batch, guarantor_ids)
        self._known: dict[str, tuple[str, ...]] = {}

    def load(self, shard: Shard, documents: Sequence[Document]) -> None:
        """Read what others know about the recipients of these documents of the shard."""
        by_guarantor = {document.guarantor_id: document.document_id for document in documents}
        self._known = {
            by_guarantor[entry.guarantor.guarantor_id]: (*known_facts(entry), self._context.facility.name)
            for entry in read_shard(self._context.archive, shard)
            if isinstance(entry, GuarantorAccount) and entry.guarantor.guarantor_id in by_guarantor
        }

    def encrypt(self, document: Document) -> bytes:
        """The archived PDF, encrypted with the password on file now.

        Raises `Permanent` if there is none, or one that others may know: the document is printed. Raises `Retryable`
        when the archive fails.
        """
        secret = self._secrets.get(document.guarantor_id)
        try:
            pdf = read_archived(self._context, document)
            return encrypt_pdf(pdf, secret.reveal() if secret else "", self._known.get(document.document_id, ()))
        except ValueError as exc:
            raise Permanent(f"document {document.document_id}: {exc}") from exc
        except ArchiveError as exc:
            raise Retryable(str(exc)) from exc


def _read_secrets(context: AppContext, batch: Batch, guarantor_ids: Collection[str]) -> dict[str, Secret]:
    as_of = max(batch.as_of, context.today())
    try:
        with context.open_source(batch.source) as source:
            found = source.email_secrets(guarantor_ids, as_of=as_of, cycle=batch.cycle)
    except SourceError as exc:
        raise Retryable(f"the passwords for e-mail attachments cannot be read. {exc}") from exc
    return {guarantor_id: Secret(secret) for guarantor_id, secret in found.items()}
