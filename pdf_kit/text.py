"""Make texts comparable: text read from a PDF differs from the source in line breaks, spaces and hyphens."""

from __future__ import annotations

import unicodedata


def normalize_text(text: str) -> str:
    """Unicode NFKC, with hyphens at line ends restored.

    PDFium returns a hyphen at a line end as U+FFFE in a whole page's text, and as U+0002 within a rectangle.
    """
    if text.isascii():
        return text.replace("\x02", "-")
    # Most text is already normal once no-break spaces are replaced, and NFKC is fast for such text.
    text = text.replace("\u00a0", " ").replace("\ufffe", "-").replace("\x02", "-")
    return unicodedata.normalize("NFKC", text)


def collapse_whitespace(text: str) -> str:
    """Normalized text with each run of white space as one space."""
    return " ".join(normalize_text(text).split())


def remove_whitespace(text: str) -> str:
    """Normalized text without white space: equal for the same words, however their lines break."""
    return "".join(normalize_text(text).split())
