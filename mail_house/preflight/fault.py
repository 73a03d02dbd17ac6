"""The finding of a preflight check."""

from __future__ import annotations

import msgspec


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """A fault that must not be mailed. It names piece and page; never a person, an address or an amount."""

    message: str
    document_id: str = ""
    """Empty for a fault of the whole file."""
    page: int = 0
    """Page of the document, from 1; 0 for a fault of no single page."""

    def __str__(self) -> str:
        subject = f"document {self.document_id}" if self.document_id else "the file"
        return f"{subject}{f', page {self.page}' if self.page else ''}: {self.message}"
