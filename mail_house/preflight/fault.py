"""What the lint finds."""

from __future__ import annotations

import msgspec


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Something that must not be mailed. Says which piece and page; never a name, an address or an amount."""

    message: str
    document_id: str = ""
    """Empty where it is the file's as a whole."""
    page: int = 0
    """Of the document, from 1; 0 where it is no single page's."""

    def __str__(self) -> str:
        where = f"document {self.document_id}" if self.document_id else "the file"
        return f"{where}{f', page {self.page}' if self.page else ''}: {self.message}"
