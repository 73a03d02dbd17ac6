"""Copies the pages of a piece into a print file with all resources they use; each shared resource is stored once.

Pages with the structure of our own documents are copied byte for byte, and their shared objects are parsed only once
for thousands of pieces. Any other PDF goes through pikepdf.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Mapping
from typing import NamedTuple

import pikepdf

from mail_house.print_files.fonts import FontRegistry
from mail_house.print_files.objects import ObjectWriter, stream_object
from pdf_kit import Objects, PdfFile, UnsupportedPdf, find


class CopiedPage(NamedTuple):
    """A page that is not in a page tree yet: its dictionary entries and its content streams."""

    entries: bytes
    """`/MediaBox`, `/Resources`, and the other entries that affect printing."""
    contents: tuple[int, ...]
    size: tuple[float, float]
    """Width and height, in points."""


class _PageLayout(NamedTuple):
    entries: bytes
    size: tuple[float, float]
    contents: int
    """Object number in the piece."""


class _DocumentLayout(NamedTuple):
    """The shared objects of pieces with the same structure, already copied."""

    pages: tuple[_PageLayout, ...]
    streams: tuple[tuple[int, bytes], ...]
    """Object number in the piece, and data. A piece has this layout only if its streams are the same."""


class PageSource:
    """Copies the pages of many pieces into one file."""

    def __init__(self, writer: ObjectWriter) -> None:
        self._writer = writer
        self._fonts = FontRegistry(writer)
        self._object_streams: dict[bytes, Objects] = {}
        self._layouts: dict[tuple[int, ...], list[_DocumentLayout]] = {}

    def copy_pages(self, pdf: bytes) -> list[CopiedPage]:
        """Copy the piece's pages, in order. ValueError if it is encrypted, pikepdf.PdfError if it is invalid."""
        try:
            file = PdfFile(pdf, self._object_streams)
            layout = self._layout(file)
            return [self._copy_page(file, page) for page in layout.pages]
        except (UnsupportedPdf, LookupError, ValueError, zlib.error):
            return _copy_with_pikepdf(pdf, self._writer)

    def close(self) -> None:
        """Write the fonts that the pages use."""
        self._fonts.write()

    def _copy_page(self, file: PdfFile, page: _PageLayout) -> CopiedPage:
        content = self._writer.add(stream_object(*file.stream(page.contents)))
        return CopiedPage(page.entries, (content,), page.size)

    def _layout(self, file: PdfFile) -> _DocumentLayout:
        known = self._layouts.setdefault(file.key, [])
        for layout in known:
            if all(file.deflated(number) == data for number, data in layout.streams):
                return layout
        copier = _Copier(file, self._writer, self._fonts)
        pages = tuple([_page_layout(copier, page, file.contents(page)) for page in file.pages()])
        layout = _DocumentLayout(pages, tuple(copier.streams.items()))
        known.append(layout)
        return layout


def _page_layout(copier: _Copier, page: bytes, contents: int) -> _PageLayout:
    if any(name in page for name in (b"/Rotate", b"/UserUnit", b"/CropBox", b"/Group")):
        raise UnsupportedPdf("page box")
    box = find(_MEDIA_BOX, page)
    left, bottom, right, top = map(float, box.split())
    resources = copier.copy(int(find(_RESOURCES, page)))
    entries = b"/MediaBox [%b]/Resources %d 0 R" % (box, resources)
    return _PageLayout(entries, (right - left, top - bottom), contents)


class _Copier:
    """Copies a page's resources and every object that they refer to."""

    def __init__(self, file: PdfFile, writer: ObjectWriter, fonts: FontRegistry) -> None:
        self._file = file
        self._writer = writer
        self._fonts = fonts
        self._copied: dict[int, int] = {}
        self.streams: dict[int, bytes] = {}
        """Every stream that was copied: its number in the piece, and its data."""

    def copy(self, number: int) -> int:
        if number not in self._copied:
            self._copied[number] = self._copy(number)
        return self._copied[number]

    def _copy(self, number: int) -> int:
        if not self._file.is_stream(number):
            data = self._file.object(number)
            if _PAGE.search(data):
                raise UnsupportedPdf("reference to a page")
            if b"/Subtype /Type0" in data:
                return self._fonts.add(data, self._file, self.streams)
            return self._writer.add_once(_REFERENCE.sub(self._refer, data))
        head, packed = self._file.stream(number)
        self.streams[number] = packed
        return self._writer.add_once(stream_object(_REFERENCE.sub(self._refer, head), packed))

    def _refer(self, reference: re.Match[bytes]) -> bytes:
        return b"%d 0 R" % self.copy(int(reference[1]))


