"""Write a PDF from a layout and the words: content streams with their holes filled, fonts, metadata, object table.

Nothing here measures or decides: what it is given has been set and proved. The same input gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256

from deflate import zlib_compress

from statement_builder.rendering.compiled.font_subsets import subset_of
from statement_builder.rendering.compiled.layouts import FontUse, Layout, PageLayout, code_mark
from statement_builder.rendering.compiled.line_breaking import SetParagraph

_HEADER = b"%PDF-1.7\n%\xf0\x9f\x96\xa4\n"
_LEVEL = 1
"""Of deflating (libdeflate): 4 takes twice as long for a page that is nine per cent smaller, two per cent of a file."""
_LEVEL_OF_TABLE = 1
"""Of the object table, which is short: thirty bytes less for 0.01 ms."""
_LEVEL_OF_OBJECTS = 10
"""Of an object stream, which many documents share: 12 takes more than twice as long for 17 bytes less."""
_ROW = 7
"""Bytes of an entry of the object table: kind, offset or object stream, generation or place in it."""


class PageTemplate:
    """A layout made ready for filling: whatever is the same in every document is written once, here."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._pages = [_prepare(page) for page in layout.pages]
        self._info, self._packed, self._packed_fonts, self._table = (layout.objects_count + more for more in range(4))
        self._head, offsets = self._write_head()
        self._rows = self._write_rows(offsets)
        self._varying = [*(page.number for page in layout.pages), *(link.number for link in layout.links)]
        self._fonts: dict[tuple[int, ...], tuple[bytes, bytes]] = {}

    def _write_head(self) -> tuple[bytes, dict[int, int]]:
        parts, position, offsets = [_HEADER], len(_HEADER), {}
        for number, written in [
            *((number, data + b"\n") for number, data in self.layout.streams),
            (self._packed, _indirect(self._packed, self.layout.object_stream)),
        ]:
            offsets[number] = position
            position += len(written)
            parts.append(written)
        return b"".join(parts), offsets

    def _write_rows(self, offsets: Mapping[int, int]) -> bytes:
        """The object table with everything in it that does not move."""
        rows = bytearray(_ROW * (self._table + 1))
        rows[:_ROW] = _row(0, 0, 65535)
        for place, number in enumerate(self.layout.packed):
            rows[number * _ROW : (number + 1) * _ROW] = _row(2, self._packed, place)
        for number, offset in offsets.items():
            rows[number * _ROW : (number + 1) * _ROW] = _row(1, offset, 0)
        return bytes(rows)

    def fill_pages(self, paragraphs: Sequence[SetParagraph], codes: Sequence[bytes] = ()) -> list[bytes]:
        """Each page's content stream. `paragraphs` are those of the layout, set with this document's words; `codes` the
        operators that draw its codes."""
        pages = []
        for segments, tail, coded in self._pages:
            parts = []
            for segment in segments:
                paragraph = paragraphs[segment.paragraph]
                if paragraph is not segment.latest:
                    segment.fill(paragraph)
                parts.append(segment.filled)
            parts.append(tail)
            for place, mark, code in coded:
                parts[place] = parts[place].replace(mark, codes[code], 1)
            pages.append(b"".join(parts))
        return pages

    def assemble(
        self,
        pages: Sequence[bytes],
        *,
        links: Sequence[bytes] = (),
        steps: Mapping[str, int],
        document_id: str,
        info: bytes,
        metadata: bytes,
    ) -> bytes:
        """The file. `pages` are content streams; `links` where its links lead to, as strings of PDF; `steps` says which
        subset of each face has all letters.

        `info` and `metadata` are the information dictionary and the XMP stream, as `describe_document` gives them.
        """
        layout = self.layout
        fonts, table = self._write_fonts(tuple(steps.get(font.face, 0) for font in layout.fonts))
        parts, position = [self._head, fonts], len(self._head) + len(fonts)
        rows = bytearray(table)
        varying = [_deflated(content) for content in pages]
        varying += [links[each.link].join(each.parts) for each in layout.links]
        objects = zip([*self._varying, layout.metadata, self._info], [*varying, metadata, info], strict=True)
        for number, data in objects:
            written = _indirect(number, data)
            rows[number * _ROW : (number + 1) * _ROW] = _row(1, position, 0)
            parts.append(written)
            position += len(written)
        rows[self._table * _ROW :] = _row(1, position, 0)
        parts.append(self._trailer(bytes(rows), position, document_id, _digest(varying, info)))
        return b"".join(parts)

    def _write_fonts(self, steps: tuple[int, ...]) -> tuple[bytes, bytes]:
        """The fonts' objects with one choice of subsets, and the object table with them."""
        if steps not in self._fonts:
            dictionaries: list[tuple[int, bytes]] = []
            streams: list[tuple[int, bytes]] = []
            maps: dict[bytes, int] = {}  # faces that have the same glyphs share one
            for font, step in zip(self.layout.fonts, steps, strict=True):
                subset = subset_of(font.face, step)
                *_, own_map, file = font.numbers
                character_map = maps.setdefault(subset.character_map, own_map)
                dictionaries += _font_dictionaries(font, step, character_map)
                streams += [(file, subset.file)] + (
                    [(own_map, subset.character_map)] if character_map == own_map else []
                )
            rows = bytearray(self._rows)
            for place, (number, _) in enumerate(dictionaries):
                rows[number * _ROW : (number + 1) * _ROW] = _row(2, self._packed_fonts, place)
            parts, position = [], len(self._head)
            for number, data in [*streams, (self._packed_fonts, pack_objects(dictionaries))]:
                written = _indirect(number, data)
                rows[number * _ROW : (number + 1) * _ROW] = _row(1, position, 0)
                parts.append(written)
                position += len(written)
            self._fonts[steps] = (b"".join(parts), bytes(rows))
        return self._fonts[steps]

    def _trailer(self, rows: bytes, position: int, document_id: str, digest: bytes) -> bytes:
        packed = bytes(zlib_compress(rows, _LEVEL_OF_TABLE))
        table = (
            b"<</Type /XRef/Index [0 %d]/W [1 4 2]/Size %d/Root %d 0 R/Info %d 0 R/ID [(%b) (%b)]"
            b"/Filter /FlateDecode/Length %d>>\nstream\n%b\nendstream"
        ) % (
            self._table + 1,
            self._table + 1,
            self.layout.catalog,
            self._info,
            document_id.encode("ascii"),
            digest,
            len(packed),
            packed,
        )
        return _indirect(self._table, table) + b"startxref\n%d\n%%%%EOF\n" % position


