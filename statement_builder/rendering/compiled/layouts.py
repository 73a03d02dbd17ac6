"""A compiled layout: everything on a document's pages except the words, and where the words go.

It has plain values only, so that one process can store a layout on disk and another can fill it.
"""

from __future__ import annotations

from statement_builder.billing.model import Record


class Style(Record, kw_only=True, cache_hash=True):
    """How to shape a run of text: the font file, size and features that Pango uses."""

    face: str
    """One of `fonts.FACES`."""
    scale: int
    """Font size in 1/1024 CSS pixels, as Pango rounds it."""
    language: str
    features: tuple[tuple[str, int], ...] = ()


class Slot(Record, kw_only=True, cache_hash=True):
    """A run of text within a paragraph: a text node of the markup, or a generated counter."""

    node: int
    """Index of the markup text; -1 for generated text, which is the same in every document of the layout."""
    text: str = ""
    """Generated text."""
    style: Style
    nowrap: bool = False


class Paragraph(Record, kw_only=True, cache_hash=True):
    """The inline content of one block: its slots, and the width of its lines in CSS pixels."""

    slots: tuple[Slot, ...]
    width: float
    align: str
    """`left`, `right` or `center`."""


class Outline(Record, kw_only=True):
    """The paragraphs of all documents with one markup structure, whatever their words."""

    paragraphs: tuple[Paragraph, ...]
    """Paragraphs whose text comes from the markup alone, in its order."""
    fixed_nodes: tuple[int, ...] = ()
    """Texts that are not drawn as words, such as titles in a drawing: they are part of the layout's key."""
    problem: str = ""
    """Why documents of this structure cannot be filled; empty if they can be."""


class Placeholder(Record, kw_only=True, array_like=True):
    """Where one piece of a line is drawn. Indexes of the paragraph, its line, and the line's piece."""

    paragraph: int
    line: int
    piece: int
    left: float
    """Left edge of the line box, in CSS pixels."""
    y: bytes
    between: bytes
    """Operators between the text matrix and the text."""


class PageLayout(Record, kw_only=True, array_like=True):
    """A page's content stream, cut at its placeholders: `chunks` has one more item than `placeholders`."""

    number: int
    """Object number of the stream."""
    chunks: tuple[bytes, ...]
    """`code_marker` replaces the path operators of a QR code."""
    placeholders: tuple[Placeholder, ...]
    codes: tuple[int, ...] = ()
    """Indexes of the document's QR codes on this page."""


def code_marker(code: int) -> bytes:
    """The marker for a code's path in a chunk. No operator looks like it."""
    return b"%% code %d\n" % code


class LinkUse(Record, kw_only=True, array_like=True):
    """A link annotation: its object number, the index of the document's link, and the three parts of its object around
    the URL, which is in it twice."""

    number: int
    link: int
    parts: tuple[bytes, bytes, bytes]


class FontUse(Record, kw_only=True, array_like=True):
    """A font of the pages' resources, with the numbers of its objects."""

    resource: str
    name: str
    """Name in the file: `ABCDEF+Family`."""
    family: str
    face: str
    ascent: int
    descent: int
    flags: int
    numbers: tuple[int, int, int, int, int]
    """Font, descendant, descriptor, character map, file."""


Span = tuple[int, int, int, int]
"""A piece of a line: slot, and positions in its text: start, end of the drawn text, end of the text that has width."""


class LineBreakHint(Record, kw_only=True):
    """Where WeasyPrint breaks the lines of one text that `line_breaking` is not certain of; without the text."""

    lines: tuple[tuple[Span, ...], ...]


class Layout(Record, kw_only=True):
    """The layout of one markup structure with one set of line breaks."""

    paragraphs: tuple[Paragraph, ...]
    """The paragraphs that placeholders refer to, including printed page numbers."""
    breaks: tuple[bytes, ...]
    """Line breaks of each paragraph; empty for a single line."""
    pages: tuple[PageLayout, ...]
    streams: tuple[tuple[int, bytes], ...]
    """Streams that are the same in every document: object number and object as written."""
    packed_numbers: tuple[int, ...]
    """Numbers of the objects in `object_stream`, in order."""
    object_stream: bytes
    """Structure tree, page dictionaries and other objects: a stream object without its number."""
    fonts: tuple[FontUse, ...]
    links: tuple[LinkUse, ...] = ()
    catalog: int
    metadata: int
    """Object number of the XMP stream, which differs between documents."""
    objects_count: int
    """Object numbers from here on are free."""
