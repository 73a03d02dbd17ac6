"""A piece with a cover sheet: the sheet with the new address in front, then the document on its own sheets."""

from __future__ import annotations

import io

import pikepdf


def prepend_cover_sheet(cover_sheet: bytes, pdf: bytes, *, duplex: bool) -> bytes:
    """Return the piece's bytes: the cover sheet's one page (plus a blank back if `duplex`), then the document.

    The result is deterministic. Raises ValueError for a cover sheet that is not one page.
    """
    with (
        pikepdf.open(io.BytesIO(cover_sheet)) as cover,
        pikepdf.open(io.BytesIO(pdf)) as document,
        pikepdf.new() as piece,
    ):
        if len(cover.pages) != 1:
            raise ValueError(f"a cover sheet must be one page, not {len(cover.pages)}")
        piece.pages.extend(cover.pages)
        if duplex:
            left, bottom, right, top = (float(each) for each in cover.pages[0].mediabox)
            piece.add_blank_page(page_size=(right - left, top - bottom))
        piece.pages.extend(document.pages)
        out = io.BytesIO()
        piece.save(out, deterministic_id=True)
        return out.getvalue()