_MEDIA_BOX = re.compile(rb"/MediaBox \[([^\]]*)\]")
_RESOURCES = re.compile(rb"/Resources (\d+) 0 R")
_REFERENCE = re.compile(rb"\b(\d+) 0 R\b")
_PAGE = re.compile(rb"/Type /Pages?\b")


def _copy_with_pikepdf(pdf: bytes, writer: ObjectWriter) -> list[CopiedPage]:
    with pikepdf.open(io.BytesIO(pdf)) as source:
        if source.is_encrypted:
            raise ValueError("an encrypted PDF cannot be printed")
        copier = _PikepdfCopier(writer)
        return [copier.page(page) for page in source.pages]


class _PikepdfCopier:
    """Copies objects of a file that is open in pikepdf."""

    def __init__(self, writer: ObjectWriter) -> None:
        self._writer = writer
        self._copied: dict[tuple[int, int], int] = {}

    def page(self, page: pikepdf.Page) -> CopiedPage:
        """Copy a page without its on-screen features: links, tags, page labels."""
        box = page.mediabox
        entries = b"/MediaBox %b/Resources %b" % (self._value(box), self._value(page.resources))
        for key in ("/CropBox", "/Rotate", "/UserUnit", "/Group"):
            if key in page.obj:
                entries += b"%b %b" % (key.encode("ascii"), self._value(page.obj[key]))
        contents = page.obj.get("/Contents", pikepdf.Array())
        streams = _items(contents) if isinstance(contents, pikepdf.Array) else [contents]
        printed = [note for note in _items(page.obj.get("/Annots", pikepdf.Array())) if not _is_link(note)]
        if printed:
            raise ValueError("a PDF with annotations cannot be printed: flatten them first")
        size = (float(box[2] - box[0]), float(box[3] - box[1]))
        return CopiedPage(entries, tuple([self._copy(stream) for stream in streams]), size)

    def _value(self, obj: object) -> bytes:
        """Return the object as written where it is used: a reference if it is indirect."""
        if isinstance(obj, pikepdf.Object) and obj.is_indirect:
            return b"%d 0 R" % self._copy(obj)
        return self._direct(obj)

    def _copy(self, obj: pikepdf.Object) -> int:
        key = obj.objgen
        if key not in self._copied:
            if isinstance(obj, pikepdf.Dictionary) and obj.get("/Type") in {pikepdf.Name.Page, pikepdf.Name.Pages}:
                raise ValueError("a PDF whose resources refer to its pages cannot be printed")
            self._copied[key] = self._writer.add_once(self._direct(obj))
        return self._copied[key]

    def _direct(self, obj: object) -> bytes:
        if isinstance(obj, pikepdf.Stream):
            data = obj.read_raw_bytes()
            entries = {**dict(obj.stream_dict.items()), "/Length": len(data)}
            return stream_object(self._entries(entries), data)
        if isinstance(obj, pikepdf.Dictionary):
            return b"<<%b>>" % self._entries(dict(obj.items()))
        if isinstance(obj, pikepdf.Array):
            return b"[%b]" % b" ".join([self._value(item) for item in _items(obj)])
        # Numbers, names, strings and booleans: as pikepdf writes them in an array.
        return pikepdf.Array([obj]).unparse()[2:-2]

    def _entries(self, entries: Mapping[str, object]) -> bytes:
        return b"".join(
            [b"%b %b" % (pikepdf.Name(key).unparse(), self._value(entries[key])) for key in sorted(entries)]
        )


def _items(array: pikepdf.Object) -> list[pikepdf.Object]:
    return [array[index] for index in range(len(array))]


def _is_link(note: pikepdf.Object) -> bool:
    return bool(note.get("/Subtype") == pikepdf.Name.Link)
