"""What a document says: the records that templates format, and what every kind of document prints. Pure."""

from statement_builder.documents.content import Content, Recipient, Replaced, document_id
from statement_builder.documents.errors import CompositionError
from statement_builder.documents.printed_terms import PrintedTerms
from statement_builder.documents.recipients import make_recipient

__all__ = [
    "CompositionError",
    "Content",
    "PrintedTerms",
    "Recipient",
    "Replaced",
    "document_id",
    "make_recipient",
]
