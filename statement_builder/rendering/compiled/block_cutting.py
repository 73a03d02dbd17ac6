"""Cut a document that WeasyPrint drew into its blocks and the frame around them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pydyf
from msgspec.structs import replace

from statement_builder.rendering.compiled import weasyprint_adapter as weasy
from statement_builder.rendering.compiled import weasyprint_blocks as weasy_blocks
from statement_builder.rendering.compiled.blocks import (
    FLOW,
    Block,
    BlockTexts,
    Frame,
    FramePage,
    Node,
    Parts,
    Run,
    hole,
    to_units,
    y_marker,
)
from statement_builder.rendering.compiled.flow import Placed, find_measures, limit_key
from statement_builder.rendering.compiled.layouts import FontUse, LinkUse, PageLayout, Paragraph, Placeholder, Slot
from statement_builder.rendering.compiled.line_breaking import TypesetParagraph
from statement_builder.rendering.compiled.page_layouts import Cut, cut_codes, cut_operators
from statement_builder.rendering.compiled.paragraphs import FoundParagraph
from statement_builder.rendering.compiled.segments import Segments

_REFERENCE = re.compile(rb"\b(\d+) 0 R\b")
_FLOW_PHASES = ("background", "line")
_FIXED_PHASE = "context"


class NotDivisible(Exception):
    """The document cannot be cut into blocks. Its layout is compiled as a whole."""


class Source(NamedTuple):
    """A document that WeasyPrint drew, and what was found in it."""

    drawing: weasy.Drawing
    segments: Segments
    found: Sequence[FoundParagraph]
    typeset: Sequence[TypesetParagraph]
    cuts: Mapping[int, Sequence[Cut]]
    """By the `id()` of their stream."""
    root: Any
    codes: Sequence[str]
    fonts: tuple[FontUse, ...]
    links: tuple[LinkUse, ...]
    texts: BlockTexts
    """Of the whole document."""


def cut_blocks(source: Source) -> Parts:
    """The document's parts. Raises `NotDivisible`."""
    if source.drawing.painting.problem:
        raise NotDivisible(source.drawing.painting.problem)
    boxes = weasy_blocks.find_block_boxes(source.drawing, len(source.segments.blocks))
    if boxes is None:
        raise NotDivisible("a block on several pages")
    for number, segment in enumerate(source.segments.blocks):
        if segment.is_fixed and not weasy_blocks.is_positioned(source.drawing, number):
            raise NotDivisible("a fixed block without a position")
    texts = _Texts(source)
    pages = [_cut_page(source, texts, boxes, page) for page in range(len(source.drawing.page_streams))]
    structure = _Structure(source)
    blocks = tuple(
        _block(number, box, texts, [run for page in pages for run in page.runs[number]], structure)
        for number, box in enumerate(boxes)
    )
    placed = [Placed(box.page, box.top, box.bottom) for box in boxes]
    frame_key = source.segments.frame
    limits = enumerate(weasy_blocks.page_limits(source.drawing))
    measures = [
        *find_measures(frame_key, source.segments.blocks, blocks, placed),
        *((limit_key(frame_key, page), to_units(limit)) for page, limit in limits),
    ]
    return Parts(
        frame=_frame(source, texts, [page.frame for page in pages], structure),
        blocks=blocks,
        measures=tuple(measures),
        places=tuple((box.page, to_units(box.top)) for box in boxes),
        frame_texts=texts.only(source.texts, FLOW),
        block_texts=tuple(
            replace(texts.only(source.texts, number), upper_edge=box.upper_edge, lower_edge=box.lower_edge)
            for number, box in enumerate(boxes)
        ),
    )


