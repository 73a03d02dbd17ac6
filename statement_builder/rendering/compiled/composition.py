"""Remember the parts of compiled documents, and compose the layouts of other documents from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from statement_builder.rendering.compiled.blocks import (
    FLOW,
    Block,
    BlockTexts,
    Frame,
    Measure,
    NotDivisible,
    Parts,
    renumber_texts,
)
from statement_builder.rendering.compiled.composer import NotComposable, compose_layout, finish
from statement_builder.rendering.compiled.flow import find_empty_pages, is_of_page_1, place_blocks
from statement_builder.rendering.compiled.frames import KEPT_MAX, lengthen
from statement_builder.rendering.compiled.layout_cache import LayoutCache
from statement_builder.rendering.compiled.layouts import Layout, Outline, Paragraph
from statement_builder.rendering.compiled.line_breaking import TypesetParagraph
from statement_builder.rendering.compiled.segments import Segments

_Part = TypeVar("_Part", Block, BlockTexts, Frame, Measure)


class Composition:
    """The parts of one engine, shared with other processes if there is a cache."""

    def __init__(self, cache: LayoutCache | None) -> None:
        self._cache = cache
        self._parts: dict[tuple[type, bytes], Block | BlockTexts | Frame | Measure] = {}

    def add(
        self,
        segments: Segments,
        parts: Parts,
        outline: Outline,
        paragraphs: Sequence[TypesetParagraph],
        texts: Sequence[str],
    ) -> None:
        """Keep the parts of a document. `paragraphs` are the outline's, laid out with the document's `texts`."""
        pairs = zip(outline.paragraphs, paragraphs, strict=True)
        keys = _Keys(segments, pairs, outline.fixed_nodes, texts, parts.block_texts)
        self._add(segments.frame, parts.frame_texts)
        empty_pages = find_empty_pages(page for _, page, _ in parts.places)
        self._add(keys.of_frame(len(parts.frame.pages), empty_pages), parts.frame)
        for number, (segment, block, own) in enumerate(
            zip(segments.blocks, parts.blocks, parts.block_texts, strict=True)
        ):
            self._add(segment.structure, own)
            self._add(keys.of_block(number), block)
        for key, units in ((keys.of_measure(key), units) for key, units in parts.measures):
            known = self._find(key, Measure)
            if known is None:
                self._add(key, Measure(units=units))
            elif known.units is not None and abs(known.units - units) > 1:
                self._add(key, Measure(units=None))

    def find_outline(self, segments: Segments) -> Outline | None:
        """The outline of a document with these segments; None if a part is not known."""
        frame = self._find(segments.frame, BlockTexts)
        if frame is None:
            return None
        paragraphs = [renumber_texts(paragraph, segments.frame_nodes) for paragraph in frame.paragraphs]
        fixed_nodes = [segments.frame_nodes[node] for node in frame.fixed_nodes]
        for segment in segments.blocks:
            block = self._find(segment.structure, BlockTexts)
            if block is None:
                return None
            nodes = range(segment.start, segment.end)
            paragraphs += [renumber_texts(paragraph, nodes) for paragraph in block.paragraphs]
            fixed_nodes += [nodes[node] for node in block.fixed_nodes]
        return Outline(paragraphs=tuple(sort_paragraphs(paragraphs)), fixed_nodes=tuple(sorted(fixed_nodes)))

    def find_layout(
        self, segments: Segments, outline: Outline, paragraphs: Sequence[TypesetParagraph], texts: Sequence[str]
    ) -> Layout | None:
        """The layout of a document; None if WeasyPrint must lay it out. Arguments as for `add`."""
        block_texts = []
        for segment in segments.blocks:
            own = self._find(segment.structure, BlockTexts)
            if own is None:
                return None
            block_texts.append(own)
        pairs = zip(outline.paragraphs, paragraphs, strict=True)
        keys = _Keys(segments, pairs, outline.fixed_nodes, texts, block_texts)
        blocks = []
        for number in range(len(segments.blocks)):
            block = self._find(keys.of_block(number), Block)
            if block is None:
                return None
            blocks.append(block)
        places = place_blocks(segments, blocks, lambda key: self._measure(keys.of_measure(key)))
        if places is None:
            return None
        pages = 1 + max(place.page for place in places)
        frame = self._find(keys.of_frame(pages, find_empty_pages(place.page for place in places)), Frame)
        if frame is None:
            return None
        try:
            return finish(compose_layout(lengthen(frame, pages), segments, blocks, places))
        except (NotComposable, NotDivisible):
            return None

    def knows_frame(self, segments: Segments) -> bool:
        """Whether a document with this frame was added."""
        return self._find(segments.frame, BlockTexts) is not None

    def find_missing(self, segments: Segments) -> dict[int, bytes]:
        """The blocks whose texts are not known, and their keys."""
        return {
            number: segment.structure
            for number, segment in enumerate(segments.blocks)
            if self._find(segment.structure, BlockTexts) is None
        }

    def find_missing_breaks(
        self,
        segments: Segments,
        outline: Outline,
        paragraphs: Sequence[TypesetParagraph | None],
        texts: Sequence[str],
    ) -> dict[int, bytes]:
        """The blocks with line breaks that are not known, or with a paragraph that is None, and their keys.

        Arguments as for `add`. The texts of all blocks are known.
        """
        block_texts = [self._find(segment.structure, BlockTexts) for segment in segments.blocks]
        pairs = list(zip(outline.paragraphs, paragraphs, strict=True))
        certain = [(paragraph, typeset) for paragraph, typeset in pairs if typeset is not None]
        uncertain = {paragraph.slots[0].node for paragraph, typeset in pairs if typeset is None}
        known_texts = [each for each in block_texts if each is not None]
        keys = _Keys(segments, certain, outline.fixed_nodes, texts, known_texts)
        missing: dict[int, bytes] = {}
        for number, segment in enumerate(segments.blocks):
            nodes = uncertain.intersection(range(segment.start, segment.end))
            key = keys.of_block(number)
            if nodes:  # its line breaks depend on its words
                missing[number] = b"\0".join((key, *(texts[node].encode() for node in sorted(nodes))))
            elif key not in missing.values() and self._find(key, Block) is None:
                missing[number] = key
        return missing

    def _measure(self, key: bytes) -> int | None:
        measure = self._find(key, Measure)
        return None if measure is None else measure.units

    def _find(self, key: bytes, part_type: type[_Part]) -> _Part | None:
        part = self._parts.get((part_type, key))
        if part is None and self._cache is not None:
            part = self._cache.find_part(key, part_type)
            if part is not None:
                self._parts[part_type, key] = part
        return part if isinstance(part, part_type) else None

    def _add(self, key: bytes, part: Block | BlockTexts | Frame | Measure) -> None:
        self._parts[type(part), key] = part
        if self._cache is not None:
            self._cache.add_part(key, part)


def sort_paragraphs(paragraphs: Iterable[Paragraph]) -> list[Paragraph]:
    """In the order of the markup."""
    return sorted(paragraphs, key=lambda paragraph: [slot.node for slot in paragraph.slots])


class _Keys:
    """Keys of a document's parts: structure, line breaks, texts within drawings, and borders next to a row."""

    def __init__(
        self,
        segments: Segments,
        paragraphs: Iterable[tuple[Paragraph, TypesetParagraph]],
        fixed_nodes: Sequence[int],
        texts: Sequence[str],
        block_texts: Sequence[BlockTexts],
    ) -> None:
        self._segments = segments
        self._block_texts = block_texts
        parts = {node: (FLOW, number) for number, node in enumerate(segments.frame_nodes)}
        for number, segment in enumerate(segments.blocks):
            parts |= {node: (number, node - segment.start) for node in range(segment.start, segment.end)}
        self._details: dict[int, bytes] = {}
        for paragraph, typeset in paragraphs:
            if typeset.breaks:
                part, node = parts[paragraph.slots[0].node]
                self._details[part] = self._details.get(part, b"") + b"%d:%b;" % (node, typeset.breaks)
        for fixed in fixed_nodes:
            part, _ = parts[fixed]
            self._details[part] = self._details.get(part, b"") + b"\0" + texts[fixed].encode()

    def of_block(self, number: int) -> bytes:
        blocks = self._segments.blocks
        above = number and blocks[number - 1].group == blocks[number].group >= 0
        below = number + 1 < len(blocks) and blocks[number + 1].group == blocks[number].group >= 0
        edges = (
            self._block_texts[number - 1].lower_edge if above else b"",
            self._block_texts[number + 1].upper_edge if below else b"",
        )
        return b"\0".join((blocks[number].structure, *edges, self._details.get(number, b"")))

    def of_measure(self, key: bytes) -> bytes:
        """On page 1, a distance depends on the frame's line breaks too: an amount on two lines moves the body down."""
        return (self._details.get(FLOW, b"") if is_of_page_1(key) else b"") + b"\0" + key

    def of_frame(self, pages: int, empty_pages: Sequence[int]) -> bytes:
        kept = b"%d,%b " % (pages, repr(empty_pages).encode()) if empty_pages else b"%d " % min(pages, KEPT_MAX)
        return kept + self._segments.frame + self._details.get(FLOW, b"")
