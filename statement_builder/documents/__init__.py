"""What documents say: a selection and the facts of an account become `Content`. Pure."""

from statement_builder.documents.compose import compose
from statement_builder.documents.content import Content, Recipient, Replaced, document_id
from statement_builder.documents.errors import CompositionError
from statement_builder.documents.printed_terms import Terms
from statement_builder.documents.recipients import make_recipient

__all__ = [
    "CompositionError",
    "Content",
    "Recipient",
    "Replaced",
    "Terms",
    "compose",
    "document_id",
    "make_recipient",
]
