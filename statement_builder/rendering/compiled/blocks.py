"""Parts of pages that are laid out once and composed into many layouts: blocks, and the frame around them.

As in `layouts`, these are plain values without the words. Lengths in the flow are integers, in 1/10,000 CSS pixel, so
that a composed page has the same bytes whichever documents its parts were cut from.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from msgspec.structs import replace

from statement_builder.billing.model import Record
from statement_builder.rendering.compiled.layouts import FontUse, LinkUse, PageLayout, Paragraph, Placeholder

UNITS_PER_PIXEL = 10_000
FLOW = -1
"""Kid of a structure element: where the flow's blocks go. `FLOW - 1` and so on are the places of the fixed blocks."""
_LENGTH = re.compile(rb"\0(-?\d+)\0")


class NotDivisible(Exception):
    """A document cannot be cut into blocks. Its layout is compiled as a whole."""


def to_units(pixels: float) -> int:
    """A length in units. Not rounded at the half, where errors of floating-point numbers would decide."""
    return math.floor(pixels * UNITS_PER_PIXEL + 0.4321)


def y_marker(pixels: float) -> bytes:
    """A distance from the top of a block within its operators, for `move_down`."""
    return b"\0%d\0" % to_units(pixels)


def move_down(operators: bytes, top: int) -> bytes:
    """A block's operators for a page on which the block begins at `top`."""
    return _LENGTH.sub(lambda marker: _pixels(int(marker[1]) + top), operators)


def _pixels(units: int) -> bytes:
    whole, rest = divmod(units, UNITS_PER_PIXEL)
    return (b"%d.%04d" % (whole, rest)).rstrip(b"0").rstrip(b".")


def hole(phase: str, block: int = FLOW) -> bytes:
    """The place in a frame's operators where blocks are painted in one phase. No operator looks like it."""
    return b"%%%% blocks %d %b\n" % (block, phase.encode("ascii"))


HOLE = re.compile(rb"%% blocks (-?\d+) (\w+)\n")


class Node(Record, kw_only=True, array_like=True):
    """A structure element (ISO 32000-1, 14.7.2)."""

    head: bytes
    """Its entries without kids, parent and page. In the names of cells, the numbers of the table and of the block's row
    are zero bytes."""
    page: int
    kids: tuple[Node | int | bytes, ...]
    """Elements, numbers of marked content, places of blocks (negative), and entries of object references."""


class Run(Record, kw_only=True, array_like=True):
    """A block's operators in one phase of painting, cut at its placeholders as in `PageLayout`."""

    phase: str
    chunks: tuple[bytes, ...]
    placeholders: tuple[Placeholder, ...]


class Block(Record, kw_only=True):
    """A block with one pattern of line breaks. Its texts are numbered from its first."""

    paragraphs: tuple[Paragraph, ...]
    breaks: tuple[bytes, ...]
    runs: tuple[Run, ...]
    node: Node
    around: tuple[bytes, ...] = ()
    """The heads of the elements around a part of a table or section: table and row group, or section."""
    above: int
    """Its margin, with those that it collapses with."""
    below: int
    height: int
    """Between its borders' outer edges."""
    overhang: int = 0
    """What must fit on the page below it: half the border at the end of a table."""
    is_divisible: bool
    """A page break within it is allowed."""
    keeps_with_group: bool = False
    """No page break may separate the parts of the table or section that it is a part of."""
    is_repeated: bool = False
    """A heading row, drawn again wherever its table continues."""
    keeps_with_previous: bool
    keeps_with_next: bool
    starts: str = ""
    """The page that it must be the first on: the next `page`, or the next that is a `right` one; empty for any."""
    fonts: tuple[tuple[str, str], ...]
    """Resource and face of each font that it sets."""

    @property
    def is_in_table(self) -> bool:
        """Whether it is a row."""
        return any(b"/S /Table" in head for head in self.around)


class FramePage(Record, kw_only=True, array_like=True):
    """A page without blocks: its operators, with a `hole` for each phase."""

    content: PageLayout
    number: int
    """Object number of the page."""


class Frame(Record, kw_only=True):
    """Everything around the blocks, for one number of pages. Its texts are numbered without the blocks'."""

    paragraphs: tuple[Paragraph, ...]
    breaks: tuple[bytes, ...]
    pages: tuple[FramePage, ...]
    document: tuple[Node, ...]
    """Children of the document's structure element."""
    loose: tuple[Node, ...]
    """Structure elements of running heads and feet, which are not in the tree."""
    objects: tuple[tuple[int, bytes], ...]
    """Objects that are neither structure nor different in each document."""
    fonts: tuple[FontUse, ...]
    links: tuple[LinkUse, ...]
    catalog: int
    metadata: int
    objects_count: int
    """Structure elements are numbered from here on: parent tree, root, document, and others."""


class BlockTexts(Record, kw_only=True):
    """The paragraphs of a block or frame whose texts come from the markup alone, whatever its line breaks."""

    paragraphs: tuple[Paragraph, ...]
    fixed_nodes: tuple[int, ...] = ()
    upper_edge: bytes = b""
    """The borders that a row asks for above, on which the row before it depends."""
    lower_edge: bytes = b""


class Measure(Record, kw_only=True):
    """A distance that WeasyPrint chose. None if it chose different ones, so that it cannot be predicted."""

    units: int | None


class Parts(Record, kw_only=True):
    """What was cut from one document."""

    frame: Frame
    blocks: tuple[Block, ...]
    measures: tuple[tuple[bytes, int], ...]
    """By their keys: see `flow`."""
    places: tuple[tuple[int, int, int], ...]
    """Where WeasyPrint placed the blocks, page by page: block, page, and distance from the top in units. A heading row
    has a place on each page."""
    frame_texts: BlockTexts
    block_texts: tuple[BlockTexts, ...]


def renumber_texts(paragraph: Paragraph, nodes: Sequence[int]) -> Paragraph:
    """A part's paragraph for a document whose texts `nodes` are the part's."""
    slots = [replace(slot, node=nodes[slot.node]) if slot.node >= 0 else slot for slot in paragraph.slots]
    return replace(paragraph, slots=tuple(slots))
