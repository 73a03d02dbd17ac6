"""Compose a layout from blocks and a frame that were cut from other documents."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from msgspec.structs import replace

from statement_builder.rendering.compiled.blocks import FLOW, HOLE, Block, Frame, Node, Run, move_down, renumber_texts
from statement_builder.rendering.compiled.flow import Place
from statement_builder.rendering.compiled.layouts import FontUse, Layout, PageLayout, Placeholder
from statement_builder.rendering.compiled.page_layouts import join_page_rules
from statement_builder.rendering.compiled.segments import Segments
from statement_builder.rendering.compiled.writer import PACKED_OBJECTS_MAX, pack_objects

_NUMBER = re.compile(rb"-?\d+\.?\d*")
_MARKED = re.compile(rb"/MCID (\d+)")


class NotComposable(Exception):
    """The parts do not belong together."""


def compose_layout(frame: Frame, segments: Segments, blocks: Sequence[Block], places: Sequence[Place]) -> Layout:
    """The layout of a document with these parts. Raises `NotComposable`.

    Its consecutive rules are not joined yet: see `finish`.
    """
    _require_fonts(frame.fonts, blocks)
    document, marks = _Document(frame, segments, blocks, places), _Marks()
    pages = [_compose_page(document, page, marks) for page in range(len(frame.pages))]
    structure = _write_structure(document, marks)
    objects = [*frame.objects, *structure]
    if len(objects) > PACKED_OBJECTS_MAX:
        raise NotComposable("more objects than the object table can number")
    return Layout(
        paragraphs=(
            *(renumber_texts(each, segments.frame_nodes) for each in frame.paragraphs),
            *(
                renumber_texts(paragraph, range(segment.start, segment.end))
                for segment, block in zip(segments.blocks, blocks, strict=True)
                for paragraph in block.paragraphs
            ),
        ),
        breaks=(*frame.breaks, *(breaks for block in blocks for breaks in block.breaks)),
        pages=tuple(pages),
        streams=(),
        packed_numbers=tuple(number for number, _ in objects),
        object_stream=pack_objects(objects),
        fonts=frame.fonts,
        links=frame.links,
        catalog=frame.catalog,
        metadata=frame.metadata,
        objects_count=frame.objects_count + len(structure),
    )


def finish(layout: Layout) -> Layout:
    """The layout with consecutive rules joined."""
    return replace(layout, pages=tuple(map(join_page_rules, layout.pages)))


_CLOSE = 0.002
"""CSS pixels of rounding between where WeasyPrint draws something and where a composed layout does."""


def require_same_drawing(composed: Layout, drawn: Layout) -> None:
    """Raises `NotComposable` unless both layouts, with rules not joined yet, draw the same."""
    if len(composed.pages) != len(drawn.pages) or any(
        not _is_same_page(ours, composed, theirs, drawn)
        for ours, theirs in zip(composed.pages, drawn.pages, strict=True)
    ):
        raise NotComposable("parts drawn differently")


def _is_same_page(ours: PageLayout, composed: Layout, theirs: PageLayout, drawn: Layout) -> bool:
    return (
        ours.codes == theirs.codes
        and len(ours.placeholders) == len(theirs.placeholders)
        and all(map(_is_close, ours.chunks, theirs.chunks))
        and all(
            composed.paragraphs[our.paragraph] == drawn.paragraphs[their.paragraph]
            and (our.line, our.piece, our.left, our.between) == (their.line, their.piece, their.left, their.between)
            and _is_close(our.y, their.y)
            for our, their in zip(ours.placeholders, theirs.placeholders, strict=True)
        )
    )


def _is_close(ours: bytes, theirs: bytes) -> bool:
    """Whether operators are the same except for rounding."""
    if ours == theirs:
        return True
    pairs = list(zip(ours.split(), theirs.split(), strict=False))
    return len(ours.split()) == len(theirs.split()) and all(
        our == their
        or (_NUMBER.fullmatch(our) and _NUMBER.fullmatch(their) and abs(float(our) - float(their)) < _CLOSE)
        for our, their in pairs
    )


class _Document(NamedTuple):
    """The parts of a document, and the places of its blocks, page by page."""

    frame: Frame
    segments: Segments
    blocks: Sequence[Block]
    places: Sequence[Place]


def _require_fonts(fonts: Sequence[FontUse], blocks: Sequence[Block]) -> None:
    known = {(font.resource, font.face) for font in fonts}
    if any(not known.issuperset(block.fonts) for block in blocks):
        raise NotComposable("other fonts")


def _paragraph_starts(frame: Frame, blocks: Sequence[Block]) -> list[int]:
    """The index of each block's first paragraph."""
    starts = [len(frame.paragraphs)]
    for block in blocks:
        starts.append(starts[-1] + len(block.paragraphs))
    return starts


