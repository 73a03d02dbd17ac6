"""Cut a document that WeasyPrint drew into its blocks and the frame around them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from statement_builder.rendering.compiled import weasyprint_adapter as weasy
from statement_builder.rendering.compiled import weasyprint_blocks as weasy_blocks
from statement_builder.rendering.compiled.blocks import (
    FLOW,
    Block,
    BlockTexts,
    Frame,
    FramePage,
    NotDivisible,
    Parts,
    Run,
    hole,
    to_units,
    y_marker,
)
from statement_builder.rendering.compiled.flow import (
    Placed,
    find_empty_pages,
    find_heads,
    find_measures,
    limit_key,
    page_start_key,
)
from statement_builder.rendering.compiled.frames import (
    complete_holes,
    renumber_font,
    renumber_link,
    renumber_node,
    renumber_references,
    shorten,
)
from statement_builder.rendering.compiled.layouts import FontUse, LinkUse, PageLayout, Paragraph, Placeholder, Slot
from statement_builder.rendering.compiled.line_breaking import TypesetParagraph
from statement_builder.rendering.compiled.page_layouts import Cut, cut_codes, cut_operators
from statement_builder.rendering.compiled.paragraphs import FoundParagraph
from statement_builder.rendering.compiled.segments import Segment, Segments
from statement_builder.rendering.compiled.structure_cutting import Structure


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
    structure = Structure(source.drawing, source.segments)
    first_boxes = {box.block: box for box in reversed(boxes)}
    blocks = tuple(
        _block(number, first_boxes[number], texts, pages[first_boxes[number].page].runs[number], structure)
        for number in range(len(source.segments.blocks))
    )
    _require_headings(source.segments.blocks, blocks, boxes)
    placed = [Placed(box.block, box.page, box.top, box.bottom) for box in boxes]
    frame_key = source.segments.frame
    limits = enumerate(weasy_blocks.page_limits(source.drawing))
    starts = weasy_blocks.page_starts(source.drawing)[1:]
    measures = [
        *find_measures(source.segments, blocks, placed),
        *((limit_key(frame_key, page), to_units(limit)) for page, limit in limits),
        *((page_start_key(source.segments.head), to_units(start)) for start in starts),
    ]
    return Parts(
        frame=_shorten(boxes, _frame(source, texts, [page.frame for page in pages], structure)),
        blocks=blocks,
        measures=tuple(measures),
        places=tuple((box.block, box.page, to_units(box.top)) for box in boxes),
        frame_texts=texts.only(source.texts, FLOW),
        block_texts=tuple(
            replace(texts.only(source.texts, number), upper_edge=box.upper_edge, lower_edge=box.lower_edge)
            for number, box in sorted(first_boxes.items())
        ),
    )


def _shorten(boxes: Sequence[weasy_blocks.BlockBox], frame: Frame) -> Frame:
    """As `shorten`, but a frame with an empty page, which is unlike those around it, is kept as it is."""
    return frame if find_empty_pages(box.page for box in boxes) else shorten(frame)


def _require_headings(
    segments: Sequence[Segment], blocks: Sequence[Block], boxes: Sequence[weasy_blocks.BlockBox]
) -> None:
    """Require that each table on several pages has a heading."""
    pages = {box.block: box.page for box in boxes if not box.is_repeated}
    for number, head in enumerate(find_heads(segments)):
        if blocks[number].is_in_table and not blocks[head].is_repeated and pages[number] != pages[head]:
            raise NotDivisible("a table without a heading on several pages")


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
        counts: dict[tuple[int, int], int] = {}
        for each, typeset in zip(source.found, source.typeset, strict=True):
            owner = source.drawing.painting.owners.get(id(each.block.element), FLOW)
            mine, breaks = self.paragraphs.setdefault(owner, []), self.breaks.setdefault(owner, [])
            # A heading row has the same paragraphs on each page of its table.
            place = (owner, FLOW if owner == FLOW else each.block.page)
            index = counts[place] = counts.get(place, -1) + 1
            paragraph = self._renumber(each.paragraph, owner)
            self.indexes.append((owner, index))
            if index == len(mine):
                mine.append(paragraph)
                breaks.append(typeset.breaks)
            elif (mine[index], breaks[index]) != (paragraph, typeset.breaks):
                raise NotDivisible("a heading that is different on the next page")

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
    tops = {box.block: box.top for box in boxes if box.page == page}
    runs: dict[int, list[Run]] = {number: [] for number in tops}
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
        if (span.phase == weasy_blocks.FIXED) != segment.is_fixed or span.block not in tops:
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
            runs[span.block].append(_run(stream, cuts, span, tops[span.block]))
    add_frame(len(stream.stream))
    frame = PageLayout(number=stream.number, chunks=complete_holes(chunks, page), placeholders=tuple(placeholders))
    return _CutPage(frame, runs)


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
_OPAQUE = re.compile(rb"/ExtGState <<(?:/[Aa]1\.0 <</(?:CA|ca) 1>>)*>>")
_SET_FONT = re.compile(rb"/(\S+) [\d.]+ Tf\b")
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


def _block(number: int, box: weasy_blocks.BlockBox, texts: _Texts, runs: Sequence[Run], structure: Structure) -> Block:
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
        overhang=to_units(box.overhang),
        is_divisible=box.is_divisible,
        keeps_with_group=box.keeps_with_group,
        is_repeated=box.is_repeated,
        keeps_with_previous=box.keeps_with_previous,
        keeps_with_next=box.keeps_with_next,
        starts=box.starts,
        fonts=_fonts_of(runs, texts.fonts),
    )


def _fonts_of(runs: Sequence[Run], fonts: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Those of the document's fonts that a block sets."""
    operators = b"\n".join(
        part for run in runs for part in (*run.chunks, *(placeholder.between for placeholder in run.placeholders))
    )
    used = set(_SET_FONT.findall(operators))
    return tuple((resource, face) for resource, face in fonts if resource.encode("ascii") in used)