class _Texts:
    """Numbers texts and paragraphs by the part that they belong to."""

    def __init__(self, source: Source) -> None:
        self._nodes: dict[int, tuple[int, int]] = {
            node: (FLOW, number) for number, node in enumerate(source.segments.frame_nodes)
        }
        for number, segment in enumerate(source.segments.blocks):
            self._nodes |= {node: (number, node - segment.start) for node in range(segment.start, segment.end)}
        self.fonts = tuple((font.resource, font.face) for font in source.fonts)
        self.paragraphs: dict[int, list[Paragraph]] = {}
        self.breaks: dict[int, list[bytes]] = {}
        self.indexes: list[tuple[int, int]] = []
        """For each paragraph of the document its part, and its index there."""
        for each, typeset in zip(source.found, source.typeset, strict=True):
            owner = source.drawing.painting.owners.get(id(each.block.element), FLOW)
            mine = self.paragraphs.setdefault(owner, [])
            self.indexes.append((owner, len(mine)))
            mine.append(self._renumber(each.paragraph, owner))
            self.breaks.setdefault(owner, []).append(typeset.breaks)

    def _renumber(self, paragraph: Paragraph, owner: int) -> Paragraph:
        return replace(paragraph, slots=tuple(self._slot(slot, owner) for slot in paragraph.slots))

    def _slot(self, slot: Slot, owner: int) -> Slot:
        if slot.node < 0:
            return slot
        part, node = self._nodes.get(slot.node, (None, -1))
        if part != owner:
            raise NotDivisible("text between blocks")
        return replace(slot, node=node)

    def only(self, texts: BlockTexts, owner: int) -> BlockTexts:
        """The paragraphs and fixed texts of one part."""
        paragraphs = []
        for paragraph in texts.paragraphs:
            owners = {self._nodes[slot.node][0] for slot in paragraph.slots if slot.node >= 0}
            if owners == {owner}:
                paragraphs.append(self._renumber(paragraph, owner))
        fixed = [self._nodes[node] for node in texts.fixed_nodes]
        return BlockTexts(
            paragraphs=tuple(paragraphs), fixed_nodes=tuple(node for part, node in fixed if part == owner)
        )


class _CutPage(NamedTuple):
    """A page's frame, and the runs of each block."""

    frame: PageLayout
    runs: Mapping[int, list[Run]]


def _cut_page(source: Source, texts: _Texts, boxes: Sequence[weasy_blocks.BlockBox], page: int) -> _CutPage:
    stream = source.drawing.page_streams[page]
    cuts = [cut._replace(placeholder=_renumbered(cut.placeholder, texts.indexes)) for cut in source.cuts[id(stream)]]
    spans = sorted(
        (span for span in source.drawing.painting.spans if span.stream is stream), key=lambda span: span.start
    )
    runs: dict[int, list[Run]] = {number: [] for number in range(len(boxes))}
    chunks: list[bytes] = [b""]
    placeholders: list[Placeholder] = []
    position = 0

    def add_frame(end: int) -> None:
        piece_chunks, piece_placeholders = cut_operators(stream, cuts, position, end)
        chunks[-1] += piece_chunks[0]
        chunks.extend(piece_chunks[1:])
        placeholders.extend(piece_placeholders)

    latest = (FLOW, "")
    for span in spans:
        segment = source.segments.blocks[span.block]
        if (span.phase == _FIXED_PHASE) != segment.is_fixed or boxes[span.block].page != page:
            raise NotDivisible("a positioned element in a block")
        where = (FLOW - 1 - span.block if segment.is_fixed else FLOW, span.phase)
        is_new = where != latest
        if is_new:
            add_frame(span.start)
            marker = hole(span.phase, where[0])
            if any(marker in chunk for chunk in chunks):
                raise NotDivisible("a frame painted between blocks")
            chunks[-1] += marker
        elif span.start != position:
            raise NotDivisible("a frame painted between blocks")
        latest, position = where, span.end
        if span.start < span.end:
            runs[span.block].append(_run(stream, cuts, span, boxes[span.block].top))
    add_frame(len(stream.stream))
    return _CutPage(PageLayout(number=stream.number, chunks=tuple(chunks), placeholders=tuple(placeholders)), runs)


def _renumbered(placeholder: Placeholder, indexes: Sequence[tuple[int, int]]) -> Placeholder:
    return replace(placeholder, paragraph=indexes[placeholder.paragraph][1])


def _run(stream: Any, cuts: Sequence[Cut], span: weasy_blocks.Span, top: float) -> Run:
    """A block's operators, with distances from its top."""
    mover = _RelativeOperators(top)
    chunks, placeholders = cut_operators(stream, cuts, span.start, span.end, mover.convert)
    return Run(
        phase=span.phase,
        chunks=tuple(chunks),
        placeholders=tuple(
            replace(
                each,
                y=y_marker(float(each.y) - top),
                between=weasy.round_numbers(each.between),
            )
            for each in placeholders
        ),
    )


_HEIGHTS: Mapping[bytes, tuple[int, ...]] = {
    b"m": (1,),
    b"l": (1,),
    b"re": (1,),
    b"c": (1, 3, 5),
    b"v": (1, 3),
    b"y": (1, 3),
    b"cm": (5,),
    b"Tm": (5,),
}
"""Which operands of an operator are distances from the top of the page (ISO 32000-1, annex A)."""
_REFUSED = frozenset((b"Td", b"TD", b"T*", b"Do", b"sh", b"BI", b"scn", b"SCN"))


