"""What came back goes out again: the same document, as a new attempt, after the same second look at the holds.

Also from batches that closed long ago. The ledger's row that a document is due is what starts it, so a crash anywhere
leaves it due, and the next run takes it up.
"""

from __future__ import annotations

from mail_house.errors import HandOffError
from statement_builder.billing.model import Guarantor, GuarantorAccount
from statement_builder.errors import AnswerError, BatchBusy, ConfigError, SourceError
from statement_builder.ledger import (
    Batch,
    BatchState,
    DeliveryState,
    Document,
    DocumentState,
    SuppressionCode,
    replaced_by,
)
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.hand_off import hand_off_batch
from statement_builder.pipeline.pull import scope_of, stream_candidates
from statement_builder.pipeline.suppressions import is_in_force


def hand_off_again(context: AppContext) -> list[str]:
    """Hand off everything that is due again; what could not go, in words. A batch that somebody else is at work on is
    left to them, and one that is not released yet to its release."""
    put_off = []
    for batch_id in context.ledger.redeliveries.due_batches(context.facility.facility_id):
        batch = context.require_batch(batch_id)
        if batch.state not in {BatchState.HANDING_OFF, BatchState.CLOSED}:
            continue
        try:
            with context.ledger.lock(batch_id, owner=context.actor, at=context.now()):
                hand_off_batch(context, context.require_batch(batch_id))
        except (HandOffError, SourceError, BatchBusy) as exc:
            put_off.append(f"batch {batch_id}: what is due to go out waits. {exc}")
    return put_off


def resend_document(context: AppContext, document_id: str, reason: str) -> str:
    """Put a document that did not arrive in line for a new attempt, and hand it off; what was done, in a sentence.

    `ConfigError` where it makes no sense: it may still arrive, it never left, or mail to that address came back.
    """
    document = context.require_document(document_id)
    _require_not_arrived(context, document)
    readdressed = _require_deliverable(context, document)
    context.ledger.redeliveries.schedule(
        document_id, readdressed=readdressed, actor=context.actor, at=context.now(), why=reason
    )
    put_off = hand_off_again(context)
    found = context.require_document(document_id)
    if found.is_redelivery_due:
        return f"{document_id} is due to go out again. " + " ".join(
            put_off or ["The next `statements track` sends it."]
        )
    if found.delivery_state is None:
        return (
            f"{document_id} was not sent: something has changed since. `statements holds {found.batch_id}` says what."
        )
    return f"{document_id} was handed off once more, as a new attempt of the same document."


def resend_print_file(context: AppContext, name: str, reason: str) -> str:
    """Hand off everything once more that the vendor rejected of a print file; what was done, in a sentence.

    `ConfigError` where nothing of it waits for that: it is no file of ours, or was sent again already.
    """
    try:
        pieces = context.ledger.redeliveries.schedule_print_file(
            name, actor=context.actor, at=context.now(), why=reason
        )
    except AnswerError as exc:
        raise ConfigError(str(exc)) from exc
    put_off = hand_off_again(context)
    if not pieces:
        raise ConfigError(f"nothing of print file {name} is rejected and not sent again yet.")
    if put_off:
        return f"{pieces:,} pieces of {name} are due to go out again. {' '.join(put_off)}"
    return f"{pieces:,} pieces of {name} were handed off once more, as new attempts of the same documents."


def _require_not_arrived(context: AppContext, document: Document) -> None:
    """ConfigError unless what was handed off is known not to have arrived."""
    what = f"document {document.document_id}"
    if document.state in {DocumentState.ERROR, DocumentState.WITHHELD}:
        raise ConfigError(f"{what} is {document.state}: it was never mailed, so there is nothing to send again.")
    if newer := replaced_by(context.ledger.documents.revisions(document.document_id), document.document_id):
        raise ConfigError(f"{what} was replaced by {newer}: what holds now is that one.")
    if document.state is DocumentState.RENDERED:
        raise ConfigError(f"{what} has not left yet: `statements rerun {document.batch_id}` hands it off.")
    if document.delivery_state is not None:
        raise ConfigError(
            f"{what} is {document.delivery_state}, and nothing says that it did not arrive: sending it again would be "
            "a second mailing. `statements get` writes its pages, to hand to the person."
        )


def _require_deliverable(context: AppContext, document: Document) -> bool:
    """Whether it goes to another address than before. ConfigError while that is the one that mail came back from."""
    last = context.ledger.deliveries.for_document(document.document_id)[-1]
    if last.state is not DeliveryState.RETURNED:
        return False
    guarantor = _read_guarantor(context, context.require_batch(document.batch_id), document.guarantor_id)
    if guarantor is None:
        raise ConfigError(f"guarantor {document.guarantor_id} is no longer in the billing system, or has a bad row.")
    stops = context.ledger.suppressions.by_guarantor(context.facility.facility_id, [document.guarantor_id])
    for stop in stops.get(document.guarantor_id, ()):
        if stop.code is SuppressionCode.RETMAIL and is_in_force(stop, guarantor):
            raise ConfigError(
                f"document {document.document_id} came back, and the billing system still has the address that it came "
                "back from. Enter the new address there, then send it again."
            )
    return True


def _read_guarantor(context: AppContext, batch: Batch, guarantor_id: str) -> Guarantor | None:
    for entry in stream_candidates(context, scope_of(batch), only={guarantor_id}):
        if isinstance(entry, GuarantorAccount):
            return entry.guarantor
    return None
