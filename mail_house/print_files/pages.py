"""Take the pages of a piece over into a print file, with everything that they draw with, each thing once.

Pages in the form of our own documents are copied as they stand: a thousand of them share one reading of what they have
in common. A PDF of any other form goes through pikepdf.
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
from pdf_kit import NotRead, Objects, PdfFile, find


class PlacedPage(NamedTuple):
    """A page without a place in a page tree: entries of its dictionary, and its content streams."""

    entries: bytes
    """`/MediaBox`, `/Resources`, and what else paper needs."""
    contents: tuple[int, ...]
    size: tuple[float, float]
    """Width and height, in points."""


class _PageForm(NamedTuple):
    entries: bytes
    size: tuple[float, float]
    contents: int
    """In the piece's own numbers."""


class _Form(NamedTuple):
    """What pieces of one form have in common, taken over already."""

    pages: tuple[_PageForm, ...]
    streams: tuple[tuple[int, bytes], ...]
    """In the piece's own numbers: what has to be the same in another piece for this to hold of it too."""


class PageSource:
    """Takes over the pages of many pieces into one file."""

    def __init__(self, writer: ObjectWriter) -> None:
        self._writer = writer
        self._fonts = FontRegistry(writer)
        self._object_streams: dict[bytes, Objects] = {}
        self._forms: dict[tuple[int, ...], list[_Form]] = {}

    def take(self, pdf: bytes) -> list[PlacedPage]:
        """The piece's pages in their order. ValueError for what is encrypted, pikepdf.PdfError for what is no PDF."""
        try:
            file = PdfFile(pdf, self._object_streams)
            form = self._form(file)
            return [self._place(file, page) for page in form.pages]
        except (NotRead, LookupError, ValueError, zlib.error):
            return _take_with_pikepdf(pdf, self._writer)

    def close(self) -> None:
        """Write the fonts that the pages use."""
        self._fonts.write()

    def _place(self, file: PdfFile, page: _PageForm) -> PlacedPage:
        content = self._writer.add(stream_object(*file.stream(page.contents)))
        return PlacedPage(page.entries, (content,), page.size)

    def _form(self, file: PdfFile) -> _Form:
        known = self._forms.setdefault(file.key, [])
        for form in known:
            if all(file.packed(number) == data for number, data in form.streams):
                return form
        copier = _Copier(file, self._writer, self._fonts)
        pages = tuple([_page_form(copier, page, file.contents(page)) for page in file.pages()])
        form = _Form(pages, tuple(copier.streams.items()))
        known.append(form)
        return form


def _page_form(copier: _Copier, page: bytes, contents: int) -> _PageForm:
    if any(name in page for name in (b"/Rotate", b"/UserUnit", b"/CropBox", b"/Group")):
        raise NotRead("page box")
    box = find(_MEDIA_BOX, page)
    left, bottom, right, top = map(float, box.split())
    resources = copier.copy(int(find(_RESOURCES, page)))
    entries = b"/MediaBox [%b]/Resources %d 0 R" % (box, resources)
    return _PageForm(entries, (right - left, top - bottom), contents)


class _Copier:
    """Copies what a page draws with, and all that it refers to."""

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
                raise NotRead("reference to a page")
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


def _take_with_pikepdf(pdf: bytes, writer: ObjectWriter) -> list[PlacedPage]:
    with pikepdf.open(io.BytesIO(pdf)) as source:
        if source.is_encrypted:
            raise ValueError("an encrypted PDF cannot be printed")
        translator = _Translator(writer)
        return [translator.page(page) for page in source.pages]


class _Translator:
    """Copies objects of a file that pikepdf has open."""

    def __init__(self, writer: ObjectWriter) -> None:
        self._writer = writer
        self._copied: dict[tuple[int, int], int] = {}

    def page(self, page: pikepdf.Page) -> PlacedPage:
        """What is for the screen stays behind: links, tags, page labels."""
        box = page.mediabox
        entries = b"/MediaBox %b/Resources %b" % (self._say(box), self._say(page.resources))
        for key in ("/CropBox", "/Rotate", "/UserUnit", "/Group"):
            if key in page.obj:
                entries += b"%b %b" % (key.encode("ascii"), self._say(page.obj[key]))
        contents = page.obj.get("/Contents", pikepdf.Array())
        streams = _items(contents) if isinstance(contents, pikepdf.Array) else [contents]
        printed = [note for note in _items(page.obj.get("/Annots", pikepdf.Array())) if not _is_link(note)]
        if printed:
            raise ValueError("a PDF with annotations cannot be printed as it stands")
        size = (float(box[2] - box[0]), float(box[3] - box[1]))
        return PlacedPage(entries, tuple([self._copy(stream) for stream in streams]), size)

    def _say(self, obj: object) -> bytes:
        """The object as it is written where it is used: a reference, if that is what it is there."""
        if isinstance(obj, pikepdf.Object) and obj.is_indirect:
            return b"%d 0 R" % self._copy(obj)
        return self._direct(obj)

    def _copy(self, obj: pikepdf.Object) -> int:
        key = obj.objgen
        if key not in self._copied:
            if isinstance(obj, pikepdf.Dictionary) and obj.get("/Type") in {pikepdf.Name.Page, pikepdf.Name.Pages}:
                raise ValueError("a PDF whose resources refer to its pages cannot be printed as it stands")
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
            return b"[%b]" % b" ".join([self._say(item) for item in _items(obj)])
        # Numbers, names, strings, booleans: written as pikepdf writes them within an array.
        return pikepdf.Array([obj]).unparse()[2:-2]

    def _entries(self, entries: Mapping[str, object]) -> bytes:
        return b"".join([b"%b %b" % (pikepdf.Name(key).unparse(), self._say(entries[key])) for key in sorted(entries)])


def _items(array: pikepdf.Object) -> list[pikepdf.Object]:
    return [array[place] for place in range(len(array))]


def _is_link(note: pikepdf.Object) -> bool:
    return bool(note.get("/Subtype") == pikepdf.Name.Link)