class _RelativeOperators:
    """Replaces distances from the top of the page by distances from the top of a block."""

    def __init__(self, top: float) -> None:
        self._top = top
        self._depth = 0
        self._moved_depth: int | None = None
        """From this depth on, operators are in a coordinate system that is moved already."""

    def convert(self, operator: bytes) -> bytes:
        *operands, name = operator.split(b" ")
        if name in _REFUSED:
            raise NotDivisible("a drawing in a block")
        if name == b"q":
            self._depth += 1
        elif name == b"Q":
            self._depth -= 1
            if self._moved_depth is not None and self._depth < self._moved_depth:
                self._moved_depth = None
        if name not in _HEIGHTS or self._moved_depth is not None:
            return weasy.round_numbers(operator)
        if name in {b"cm", b"Tm"} and [operands[1], operands[2]] != [b"0", b"0"]:
            raise NotDivisible("a turned drawing in a block")
        if name == b"cm":
            self._moved_depth = self._depth
        heights = _HEIGHTS[name]
        converted = [
            y_marker(float(operand) - self._top) if number in heights else weasy.round_numbers(operand)
            for number, operand in enumerate(operands)
        ]
        return b" ".join([*converted, name])


class _Structure:
    """The structure tree, cut into the blocks' elements and the frame's."""

    def __init__(self, source: Source) -> None:
        self._objects = source.drawing.pdf.objects
        self._segments = source.segments
        self._owners = {id(element): owner for element, owner in source.drawing.painting.elements if owner >= 0}
        self._around = {id(element) for element, owner in source.drawing.painting.elements if owner < 0}
        root = self._resolve(source.drawing.pdf.catalog["StructTreeRoot"])
        (document,) = (self._resolve(kid) for kid in root["K"])
        self._pages = {number: page for page, number in enumerate(source.drawing.pdf.pages["Kids"][::3])}
        self.numbers = {root.number, document.number, self._resolve(root["ParentTree"]).number}
        self.root = root.number
        self.blocks: dict[int, Node] = {}
        self.around: dict[int, tuple[bytes, ...]] = {}
        self._rows: dict[int, int] = {}
        """Rows so far of each table."""
        self.document = tuple(self._node(self._resolve(kid), FLOW, 0) for kid in document["K"])
        linked = set(self.numbers)
        loose = [
            each
            for each in self._objects
            if isinstance(each, pydyf.Dictionary)
            and each.get("Type") == "/StructElem"
            and each.number not in linked
            and each["P"] == document.reference
        ]
        self.loose = tuple(self._node(each, FLOW, 0) for each in loose)

    def _resolve(self, reference: bytes) -> Any:
        return self._objects[int(reference.split()[0])]

    def _node(self, element: Any, part: int, table: int, around: tuple[bytes, ...] = ()) -> Node:
        """An element and all in it. `table` is the number of the table around it, and `around` are the heads of the
        elements that contain only blocks, down to this one."""
        self.numbers.add(element.number)
        table = element.number if element["S"] == "/Table" else table
        kids: list[Node | int | bytes] = []
        for kid in element["K"]:
            for made in self._kid(kid, part, table, around):
                if not (isinstance(made, int) and made < 0 and made in kids):
                    kids.append(made)
                elif kids[-1] != made:
                    raise NotDivisible("an element between blocks")
        return Node(head=_head(element, table), page=self._page_of(element), kids=tuple(kids))

    def _page_of(self, element: Any) -> int:
        return self._pages[int(element["Pg"].split()[0])]

    def _kid(self, kid: Any, part: int, table: int, around: tuple[bytes, ...]) -> Iterator[Node | int | bytes]:
        if isinstance(kid, int):
            yield kid
            return
        element = self._resolve(kid)
        if element.get("Type") == "/OBJR":
            self.numbers.add(element.number)
            yield pydyf.Dictionary({name: value for name, value in element.items() if name != "Pg"}).data
            return
        owner = self._owners.get(id(element), part)
        if owner == part:
            is_around = id(element) in self._around
            inner = (*around, _head(element, table)) if is_around else around
            node = self._node(element, part, table, inner)
            if is_around and node.kids != (FLOW,):
                raise NotDivisible("an element between parts of a table or section")
            yield FLOW if is_around else node
            return
        if owner in self.blocks or part != FLOW:
            raise NotDivisible("a block with several elements")
        self.blocks[owner] = self._block_node(element, owner, table)
        self.around[owner] = around
        yield FLOW - 1 - owner if self._segments.blocks[owner].is_fixed else FLOW

    def _block_node(self, element: Any, owner: int, table: int) -> Node:
        row = self._rows.get(table, 0)
        self._rows[table] = row + 1
        return _moved_node(self._node(element, owner, table), b"(\0-%d-" % row if table else b"")


