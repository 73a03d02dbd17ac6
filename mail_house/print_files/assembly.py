"""Many PDFs into one, for a printer: pages in order, each piece from a front side, fonts kept once where identical.

Structure trees and links stay behind (paper has neither); what is drawn is not touched.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Sequence

import pikepdf

from mail_house.pieces import Piece


class Assembly:
    """A print file's PDF while it grows."""

    def __init__(self) -> None:
        self._pdf = pikepdf.new()
        self._streams: dict[bytes, pikepdf.Object] = {}
        self._save = pikepdf.Stream(self._pdf, b"q\n")
        # Kept here, since asking a PDF for its pages walks all of them.
        self.pages = 0
        self._last_page_size = (0.0, 0.0)

    def add_piece(self, piece: Piece, marks: Sequence[bytes]) -> int:
        """Appends the piece's pages and says how many there were. Raises ValueError for what is no readable PDF.

        `marks` are operators to draw over each page, in points from its bottom left corner; empty where there are none.
        """
        try:
            with pikepdf.open(io.BytesIO(piece.pdf)) as source:
                if source.is_encrypted:
                    raise ValueError(f"document {piece.document_id}: an encrypted PDF cannot be printed")
                for page in source.pages:
                    _strip_screen_parts(page)
                    box = page.mediabox
                    self._last_page_size = (float(box[2] - box[0]), float(box[3] - box[1]))
                count = len(source.pages)
                self._pdf.pages.extend(source.pages)
        except pikepdf.PdfError as exc:
            raise ValueError(f"document {piece.document_id}: not a PDF that can be printed") from exc
        for page, drawn in zip(self._pdf.pages[-count:], marks, strict=False):
            self._share_font_files(page)
            if drawn:
                self._draw_over(page, drawn)
        self.pages += count
        return count

    def add_blank_back(self) -> None:
        """A blank page of the size of the last one."""
        self._pdf.add_blank_page(page_size=self._last_page_size)
        self.pages += 1

    def save(self, *, title: str, manifest_sha256: str) -> bytes:
        """The finished bytes: the same for the same pieces, since neither a date nor a random id is in them."""
        self._pdf.docinfo["/Title"] = title
        self._pdf.docinfo["/ManifestSHA256"] = manifest_sha256
        out = io.BytesIO()
        self._pdf.save(
            out, force_version="1.7", deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate
        )
        return out.getvalue()

    def _draw_over(self, page: pikepdf.Page, drawn: bytes) -> None:
        """Whatever the page's own operators do to the graphics state is undone first."""
        contents = page.obj.get("/Contents", pikepdf.Array())
        own = _items(contents) if isinstance(contents, pikepdf.Array) else [contents]
        over = pikepdf.Stream(self._pdf, b"\nQ\n" + drawn)
        page.obj.Contents = pikepdf.Array([self._save, *own, over])

    def _share_font_files(self, page: pikepdf.Page) -> None:
        """Points fonts at one copy of each identical stream; the copies nobody points at are not written."""
        for holder, key in _font_streams(page):
            stream = holder[key]
            digest = hashlib.sha256(stream.read_raw_bytes() + repr(sorted(_plain_entries(stream))).encode()).digest()
            first = self._streams.setdefault(digest, stream)
            if first.objgen != stream.objgen:
                holder[key] = first


def _strip_screen_parts(page: pikepdf.Page) -> None:
    for key in ("/StructParents", "/Tabs"):
        if key in page.obj:
            del page.obj[key]
    if "/Annots" in page.obj:
        printed = [note for note in _items(page.obj.Annots) if note.get("/Subtype") != pikepdf.Name.Link]
        if printed:
            page.obj.Annots = pikepdf.Array(printed)
        else:
            del page.obj["/Annots"]


def _font_streams(page: pikepdf.Page) -> Iterable[tuple[pikepdf.Object, str]]:
    """Each dictionary that holds a font's stream, with the key: font programs and character maps."""
    fonts = page.resources.get("/Font")
    for font in fonts.as_dict().values() if fonts is not None else ():
        descendants = _items(font.get("/DescendantFonts", pikepdf.Array()))
        for part in (font, *descendants):
            yield from _streams_of(part, ("/ToUnicode", "/CIDToGIDMap"))
            if "/FontDescriptor" in part:
                yield from _streams_of(part.FontDescriptor, ("/FontFile", "/FontFile2", "/FontFile3", "/CIDSet"))


def _streams_of(holder: pikepdf.Object, keys: Sequence[str]) -> Iterable[tuple[pikepdf.Object, str]]:
    for key in keys:
        if isinstance(holder.get(key), pikepdf.Stream):
            yield holder, key


def _plain_entries(stream: pikepdf.Object) -> Iterable[tuple[str, str]]:
    return ((key, str(value)) for key, value in stream.stream_dict.items() if key != "/Length")


def _items(array: pikepdf.Object) -> list[pikepdf.Object]:
    return [array[i] for i in range(len(array))]
