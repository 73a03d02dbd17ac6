"""Documents made up for WeasyPrint to lay out: the parts that others lack, once each.

A specimen has the frame of one document, its blocks, and those blocks of other documents that are not known yet. Of a
table of a thousand rows, it has some: WeasyPrint takes about 25 ms for each, and few differ in more than their words.
Only its parts are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from statement_builder.rendering.compiled.markup_parser import split_body
from statement_builder.rendering.compiled.segments import Segments

SPECIMENS_MAX = 3
"""Specimens in a row: for structures, for line breaks, and for what those did not have space for."""
_ROWS_MAX = 80
"""Rows in the middle of the tables of a specimen: more than three pages, as many as a frame is kept of."""
_ROWS_MIN = 160
"""A document with fewer is laid out as it is."""
_HEAD_END = "</head>"


class Lacking(NamedTuple):
    """A document that cannot be composed yet."""

    markup: str
    segments: Segments
    missing: Mapping[int, bytes]
    """The blocks that are not known, and their keys."""


def is_long(segments: Segments) -> bool:
    """Whether a document may have more rows than its specimen."""
    return len(segments.blocks) >= _ROWS_MIN


def write_specimen(documents: Sequence[Lacking]) -> str | None:
    """The markup of a specimen for documents with the same frame. None if WeasyPrint may as well lay out the only one
    that lacks something."""
    documents = [each for each in documents if each.missing]
    if not documents:
        return None
    base = next((each for each in documents if _lacks_fixed(each)), documents[0])
    head, end, body = base.markup.partition(_HEAD_END)
    parts = split_body(body)
    known = set(base.missing.values())
    added = [piece for each in documents if each is not base for piece in _missing_pieces(each, known)]
    left_out = _rows_to_leave_out(parts, base)
    if not added and not left_out:
        return None
    end_of_flow = 2 * base.segments.flow_end
    parts[end_of_flow] += "".join(added)
    for row in reversed(left_out):
        segment = base.segments.blocks[row]
        del parts[2 * (segment.start - 1) : 2 * segment.end]
    return head + end + _join(parts, is_tag=False)


def _lacks_fixed(document: Lacking) -> bool:
    return any(document.segments.blocks[number].is_fixed for number in document.missing)


def _missing_pieces(document: Lacking, known: set[bytes]) -> Iterator[str]:
    """The children of the flow that have a block that is not `known`. Adds the keys of those blocks to it."""
    parts = split_body(document.markup.partition(_HEAD_END)[2])
    for first, last in document.segments.children:
        keys = {
            key
            for number, key in document.missing.items()
            if first < document.segments.blocks[number].start <= last + 1
        }
        if not keys <= known:
            known |= keys
            yield _join(parts[2 * first + 1 : 2 * last + 2], is_tag=True)


def _rows_to_leave_out(parts: Sequence[str], document: Lacking) -> list[int]:
    """Rows of a long document: not those that are missing, nor those next to them, nor the first.

    A row is drawn with the borders of the rows next to it.
    """
    rows = _rows_between(parts, document.segments)
    if len(rows) < _ROWS_MIN:
        return []
    needed = {number + near for number in document.missing for near in (-1, 0, 1)}
    return sorted(sorted(rows, key=lambda row: row not in needed)[_ROWS_MAX:])


def _rows_between(parts: Sequence[str], segments: Segments) -> list[int]:
    """The rows that have a row of the same table before and after them."""
    rows = [
        segment.group if segment.group >= 0 and parts[2 * segment.start - 1].startswith("tr") else None
        for segment in segments.blocks
    ]
    triples = zip(rows, rows[1:], rows[2:], strict=False)
    return [row for row, groups in enumerate(triples, 1) if None not in groups and len(set(groups)) == 1]


def _join(parts: Sequence[str], *, is_tag: bool) -> str:
    """Markup of texts and tags by turns."""
    return "".join([f"<{part}>" if (index % 2 == 0) == is_tag else part for index, part in enumerate(parts)])