class _Segment:
    """Holes of one paragraph that follow each other, with what stands before each; and how it was filled last.

    Most of a page says the same in every document, and the same words come as the same object.
    """

    def __init__(self, paragraph: int) -> None:
        self.paragraph = paragraph
        self.holes: list[tuple[bytes, int, int, float, bytes, bytes]] = []
        self.latest: SetParagraph | None = None
        self.filled = b""

    def fill(self, paragraph: SetParagraph) -> None:
        parts = []
        for chunk, line, place, left, y, between in self.holes:
            piece = paragraph.lines[line][place]
            parts.append(b"%b1 0 0 -1 %f %b Tm\n%b[%b] TJ\n" % (chunk, left + piece.x, y, between, piece.operand))
        self.latest, self.filled = paragraph, b"".join(parts)


def _prepare(page: PageLayout) -> tuple[list[_Segment], bytes, list[tuple[int, bytes, int]]]:
    """A page's segments, what stands after the last, and its codes: in which of these, the mark, and which code."""
    segments, tail = _segments(page), page.chunks[-1]
    parts = [b"".join([hole[0] for hole in segment.holes]) for segment in segments] + [tail]
    marks = [(code_mark(code), code) for code in page.codes]
    return (
        segments,
        tail,
        [(place, mark, code) for mark, code in marks for place, part in enumerate(parts) if mark in part],
    )


def _segments(page: PageLayout) -> list[_Segment]:
    segments: list[_Segment] = []
    for chunk, hole in zip(page.chunks, page.holes, strict=False):
        if not segments or segments[-1].paragraph != hole.paragraph:
            segments.append(_Segment(hole.paragraph))
        segments[-1].holes.append((chunk, hole.line, hole.piece, hole.left, hole.y, hole.between))
    return segments


def _font_dictionaries(font: FontUse, step: int, character_map: int) -> list[tuple[int, bytes]]:
    """A composite font with Identity encoding (ISO 32000-1, 9.7): dictionary, descendant, descriptor."""
    subset = subset_of(font.face, step)
    outer, descendant, descriptor, _, file = font.numbers
    name = font.name.encode("ascii")
    return [
        (
            outer,
            b"<</Type /Font/Subtype /Type0/BaseFont /%b/ToUnicode %d 0 R/Encoding /Identity-H"
            b"/DescendantFonts [%d 0 R]>>" % (name, character_map, descendant),
        ),
        (
            descendant,
            b"<</Type /Font/Subtype /CIDFontType2/BaseFont /%b/CIDSystemInfo <</Registry (Adobe)/Ordering (Identity)"
            b"/Supplement 0>>/CIDToGIDMap /Identity/W %b/FontDescriptor %d 0 R>>" % (name, subset.widths, descriptor),
        ),
        (
            descriptor,
            b"<</Type /FontDescriptor/FontName /%b/FontFamily (%b)/Flags %d/FontBBox [0 %d %d %d]/ItalicAngle 0"
            b"/Ascent %d/Descent %d/CapHeight %d/StemV 80/StemH 80/FontFile2 %d 0 R>>"
            % (
                name,
                font.family.encode("ascii"),
                font.flags,
                font.descent,
                subset.width_max,
                font.ascent,
                font.ascent,
                font.descent,
                font.ascent,
                file,
            ),
        ),
    ]


def pack_objects(objects: Sequence[tuple[int, bytes]]) -> bytes:
    """An object stream (ISO 32000-1, 7.5.7) of objects with their numbers; a whole stream object without its own."""
    places, position = [], 0
    for number, data in objects:
        places += [number, position]
        position += len(data) + 1
    head = " ".join(map(str, places)).encode("ascii") + b"\n"
    packed = bytes(zlib_compress(head + b"\n".join(data for _, data in objects), _LEVEL_OF_OBJECTS))
    return b"<</Type /ObjStm/N %d/First %d/Filter /FlateDecode/Length %d>>\nstream\n%b\nendstream" % (
        len(objects),
        len(head),
        len(packed),
        packed,
    )


def _digest(objects: Sequence[bytes], info: bytes) -> bytes:
    """The second half of the file's identifier: it tells versions of one document apart."""
    return sha256(b"".join([*objects, info])).hexdigest()[:16].encode("ascii")


def _deflated(content: bytes) -> bytes:
    packed = bytes(zlib_compress(content, _LEVEL))
    return b"<</Filter /FlateDecode/Length %d>>\nstream\n%b\nendstream" % (len(packed), packed)


def _indirect(number: int, data: bytes) -> bytes:
    return b"%d 0 obj\n%b\nendobj\n" % (number, data)


def _row(kind: int, second: int, third: int) -> bytes:
    return kind.to_bytes(1) + second.to_bytes(4) + third.to_bytes(2)
