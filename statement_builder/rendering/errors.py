"""The error of a single document. It can be pickled, so that workers can return it."""

from __future__ import annotations

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
