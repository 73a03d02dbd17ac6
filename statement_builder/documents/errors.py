"""What stops a document from being composed."""

from __future__ import annotations


class CompositionError(Exception):
    """This selection cannot become a document: an exception for a clerk, never a letter.

    `message` and `fix` carry ids at most: never a name, an address or an amount.
    """

    def __init__(self, code: str, message: str, fix: str) -> None:
        super().__init__(code, message, fix)
        self.code = code
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.code}: {self.message} {self.fix}"
