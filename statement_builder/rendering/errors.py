"""The error of a single document. It can be pickled, so that workers can return it."""

from __future__ import annotations

from statement_builder.containment import contain
from statement_builder.errors import StatementsError


class DocumentError(StatementsError):
    """This document cannot be rendered; the batch continues. `fix` says what a billing clerk must do.

    `message` and `fix` never contain a name, an address, an amount or an account number.
    """

    def __init__(self, code: str, message: str, fix: str) -> None:
        super().__init__(code, message, fix)
        self.code = code
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.code}: {self.message} {self.fix}"


def contain_document(error: Exception, doing: str, document_id: str) -> DocumentError:
    """The document's error for anything raised by its work. Raises again what concerns the whole batch."""
    return error if isinstance(error, DocumentError) else DocumentError(*contain(error, doing, document_id))
