"""The error that stops the composition of a document."""

from __future__ import annotations


class CompositionError(Exception):
    """This selection cannot become a document. It becomes an exception for a clerk and is never mailed.

    `message` and `fix` may contain ids, but never a name, an address, or an amount.
    """

    def __init__(self, code: str, message: str, fix: str) -> None:
        super().__init__(code, message, fix)
        self.code = code
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.code}: {self.message} {self.fix}"
