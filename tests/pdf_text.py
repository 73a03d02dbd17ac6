"""Read the text of finished PDFs in tests."""

from __future__ import annotations

import pypdfium2 as pdfium


def page_texts(pdf: bytes) -> list[str]:
    """The text of each page, with each run of white space as one space."""
    document = pdfium.PdfDocument(pdf)
    try:
        return [" ".join(page.get_textpage().get_text_range().replace("\ufffe", "-").split()) for page in document]
    finally:
        document.close()
