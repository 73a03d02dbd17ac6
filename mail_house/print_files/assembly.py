"""Many PDFs into one, for a printer: pages in order, each piece from a front side, every font and picture once.

Structure trees and links stay behind (paper has neither); what is drawn is not touched.
"""

from __future__ import annotations

from collections.abc import Sequence

import pikepdf

from mail_house.models import Piece
from mail_house.print_files.objects import ObjectWriter, stream_object
from mail_house.print_files.pages import PageSource, PlacedPage


class Assembly:
    """A print file's PDF while it grows."""

    def __init__(self) -> None:
        self._writer = ObjectWriter()
        self._source = PageSource(self._writer)
        self._tree = self._writer.reserve()
        self._pages: list[int] = []
        self._last_page_size = (0.0, 0.0)

    @property
    def pages(self) -> int:
        """How many there are so far."""
        return len(self._pages)

    def add_piece(self, piece: Piece, marks: Sequence[bytes]) -> int:
        """Appends the piece's pages and says how many there were. Raises ValueError for what is no readable PDF.

        `marks` are operators to draw over each page, in points from its bottom left corner; empty where there are none.
        """
        try:
            pages = self._source.take(piece.pdf)
        except (ValueError, pikepdf.PdfError) as exc:
            raise ValueError(f"document {piece.document_id}: not a PDF that can be printed: {exc}") from exc
        for place, page in enumerate(pages):
            self._add_page(page, marks[place] if place < len(marks) else b"")
        return len(pages)

    def add_blank_back(self) -> None:
        """A blank page of the size of the last one."""
        width, height = self._last_page_size
        self._append(b"/MediaBox [0 0 %g %g]/Resources <<>>" % (width, height))

    def save(self, *, title: str, manifest_sha256: str) -> bytes:
        """The finished bytes: the same for the same pieces, since neither a date nor a random id is in them."""
        self._source.close()
        kids = b" ".join([b"%d 0 R" % number for number in self._pages])
        self._writer.write(self._tree, b"<</Type /Pages/Count %d/Kids [%b]>>" % (self.pages, kids))
        root = self._writer.add(b"<</Type /Catalog/Pages %d 0 R>>" % self._tree)
        entries = pikepdf.Dictionary({"/Title": title, "/ManifestSHA256": manifest_sha256})
        return self._writer.finish(root=root, info=self._writer.add(entries.unparse()))

    def _add_page(self, page: PlacedPage, marks: bytes) -> None:
        contents = list(page.contents)
        if marks:
            # Whatever the page's own operators do to the graphics state is undone first.
            over = b"\nQ\n" + marks
            contents.insert(0, self._writer.add_once(stream_object(b"/Length 2", b"q\n")))
            contents.append(self._writer.add(stream_object(b"/Length %d" % len(over), over)))
        self._last_page_size = page.size
        self._append(b"%b/Contents [%b]" % (page.entries, b" ".join([b"%d 0 R" % number for number in contents])))

    def _append(self, entries: bytes) -> None:
        self._pages.append(self._writer.add(b"<</Type /Page/Parent %d 0 R%b>>" % (self._tree, entries)))
