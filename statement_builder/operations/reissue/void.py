"""Void a document before it is printed: in this service, or at a vendor that cancels pieces for a few minutes.

The vendor cancels first, then the ledger records it. After a crash in between, the same command finds the piece
already cancelled at the vendor.
"""

from __future__ import annotations

from contextlib import closing

from mail_house.errors import HandOffError
from statement_builder.billing.selection import Hold
from statement_builder.errors import ConfigError, StatementsError
from statement_builder.ledger import VOIDED, DeliveryState, Document, DocumentState
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.portal import publish_batch


def void_document(context: AppContext, document: Document, reason: str) -> str:
    """Void a document and return a sentence that says how.

    `ConfigError` if it cannot be voided; `StatementsError` if the vendor that must cancel it does not respond.
    """
    document_id = document.document_id
    if document.state is DocumentState.ERROR:
        raise ConfigError(f"document {document_id} was never made, so there is nothing to void.")
    if document.state is DocumentState.WITHHELD:
        raise ConfigError(
            f"document {document_id} is already withheld: `statements holds {document.batch_id}` lists the reasons."
        )
    with context.ledger.lock(document.batch_id, owner=context.actor, at=context.now()):
        if context.ledger.documents.withhold(
            document_id, [Hold(code=VOIDED)], actor=context.actor, at=context.now(), why=reason
        ):
            done = f"{document_id} is void: it will not be mailed."
        else:
            _cancel_at_vendor(context, context.require_document(document_id))
            context.ledger.delivery_reports.record_cancellation(
                document_id, actor=context.actor, at=context.now(), why=reason
            )
            done = f"{document_id} is void: the vendor cancelled it before it was printed."
        if document.state is not DocumentState.HANDED_OFF:
            return done  # the portal has never shown it
        try:
            publish_batch(context, context.require_batch(document.batch_id))
        except HandOffError as exc:
            return f"{done} The portal still shows it ({exc}); the next `statements track` withdraws it."
    return done


def _cancel_at_vendor(context: AppContext, document: Document) -> None:
    """Have the vendor cancel a piece. `ConfigError` if it does not; nothing is changed then."""
    last = context.ledger.deliveries.for_document(document.document_id)[-1]
    too_late = (
        f"document {document.document_id} was handed off, or may have been, so it cannot be voided. Ask the vendor to "
        "stop the piece, or replace it with `statements correct`."
    )
    is_at_vendor = last.state in {DeliveryState.SENT, DeliveryState.ACKNOWLEDGED} and bool(last.print_file)
    if not is_at_vendor or last.vendor != context.settings.print.partition(":")[0]:
        raise ConfigError(too_late)
    file = next(
        each for each in context.ledger.print_files.for_batch(document.batch_id) if each.name == last.print_file
    )
    with closing(context.open_vendor()) as vendor:
        if not vendor.can_cancel or len(file.documents) > 1:
            raise ConfigError(too_late)
        try:
            is_cancelled = vendor.cancel(str((file.receipt or {})["reference"]))
        except HandOffError as exc:
            raise StatementsError(
                f"{exc}. It is not known whether {document.document_id} is cancelled: run `statements void` again "
                "at once, because the vendor cancels for a few minutes only."
            ) from exc
    if not is_cancelled:
        raise ConfigError(
            f"document {document.document_id} is being printed: the vendor can no longer cancel it. "
            "`statements correct` replaces it."
        )
