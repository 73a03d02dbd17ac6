"""A piece with a carrier: the address sheet in front, behind it the document's pages on sheets of their own."""

from __future__ import annotations

import io

import pikepdf


def prepend_cover_sheet(carrier: bytes, pdf: bytes, *, duplex: bool) -> bytes:
    """The piece's bytes: the carrier's one page (with a blank back where both sides are printed), then the document.

    The same two files give the same bytes. Raises ValueError for a carrier of more pages.
    """
    with pikepdf.open(io.BytesIO(carrier)) as front, pikepdf.open(io.BytesIO(pdf)) as document, pikepdf.new() as piece:
        if len(front.pages) != 1:
            raise ValueError("a carrier is one page")
        piece.pages.extend(front.pages)
        if duplex:
            left, bottom, right, top = (float(each) for each in front.pages[0].mediabox)
            piece.add_blank_page(page_size=(right - left, top - bottom))
        piece.pages.extend(document.pages)
        out = io.BytesIO()
        piece.save(out, deterministic_id=True)
        return out.getvalue()
