"""What a compiled layout is: everything on the page but the words, and where the words go.

Plain values only, so that a layout made by one process can be kept on disk and filled by another.
"""

from __future__ import annotations

from statement_builder.billing.model import Record


class Style(Record, kw_only=True, cache_hash=True):
    """How a run of text is shaped: the same font file, size and features that Pango used."""

    face: str
    """One of `fonts.FACES`."""
    scale: int
    """Size in 1/1024 CSS pixels, as Pango rounds it."""
    language: str
    features: tuple[tuple[str, int], ...] = ()


class Slot(Record, kw_only=True, cache_hash=True):
    """A run of text within a paragraph: a text node of the markup, or a generated counter."""

    node: int
    """Which text of the markup; -1 for generated text, which is the same in every document of the layout."""
    text: str = ""
    """Generated text."""
    style: Style
    nowrap: bool = False


class Paragraph(Record, kw_only=True, cache_hash=True):
    """The inline content of one block: its slots, and the room that a line of it has, in CSS pixels."""

    slots: tuple[Slot, ...]
    width: float
    align: str
    """`left`, `right` or `center`."""


class Outline(Record, kw_only=True):
    """What is known of a structure: how its paragraphs are set, whatever they say."""

    paragraphs: tuple[Paragraph, ...]
    """Those whose text comes from the markup alone, in its order."""
    fixed_nodes: tuple[int, ...] = ()
    """Texts that are drawn otherwise than as words (in a drawing): they belong to the layout's key."""
    trouble: str = ""
    """Why documents of this structure cannot be filled; empty if they can."""


class Hole(Record, kw_only=True, array_like=True):
    """Where one piece of a line is drawn."""

    paragraph: int
    line: int
    piece: int
    left: float
    """Of the line's room, in CSS pixels."""
    y: bytes
    between: bytes
    """Operators between the text's matrix and the text."""


class PageLayout(Record, kw_only=True, array_like=True):
    """A page's content stream with holes: `chunks` has one more item than `holes`."""

    number: int
    """Of the stream's object."""
    chunks: tuple[bytes, ...]
    """Where a code is drawn, `code_mark` stands for the operators of its path."""
    holes: tuple[Hole, ...]
    codes: tuple[int, ...] = ()
    """Which of the document's codes are on this page."""


def code_mark(code: int) -> bytes:
    """What stands for a code's path in a chunk: no operator looks like it."""
    return b"%% code %d\n" % code


class LinkUse(Record, kw_only=True, array_like=True):
    """A link annotation: its object's number, which of the document's links it is, and what its object says around the
    address, which is in it twice."""

    number: int
    link: int
    parts: tuple[bytes, bytes, bytes]


class FontUse(Record, kw_only=True, array_like=True):
    """A font of the page's resources, with the numbers that its objects have."""

    resource: str
    name: str
    """`ABCDEF+Family`, as embedded."""
    family: str
    face: str
    ascent: int
    descent: int
    flags: int
    numbers: tuple[int, int, int, int, int]
    """Font, descendant, descriptor, character map, file."""


Span = tuple[int, int, int, int]
"""A piece of a line: slot, and within its text the start, the end of what is drawn and of what has a width."""


class LineBreakHint(Record, kw_only=True):
    """How WeasyPrint breaks a paragraph with words of which the typesetter is not certain; without the words."""

    lines: tuple[tuple[Span, ...], ...]


class Layout(Record, kw_only=True):
    """One structure with its lines broken in one way."""

    paragraphs: tuple[Paragraph, ...]
    """What the holes refer to; with the page numbers that are printed."""
    breaks: tuple[bytes, ...]
    """How each breaks; empty for a single line."""
    pages: tuple[PageLayout, ...]
    streams: tuple[tuple[int, bytes], ...]
    """Streams that are the same in every document: number and object, as written."""
    packed: tuple[int, ...]
    """Numbers of the objects in `object_stream`, in its order."""
    object_stream: bytes
    """Structure tree, page dictionaries and so on: a whole stream object, without its number."""
    fonts: tuple[FontUse, ...]
    links: tuple[LinkUse, ...] = ()
    catalog: int
    metadata: int
    """Number of the XMP stream, which is written for each document."""
    objects_count: int
    """Numbers from here on are free."""
