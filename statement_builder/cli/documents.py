"""Commands on documents: find, get, void, resend, reprint, correct, resolve."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mail_house.print_files.names import PRINT_FILE_PREFIX
from statement_builder.cli import output
from statement_builder.cli.options import DocumentId, Json, Purpose, Reason, opened
from statement_builder.operations.access import list_subjects, record_access, subject
from statement_builder.operations.clocks import read_clocks
from statement_builder.operations.queries import write_document
from statement_builder.operations.reissue.resolve import resolve_document
from statement_builder.operations.roles import authorize, open_document
from statement_builder.operations.summaries import summarize_document


def find(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="An account, guarantor, document or batch id.")],
    with_clocks: Annotated[
        bool, typer.Option("--clocks", help="Also the legal clocks of an account; reads the billing system.")
    ] = False,
    purpose: Purpose = "",
    as_json: Json = False,
) -> None:
    """Find documents by account, guarantor, document or batch, with every attempt to deliver them."""
    with opened(reads_only=True) as context:
        found = context.ledger.documents.find(text)
        clocks = read_clocks(context, text, found) if with_clocks else ()
        documents = [summarize_document(each, clocks) for each in found]
        record_access(context, "find", list_subjects(documents), purpose=purpose)
        output.print_json(documents) if as_json else output.show_documents(text, documents)


def get(
    document_id: DocumentId,
    path: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")],
    purpose: Purpose = "",
) -> None:
    """Write one archived PDF: the exact bytes that were sent, checked against the hash in the ledger."""
    with opened(reads_only=True) as context:
        document = context.require_document(document_id)
        subjects = [subject(document.guarantor_id, document_id)]
        record_access(context, "get", subjects, batch_id=document.batch_id, purpose=purpose)
        write_document(context, document, path)
        output.say(f"{path}")


def resolve(
    document_id: DocumentId,
    sent: Annotated[bool, typer.Option("--sent/--not-sent", help="Whether it was sent.")],
    reason: Reason,
) -> None:
    """Record whether a document was sent, if the outcome of its hand-off is unknown."""
    with opened() as context:
        resolve_document(context, open_document(context, "resolve", document_id), sent=sent, reason=reason)
        output.say(f"{document_id}: {'sent' if sent else 'not sent; `statements rerun` hands it off'}")


def void(document_id: DocumentId, reason: Reason) -> None:
    """Void a document before it is printed, at the vendor too if it can cancel. The next batch decides again."""
    from statement_builder.operations.reissue.void import void_document  # noqa: PLC0415

    with opened() as context:
        output.say(void_document(context, open_document(context, "void", document_id), reason))


def resend(
    document: Annotated[
        str, typer.Argument(metavar="DOCUMENT", help="The full document id, or the name of a rejected print file.")
    ],
    reason: Reason,
) -> None:
    """Send a document that did not arrive, or a rejected print file, again: the same pages, counted once."""
    from statement_builder.operations.reissue.resend import resend_document, resend_print_file  # noqa: PLC0415

    with opened() as context:
        if document.startswith(PRINT_FILE_PREFIX):
            authorize(context, "resend", batch_id=document)
            output.say(resend_print_file(context, document, reason))
        else:
            output.say(resend_document(context, open_document(context, "resend", document), reason))


def reprint(document_id: DocumentId, reason: Reason) -> None:
    """Mail a copy of a document on paper, marked COPY on every page. It is not counted as another statement."""
    from statement_builder.operations.reissue.reprint import reprint_document  # noqa: PLC0415

    with opened() as context:
        output.say(reprint_document(context, open_document(context, "reprint", document_id), reason))


def correct(document_id: DocumentId, reason: Reason) -> None:
    """Replace a wrong document with a new one from today's billing data, unless the rules hold it now."""
    from statement_builder.operations.reissue.correct import correct_document  # noqa: PLC0415

    with opened() as context:
        output.say(correct_document(context, open_document(context, "correct", document_id), reason))