def _head(element: Any, table: int) -> bytes:
    """An element's entries without kids, parent and page, and without the number of its table."""
    entries = {name: value for name, value in element.items() if name not in {"K", "P", "Pg"}}
    head: bytes = pydyf.Dictionary(entries).data.removeprefix(b"<<").removesuffix(b">>")
    return head.replace(b"(%d-" % table, b"(\0-") if table else head


def _moved_node(node: Node, row: bytes) -> Node:
    """A block's element on the first page, without the number of its row."""
    kids = tuple(_moved_node(kid, row) if isinstance(kid, Node) else kid for kid in node.kids)
    return replace(node, head=node.head.replace(row, b"(\0-\0-") if row else node.head, page=0, kids=kids)


def _block(number: int, box: weasy_blocks.BlockBox, texts: _Texts, runs: Sequence[Run], structure: _Structure) -> Block:
    if number not in structure.blocks:
        raise NotDivisible("a block without an element")
    return Block(
        paragraphs=tuple(texts.paragraphs.get(number, ())),
        breaks=tuple(texts.breaks.get(number, ())),
        runs=tuple(runs),
        node=structure.blocks[number],
        around=structure.around[number],
        above=to_units(box.above),
        below=to_units(box.below),
        height=to_units(box.bottom - box.top),
        is_divisible=box.is_divisible,
        keeps_with_previous=box.keeps_with_previous,
        keeps_with_next=box.keeps_with_next,
        fonts=texts.fonts,
    )


def _frame(source: Source, texts: _Texts, pages: Sequence[PageLayout], structure: _Structure) -> Frame:
    """The frame, with its objects numbered from 1."""
    drawing = source.drawing
    kept = [each.number for each in drawing.pdf.objects if each.free != "f" and each.number not in structure.numbers]
    numbers = {old: new for new, old in enumerate(kept, 1)}
    first_free = len(kept) + 1
    numbers[structure.root] = first_free + 1
    streams, others = weasy.static_objects(drawing, {link.number for link in source.links})
    if streams:
        raise NotDivisible("pictures")
    renumber = _renumber_references(numbers)
    page_numbers = drawing.pdf.pages["Kids"][::3]
    cut_pages = cut_codes(pages, source.root, source.codes)
    return Frame(
        paragraphs=tuple(texts.paragraphs.get(FLOW, ())),
        breaks=tuple(texts.breaks.get(FLOW, ())),
        pages=tuple(
            FramePage(content=replace(page, number=numbers[page.number]), number=numbers[number])
            for page, number in zip(cut_pages, page_numbers, strict=True)
        ),
        document=tuple(_renumbered_node(node, renumber) for node in structure.document),
        loose=tuple(_renumbered_node(node, renumber) for node in structure.loose),
        objects=tuple((numbers[number], renumber(data)) for number, data in others if number not in structure.numbers),
        fonts=tuple(_renumbered_font(font, numbers) for font in source.fonts),
        links=tuple(
            replace(link, number=numbers[link.number], parts=tuple(map(renumber, link.parts))) for link in source.links
        ),
        catalog=numbers[drawing.pdf.catalog.number],
        metadata=numbers[weasy.metadata_number(drawing)],
        objects_count=first_free,
    )


def _renumber_references(numbers: Mapping[int, int]) -> Callable[[bytes], bytes]:
    def new_reference(reference: re.Match[bytes]) -> bytes:
        number = numbers.get(int(reference[1]))
        if number is None:
            raise NotDivisible("a reference to a structure element")
        return b"%d 0 R" % number

    def renumber(data: bytes) -> bytes:
        return _REFERENCE.sub(new_reference, data)

    return renumber


def _renumbered_node(node: Node, renumber: Callable[[bytes], bytes]) -> Node:
    kids = [
        _renumbered_node(kid, renumber) if isinstance(kid, Node) else renumber(kid) if isinstance(kid, bytes) else kid
        for kid in node.kids
    ]
    return replace(node, kids=tuple(kids))


def _renumbered_font(font: FontUse, numbers: Mapping[int, int]) -> FontUse:
    outer, descendant, descriptor, character_map, file = (numbers[number] for number in font.numbers)
    return replace(font, numbers=(outer, descendant, descriptor, character_map, file))
