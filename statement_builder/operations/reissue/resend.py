"""Resend: hand off a document that did not arrive again, as a new attempt, after the same pre-mail recheck of holds.

Works for closed batches too. The ledger's mark that a document is due again starts the new attempt, so after a crash
the document stays due and the next run hands it off.
"""

from __future__ import annotations

from collections.abc import Sequence

from mail_house.errors import HandOffError
from statement_builder.billing.identifiers import describe_recipient
from statement_builder.billing.model import GuarantorAccount
from statement_builder.errors import ArchiveError, BatchBusy, ConfigError, DeliveryReportError, SourceError
from statement_builder.ledger import (
    Batch,
    BatchState,
    DeliveryState,
    Document,
    DocumentState,
    Suppression,
    SuppressionCode,
    replaced_by,
)
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.hand_off import hand_off_batch
from statement_builder.pipeline.preconditions import require_delivery
from statement_builder.pipeline.pull.candidates import find_recipient
from statement_builder.pipeline.pull.suppressions import is_in_force
from statement_builder.policy import describe_hold


def hand_off_due(context: AppContext) -> dict[str, str]:
    """Hand off every document that is due again. Returns the blocked batches: batch id to a sentence that says why.

    Skips batches that are not released yet: their documents go out with the release.
    """
    blocked = {}
    for batch_id in context.ledger.redeliveries.due_batches(context.facility.facility_id):
        batch = context.require_batch(batch_id)
        if batch.state not in {BatchState.HANDING_OFF, BatchState.CLOSED}:
            continue
        try:
            with context.ledger.lock(batch_id, owner=context.actor, at=context.now()):
                hand_off_batch(context, context.require_batch(batch_id))
        except (HandOffError, SourceError, ArchiveError, BatchBusy) as exc:
            blocked[batch_id] = f"batch {batch_id}: documents that are due again were not handed off. {exc}"
    return blocked


def resend_document(context: AppContext, document: Document, reason: str) -> str:
    """Hand off a document that did not arrive as a new attempt. Returns a sentence that says what happened.

    `ConfigError` if it may still arrive, was never mailed, mail to the address on file was returned, or the guarantor
    has died.
    """
    require_delivery(context)
    document_id = document.document_id
    _require_not_arrived(context, document)
    suppressions = context.ledger.suppressions.by_guarantor(context.facility.facility_id, [document.guarantor_id])
    mine = suppressions.get(document.guarantor_id, ())
    _require_living(context, document, mine)
    readdressed = _require_deliverable(context, document, mine)
    context.ledger.redeliveries.schedule(
        document_id, readdressed=readdressed, actor=context.actor, at=context.now(), why=reason
    )
    blocked = hand_off_due(context)
    current = context.require_document(document_id)
    if current.is_redelivery_due:
        return f"{document_id} is due again. " + " ".join(
            blocked.values() or ["The next `statements track` hands it off."]
        )
    if current.delivery_state is None:
        return (
            f"{document_id} was not sent, because the account has changed: `statements holds {current.batch_id}` lists "
            "the reasons."
        )
    return f"{document_id} was handed off again, as a new attempt of the same document."


def resend_print_file(context: AppContext, name: str, reason: str) -> str:
    """Hand off every rejected piece of a print file again. Returns a sentence that says what happened.

    `ConfigError` if the print file is unknown, or has no rejected piece that is not resent yet.
    """
    require_delivery(context)
    try:
        pieces = context.ledger.redeliveries.schedule_print_file(
            name, actor=context.actor, at=context.now(), why=reason
        )
    except DeliveryReportError as exc:
        raise ConfigError(str(exc)) from exc
    blocked = hand_off_due(context)
    if not pieces:
        raise ConfigError(f"print file {name} has no rejected piece that is not resent yet.")
    if blocked:
        return f"{pieces:,} pieces of {name} are due again. {' '.join(blocked.values())}"
    return f"{pieces:,} pieces of {name} were handed off again, as new attempts of the same documents."


def _require_not_arrived(context: AppContext, document: Document) -> None:
    """`ConfigError` unless the document was handed off and is known not to have arrived."""
    what = f"document {document.document_id}"
    if document.state in {DocumentState.ERROR, DocumentState.WITHHELD}:
        raise ConfigError(f"{what} is {document.state}: it was never mailed, so there is nothing to resend.")
    if newer := replaced_by(context.ledger.documents.revisions(document.document_id), document.document_id):
        raise ConfigError(f"{what} was replaced by {newer}: resend that one.")
    if document.state is DocumentState.RENDERED:
        raise ConfigError(f"{what} is not handed off yet: `statements rerun {document.batch_id}` hands it off.")
    if document.delivery_state is not None:
        raise ConfigError(
            f"{what} is {document.delivery_state} and may still arrive: resending it would be a second mailing. "
            "`statements get` writes its pages, to give to the person."
        )


def _require_living(context: AppContext, document: Document, suppressions: Sequence[Suppression]) -> None:
    """`ConfigError` if mail was returned because the guarantor has died, whatever the billing system's address is. A
    letter to the estate is sent again."""
    code = SuppressionCode.DECEASED
    if document.kind.traits.is_estate or not any(suppression.code is code for suppression in suppressions):
        return
    account = _read_account(context, context.require_batch(document.batch_id), document.guarantor_id)
    holds = () if account is None else account.holds
    if account is None or any(
        hold.code == code.value and (hold.expires_on is None or hold.expires_on > context.today()) for hold in holds
    ):
        raise ConfigError(
            f"document {document.document_id} was not sent: mail to {describe_recipient(document.guarantor_id)} was "
            f"returned as {code}. {describe_hold(code.value, context.settings.policy).what_to_do}"
        )


def _require_deliverable(context: AppContext, document: Document, suppressions: Sequence[Suppression]) -> bool:
    """Whether it goes to a new address. `ConfigError` if mail to the address on file was returned."""
    last = context.ledger.deliveries.for_document(document.document_id)[-1]
    if last.state is not DeliveryState.RETURNED:
        return False
    account = _read_account(context, context.require_batch(document.batch_id), document.guarantor_id)
    if account is None:
        raise ConfigError(
            f"{describe_recipient(document.guarantor_id)} is no longer in the billing system, or has a bad row."
        )
    for suppression in suppressions:
        if suppression.code is SuppressionCode.RETMAIL and is_in_force(suppression, account.guarantor):
            raise ConfigError(
                f"document {document.document_id} was returned, and the billing system still has the address that it "
                "was returned from. Enter the new address there, then resend it."
            )
    return True


def _read_account(context: AppContext, batch: Batch, guarantor_id: str) -> GuarantorAccount | None:
    entry = find_recipient(context, batch, guarantor_id)
    return entry if isinstance(entry, GuarantorAccount) else None
