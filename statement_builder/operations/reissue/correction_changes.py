"""What a correction changes on the page. A correction that changes nothing would only be a second copy."""

from __future__ import annotations

from collections.abc import Iterator

import pypdfium2 as pdfium

from pdf_kit.pdfium_reader import read_with_pdfium
from pdf_kit.text import remove_whitespace
from statement_builder.billing.model import GuarantorAccount
from statement_builder.documents import CompositionError, Content, Replaced
from statement_builder.kinds import compose, decide
from statement_builder.ledger import Batch, Document, DocumentState
from statement_builder.operations.reissue.reissues import shard_of
from statement_builder.pipeline.archived import read_archived
from statement_builder.pipeline.build_worker import printed_terms, read_shard
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.page_notes import read_page_notes
from statement_builder.pipeline.payment_codes import payment_check
from statement_builder.rendering import PlainEngine


def replaced_document(original: Document) -> Replaced:
    """What the page of its correction says about a document."""
    return Replaced(
        document_id=original.document_id,
        issued_on=original.issued_on,
        has_left=original.state is DocumentState.HANDED_OFF,
    )


def list_changes(context: AppContext, batch: Batch, original: Document, correction: Content) -> tuple[str, ...]:
    """What differs between a document and its correction, in words for an operator. Empty if nothing does.

    Dates do not count: they follow from the day of the correction. `ArchiveError` if the original cannot be read.
    """
    before = _compose_again(context, batch, original)
    if before is None:
        return ("the rules that selected it",)
    changes = tuple(_list_data_changes(before, correction))
    return changes or (("the wording",) if _wording_differs(context, original, before) else ())


def _compose_again(context: AppContext, batch: Batch, original: Document) -> Content | None:
    """The original from the data it was made from, under today's settings. None if they do not select it."""
    parent = context.ledger.documents.get(original.revision_of) if original.revision_of else None
    as_of = original.issued_on if parent else batch.as_of
    for entry in read_shard(context.archive, shard_of(context, original)):
        if isinstance(entry, GuarantorAccount) and entry.guarantor.guarantor_id == original.guarantor_id:
            selection = decide(entry, batch.kind, context.settings.policy, as_of).selection
            if selection is None:
                return None
            notes = read_page_notes(context.settings, context.facility, context.environ)
            mine = notes.of(entry, selection, original.issued_on)
            try:
                return compose(
                    entry,
                    selection,
                    context.facility,
                    terms=printed_terms(context.settings.policy, context.facility),
                    batch_cycle=batch.cycle,
                    issued_on=original.issued_on,
                    payment_check=payment_check(context.payment_keys()),
                    message=mine.message,
                    enrollment_code=mine.enrollment_code,
                    revision=original.revision,
                    replaces=replaced_document(parent) if parent else None,
                )
            except CompositionError:
                return None
    return None


def _list_data_changes(before: Content, after: Content) -> Iterator[str]:
    if after.amount_cents != before.amount_cents:
        yield "the amount"
    if after.facts.figures() != before.facts.figures():
        yield "the lines"
    if after.recipient.name != before.recipient.name:
        yield "the name"
    if after.recipient.lines != before.recipient.lines:
        yield "the address"
    if (after.language, after.large_print, after.level) != (before.language, before.large_print, before.level):
        yield "the wording"


def _wording_differs(context: AppContext, original: Document, before: Content) -> bool:
    """Whether today's templates and settings print other words than the archived page has."""
    today = PlainEngine(context.templates).render(before).pdf
    return _text_of(today) != _text_of(read_archived(context, original))


def _text_of(pdf: bytes) -> str:
    with pdfium.PdfDocument(pdf) as document:
        return remove_whitespace("".join(page.whole for page in read_with_pdfium(document)))