class _Marks:
    """Numbers of marked content: consecutive on each page, in the order of drawing."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[int, int, int], int] = {}
        self._counts: dict[int, int] = {}

    def renumber(self, operators: bytes, page: int, part: int) -> bytes:
        """The operators of a part with new numbers."""

        def new_mark(mark: re.Match[bytes]) -> bytes:
            number = self._counts.get(page, 0)
            self._counts[page] = number + 1
            self._numbers[page, part, int(mark[1])] = number
            return b"/MCID %d" % number

        return _MARKED.sub(new_mark, operators)

    def number(self, page: int, part: int, mark: int) -> int:
        """The new number. Raises `NotComposable` if it was not drawn."""
        number = self._numbers.get((page, part, mark))
        if number is None:
            raise NotComposable("an element that is not drawn")
        return number

    def count(self, page: int) -> int:
        return self._counts.get(page, 0)


def _compose_page(document: _Document, page: int, marks: _Marks) -> PageLayout:
    """One page: the frame's operators, and in its holes those of the blocks that are on this page."""
    frame, segments, blocks, places = document
    starts = _paragraph_starts(frame, blocks)
    on_page = [place for place in places if place.page == page]
    content = frame.pages[page].content
    chunks: list[bytes] = [b""]
    placeholders: list[Placeholder] = []
    done: set[tuple[int, str]] = set()

    def add_hole(block: int, phase: str) -> None:
        for number, _, top in on_page:
            part = FLOW - 1 - number if segments.blocks[number].is_fixed else FLOW
            if part == block:
                done.add((number, phase))
                for run in blocks[number].runs:
                    if run.phase == phase:
                        add_run(run, number, top)

    def add_run(run: Run, number: int, top: int) -> None:
        for index, chunk in enumerate(run.chunks):
            if index:
                placeholder = run.placeholders[index - 1]
                placeholders.append(
                    replace(
                        placeholder,
                        paragraph=placeholder.paragraph + starts[number],
                        y=move_down(placeholder.y, top),
                    )
                )
                chunks.append(b"")
            chunks[-1] += marks.renumber(move_down(chunk, top), page, number)

    for index, chunk in enumerate(content.chunks):
        if index:
            placeholders.append(content.placeholders[index - 1])
            chunks.append(b"")
        text, *holes = HOLE.split(chunk)
        chunks[-1] += marks.renumber(text, page, FLOW)
        for block, phase, after in zip(holes[::3], holes[1::3], holes[2::3], strict=True):
            add_hole(int(block), phase.decode("ascii"))
            chunks[-1] += marks.renumber(after, page, FLOW)
    for number, _, _ in on_page:
        if any((number, run.phase) not in done and _draws(run) for run in blocks[number].runs):
            raise NotComposable("a page without a place for blocks")
    chunks[-1] = chunks[-1].removesuffix(b"\n")
    return PageLayout(
        number=content.number, chunks=tuple(chunks), placeholders=tuple(placeholders), codes=content.codes
    )


def _draws(run: Run) -> bool:
    return len(run.chunks) > 1 or bool(run.chunks[0].strip())


def _write_structure(parts: _Document, marks: _Marks) -> list[tuple[int, bytes]]:
    """The structure tree (ISO 32000-1, 14.7): the objects of its parent tree, root, document and elements."""
    writer, frame = _StructureWriter(parts, marks), parts.frame
    parent_tree, root, document = (frame.objects_count + number for number in range(3))
    kids = [writer.write(node, document, FLOW, node.page) for node in frame.document]
    for node in frame.loose:
        writer.write(node, document, FLOW, node.page)
    numbers = [b"%d [%b]" % (page, b" ".join(writer.parents(page))) for page in range(len(frame.pages))]
    numbers += [
        b"%d %d 0 R" % (number, element) for number, element in enumerate(writer.linked, start=len(frame.pages))
    ]
    return [
        (parent_tree, b"<</Nums [%b]>>" % b" ".join(numbers)),
        (root, b"<</Type /StructTreeRoot/ParentTree %d 0 R/K [%d 0 R]>>" % (parent_tree, document)),
        (document, b"<</Type /StructElem/S /Document/K [%b]/P %d 0 R>>" % (_references(kids), root)),
        *writer.objects,
    ]


