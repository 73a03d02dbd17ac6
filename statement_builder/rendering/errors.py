"""What can be wrong with one document, as a value that crosses process borders."""

from __future__ import annotations

from statement_builder.errors import StatementsError


class DocumentError(StatementsError):
    """This one document cannot be made; the batch goes on. `fix` tells a clerk what to do.

    `message` and `fix` never carry a name, an address, an amount or an account number.
    """

    def __init__(self, code: str, message: str, fix: str) -> None:
        super().__init__(code, message, fix)
        self.code = code
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.code}: {self.message} {self.fix}"