def _with_opacity(data: bytes) -> bytes:
    """An object with both states that set full opacity, for lines and for areas: WeasyPrint has those that a document
    uses, and blocks of other documents may use another."""
    return _OPAQUE.sub(b"/ExtGState <</A1.0 <</CA 1>>/a1.0 <</ca 1>>>>", data)


def _frame(source: Source, texts: _Texts, pages: Sequence[PageLayout], structure: Structure) -> Frame:
    """The frame, with its objects numbered from 1."""
    drawing = source.drawing
    kept = [each.number for each in drawing.pdf.objects if each.free != "f" and each.number not in structure.numbers]
    numbers = {old: new for new, old in enumerate(kept, 1)}
    first_free = len(kept) + 1
    numbers[structure.root] = first_free + 1
    streams, others = weasy.static_objects(drawing, {link.number for link in source.links})
    if streams:
        raise NotDivisible("pictures")
    renumber = renumber_references(numbers)
    page_numbers = drawing.pdf.pages["Kids"][::3]
    cut_pages = cut_codes(pages, source.root, source.codes)
    return Frame(
        paragraphs=tuple(texts.paragraphs.get(FLOW, ())),
        breaks=tuple(texts.breaks.get(FLOW, ())),
        pages=tuple(
            FramePage(content=replace(page, number=numbers[page.number]), number=numbers[number])
            for page, number in zip(cut_pages, page_numbers, strict=True)
        ),
        document=tuple(renumber_node(node, renumber) for node in structure.document),
        loose=tuple(renumber_node(node, renumber) for node in structure.loose),
        objects=tuple(
            (numbers[number], _with_opacity(renumber(data)))
            for number, data in others
            if number not in structure.numbers
        ),
        fonts=tuple(renumber_font(font, numbers) for font in source.fonts),
        links=tuple(renumber_link(link, numbers, renumber) for link in source.links),
        catalog=numbers[drawing.pdf.catalog.number],
        metadata=numbers[weasy.metadata_number(drawing)],
        objects_count=first_free,
    )