def _references(numbers: Sequence[int]) -> bytes:
    return b" ".join([b"%d 0 R" % number for number in numbers])


class _StructureWriter:
    """Numbers and writes structure elements, and remembers which one each piece of marked content belongs to."""

    def __init__(self, parts: _Document, marks: _Marks) -> None:
        self._frame, self._segments, self._blocks, self._places = parts
        self._marks = marks
        self._next = self._frame.objects_count + 3
        self._owners: dict[tuple[int, int], int] = {}
        self.objects: list[tuple[int, bytes]] = []
        self.linked: list[int] = []
        """The elements of link annotations."""

    def write(self, node: Node, parent: int, part: int, page: int, table: tuple[int, int] = (0, 0)) -> int:
        """Write an element and all in it. Returns its number.

        `table` are the number of the table around it, and the number of the block's row.
        """
        number, index = self._reserve()
        if b"/S /Table" in node.head:
            table = (number, 0)
        kids = [written for kid in node.kids for written in self._write_kid(kid, number, part, page, table)]
        head = node.head.replace(b"(\0-\0-", b"(%d-%d-" % table).replace(b"(\0-", b"(%d-" % table[0])
        self._fill(index, head, kids, parent, page)
        return number

    def _reserve(self) -> tuple[int, int]:
        """A number for an element, and the index of its object."""
        self._next += 1
        self.objects.append((self._next - 1, b""))
        return self._next - 1, len(self.objects) - 1

    def _fill(self, index: int, head: bytes, kids: Sequence[bytes], parent: int, page: int) -> None:
        data = b"<<%b/K [%b]/Pg %d 0 R/P %d 0 R>>" % (head, b" ".join(kids), self._frame.pages[page].number, parent)
        self.objects[index] = (self.objects[index][0], data)

    def _write_kid(
        self, kid: Node | int | bytes, number: int, part: int, page: int, table: tuple[int, int]
    ) -> Iterator[bytes]:
        if isinstance(kid, Node):
            yield b"%d 0 R" % self.write(kid, number, part, page, table)
        elif isinstance(kid, bytes):
            reference, index = self._reserve()
            self.objects[index] = (
                reference,
                kid.removesuffix(b">>") + b"/Pg %d 0 R>>" % self._frame.pages[page].number,
            )
            self.linked.append(number)
            yield b"%d 0 R" % reference
        elif kid >= 0:
            mark = self._marks.number(page, part, kid)
            self._owners[page, mark] = number
            yield b"%d" % mark
        elif kid == FLOW:
            yield from self._write_flow(number, page)
        else:
            yield b"%d 0 R" % self.write(self._blocks[FLOW - 1 - kid].node, number, FLOW - 1 - kid, page)

    def _write_flow(self, parent: int, page: int) -> Iterator[bytes]:
        """The elements of a page's blocks, with those around them."""
        numbers = [
            place.block
            for place in self._places
            if place.page == page and not self._segments.blocks[place.block].is_fixed
        ]
        for group, parts in groupby(numbers, lambda number: self._segments.blocks[number].group):
            if group < 0:
                yield from [b"%d 0 R" % self.write(self._blocks[each].node, parent, each, page) for each in parts]
            else:
                yield from self._write_group(list(parts), 0, parent, page)

    def _write_group(
        self, parts: Sequence[int], depth: int, parent: int, page: int, table: tuple[int, Sequence[int]] = (0, ())
    ) -> Iterator[bytes]:
        """The parts of a table or section, with the elements around them from `depth` on. `table` are the number of the
        table and its rows on this page."""
        for around, group in groupby(parts, lambda number: self._blocks[number].around[: depth + 1]):
            if len(around) <= depth:
                for each in group:
                    row = table[1].index(each) if table[1] else 0
                    yield b"%d 0 R" % self.write(self._blocks[each].node, parent, each, page, (table[0], row))
                continue
            number, index = self._reserve()
            members = list(group)
            inner = (number, members) if b"/S /Table" in around[depth] else table
            self._fill(
                index, around[depth], list(self._write_group(members, depth + 1, number, page, inner)), parent, page
            )
            yield b"%d 0 R" % number

    def parents(self, page: int) -> Iterator[bytes]:
        """The element of each piece of marked content on a page. Raises `NotComposable` if one has none."""
        for mark in range(self._marks.count(page)):
            owner = self._owners.get((page, mark))
            if owner is None:
                raise NotComposable("content that is not in an element")
            yield b"%d 0 R" % owner
