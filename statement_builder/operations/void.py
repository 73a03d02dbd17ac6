"""Take a document back before it is printed: here, or at a vendor who cancels for some minutes.

At the vendor first, then in our records: killed in between, the same command finds the piece cancelled already.
"""

from __future__ import annotations

from contextlib import closing

from mail_house.errors import HandOffError
from statement_builder.billing.selection import Hold
from statement_builder.errors import ConfigError, StatementsError
from statement_builder.ledger import VOIDED, DeliveryState, Document, DocumentState
from statement_builder.pipeline.context import AppContext


def void_document(context: AppContext, document_id: str, reason: str) -> str:
    """Take a document back before it is printed; what was done, in a sentence. `ConfigError` where it makes no sense.

    What has left is cancelled at the vendor first, where that takes pieces back; `StatementsError` where it does not
    answer.
    """
    document = context.require_document(document_id)
    if document.state is DocumentState.ERROR:
        raise ConfigError(f"document {document_id} was never made, so there is nothing to void.")
    if document.state is DocumentState.WITHHELD:
        raise ConfigError(
            f"document {document_id} is held back already: `statements holds {document.batch_id}` says why."
        )
    with context.ledger.lock(document.batch_id, owner=context.actor, at=context.now()):
        if context.ledger.documents.withhold(
            document_id, [Hold(code=VOIDED)], actor=context.actor, at=context.now(), why=reason
        ):
            return f"{document_id} is void: it will not be mailed."
        _recall(context, context.require_document(document_id))
        context.ledger.delivery_reports.record_cancellation(
            document_id, actor=context.actor, at=context.now(), why=reason
        )
    return f"{document_id} is void: the vendor cancelled it before it was printed."


def _recall(context: AppContext, document: Document) -> None:
    """Have the vendor cancel a piece. ConfigError where it does not, and then nothing is changed."""
    last = context.ledger.deliveries.for_document(document.document_id)[-1]
    too_late = (
        f"document {document.document_id} has left the building, or may have: it cannot be voided. Ask the vendor to "
        "stop the piece, or correct it: `statements correct` replaces it."
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
                f"{exc}. Whether {document.document_id} is cancelled is not known: run `statements void` again "
                "at once, since the vendor cancels for some minutes only."
            ) from exc
    if not is_cancelled:
        raise ConfigError(
            f"document {document.document_id} is being printed: the vendor does not cancel it any more. "
            "`statements correct` replaces it."
        )
