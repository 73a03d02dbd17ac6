"""Merges many PDFs into one for printing: pages in order, each piece starting on a front side, shared fonts and images
stored once.

Structure trees and links are dropped, since paper has neither. The page content is not changed.
"""

from __future__ import annotations

from collections.abc import Sequence

import pikepdf

from mail_house.models import Piece
from mail_house.print_files.objects import ObjectWriter, stream_object
from mail_house.print_files.pages import CopiedPage, PageSource


class Assembly:
    """A print file's PDF under construction."""

    def __init__(self) -> None:
        self._writer = ObjectWriter()
        self._source = PageSource(self._writer)
        self._tree = self._writer.reserve()
        self._pages: list[int] = []
        self._last_page_size = (0.0, 0.0)

    @property
    def pages(self) -> int:
        """The number of pages so far."""
        return len(self._pages)

    def add_piece(self, piece: Piece, marks: Sequence[bytes]) -> int:
        """Append the piece's pages and return their number. Raises ValueError for a PDF that cannot be printed.

        `marks` are the operators to draw over each page, in points from its bottom left corner; empty for no marks.
        """
        try:
            pages = self._source.copy_pages(piece.pdf)
        except (ValueError, pikepdf.PdfError) as exc:
            raise ValueError(f"document {piece.document_id}: not a PDF that can be printed: {exc}") from exc
        for index, page in enumerate(pages):
            self._add_page(page, marks[index] if index < len(marks) else b"")
        return len(pages)

    def add_blank_back(self) -> None:
        """Append a blank page of the same size as the last page."""
        width, height = self._last_page_size
        self._append(b"/MediaBox [0 0 %g %g]/Resources <<>>" % (width, height))

    def save(self, *, title: str, manifest_sha256: str) -> bytes:
        """Return the finished PDF. It contains no date or random id, so the same pieces give the same bytes."""
        self._source.close()
        kids = b" ".join([b"%d 0 R" % number for number in self._pages])
        self._writer.write(self._tree, b"<</Type /Pages/Count %d/Kids [%b]>>" % (self.pages, kids))
        root = self._writer.add(b"<</Type /Catalog/Pages %d 0 R>>" % self._tree)
        entries = pikepdf.Dictionary({"/Title": title, "/ManifestSHA256": manifest_sha256})
        return self._writer.finish(root=root, info=self._writer.add(entries.unparse()))

    def _add_page(self, page: CopiedPage, marks: bytes) -> None:
        contents = list(page.contents)
        if marks:
            # Q restores the graphics state that the page's own operators changed.
            over = b"\nQ\n" + marks
            contents.insert(0, self._writer.add_once(stream_object(b"/Length 2", b"q\n")))
            contents.append(self._writer.add(stream_object(b"/Length %d" % len(over), over)))
        self._last_page_size = page.size
        self._append(b"%b/Contents [%b]" % (page.entries, b" ".join([b"%d 0 R" % number for number in contents])))

    def _append(self, entries: bytes) -> None:
        self._pages.append(self._writer.add(b"<</Type /Page/Parent %d 0 R%b>>" % (self._tree, entries)))
