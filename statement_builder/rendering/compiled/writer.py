"""Write a PDF from a layout and laid-out paragraphs: content streams, fonts, metadata and object table.

The same input gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from struct import Struct

from deflate import zlib_compress

from statement_builder.rendering.compiled.font_subsets import make_subset
from statement_builder.rendering.compiled.layouts import FontUse, Layout, PageLayout, code_marker
from statement_builder.rendering.compiled.line_breaking import TypesetParagraph

_HEADER = b"%PDF-1.7\n%\xf0\x9f\x96\xa4\n"
_DEFLATE_LEVEL = 1
"""For pages (libdeflate): level 4 takes twice as long and saves nine percent of a page, two percent of a file."""
_DEFLATE_LEVEL_TABLE = 1
"""For the object table, which is short."""
_DEFLATE_LEVEL_OBJECTS = 10
"""For object streams, which many documents share: level 12 takes more than twice as long and saves 17 bytes."""
_ROW = Struct(">BIH")
_ROW_BYTES = _ROW.size
"""An entry of the object table: kind; offset or object stream; generation or index in the stream."""
PACKED_OBJECTS_MAX = 1 << 16
"""Objects in an object stream: the last two bytes of an entry are the index. A document of 350 pages has more."""


class PageTemplate:
    """A layout prepared for filling: everything that all its documents share is written once."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._pages = [_prepare(page) for page in layout.pages]
        self._info, self._object_stream, self._font_stream, self._table = (
            layout.objects_count + offset for offset in range(4)
        )
        self._head, offsets = self._write_head()
        self._rows = self._write_rows(offsets)
        self._varying = [*(page.number for page in layout.pages), *(link.number for link in layout.links)]
        self._fonts: dict[tuple[int, ...], tuple[bytes, bytes]] = {}

    def _write_head(self) -> tuple[bytes, dict[int, int]]:
        parts, position, offsets = [_HEADER], len(_HEADER), {}
        for number, written in [
            *((number, data + b"\n") for number, data in self.layout.streams),
            (self._object_stream, _indirect(self._object_stream, self.layout.object_stream)),
        ]:
            offsets[number] = position
            position += len(written)
            parts.append(written)
        return b"".join(parts), offsets

    def _write_rows(self, offsets: Mapping[int, int]) -> bytes:
        """The object table with the entries that all documents share."""
        rows = bytearray(_ROW_BYTES * (self._table + 1))
        write, stream = _ROW.pack_into, self._object_stream
        write(rows, 0, 0, 0, 65535)
        for index, number in enumerate(self.layout.packed_numbers):
            write(rows, number * _ROW_BYTES, 2, stream, index)
        for number, offset in offsets.items():
            write(rows, number * _ROW_BYTES, 1, offset, 0)
        return bytes(rows)

    def fill_pages(self, paragraphs: Sequence[TypesetParagraph], codes: Sequence[bytes] = ()) -> list[bytes]:
        """Each page's content stream. `paragraphs` are the layout's, laid out with this document's words; `codes` are
        the path operators of its QR codes."""
        pages = []
        for segments, tail, code_parts in self._pages:
            parts = []
            for segment in segments:
                paragraph = paragraphs[segment.paragraph]
                if paragraph is not segment.latest:
                    segment.fill(paragraph)
                parts.append(segment.filled)
            parts.append(tail)
            for index, marker, code in code_parts:
                parts[index] = parts[index].replace(marker, codes[code], 1)
            pages.append(b"".join(parts))
        return pages

    def assemble(
        self,
        pages: Sequence[bytes],
        *,
        links: Sequence[bytes] = (),
        levels: Mapping[str, int],
        document_id: str,
        info: bytes,
        metadata: bytes,
    ) -> bytes:
        """The finished file.

        `pages` are content streams, `links` the link URLs as PDF strings, and `levels` the subset level of each face.
        `info` and `metadata` are the information dictionary and the XMP stream, from `describe_document`.
        """
        layout = self.layout
        fonts, table = self._write_fonts(tuple(levels.get(font.face, 0) for font in layout.fonts))
        parts, position = [self._head, fonts], len(self._head) + len(fonts)
        rows = bytearray(table)
        varying = [_deflated_stream(content) for content in pages]
        varying += [links[each.link].join(each.parts) for each in layout.links]
        objects = zip([*self._varying, layout.metadata, self._info], [*varying, metadata, info], strict=True)
        for number, data in objects:
            written = _indirect(number, data)
            _ROW.pack_into(rows, number * _ROW_BYTES, 1, position, 0)
            parts.append(written)
            position += len(written)
        _ROW.pack_into(rows, self._table * _ROW_BYTES, 1, position, 0)
        parts.append(self._trailer(bytes(rows), position, document_id, _digest(varying, info)))
        return b"".join(parts)

    def _write_fonts(self, levels: tuple[int, ...]) -> tuple[bytes, bytes]:
        """The fonts' objects at these subset levels, and the object table with them."""
        if levels not in self._fonts:
            dictionaries: list[tuple[int, bytes]] = []
            streams: list[tuple[int, bytes]] = []
            maps: dict[bytes, int] = {}  # faces with the same glyphs share one
            for font, level in zip(self.layout.fonts, levels, strict=True):
                subset = make_subset(font.face, level)
                *_, own_map, file = font.numbers
                character_map = maps.setdefault(subset.character_map, own_map)
                dictionaries += _font_dictionaries(font, level, character_map)
                streams += [(file, subset.file)] + (
                    [(own_map, subset.character_map)] if character_map == own_map else []
                )
            rows = bytearray(self._rows)
            for index, (number, _) in enumerate(dictionaries):
                _ROW.pack_into(rows, number * _ROW_BYTES, 2, self._font_stream, index)
            parts, position = [], len(self._head)
            for number, data in [*streams, (self._font_stream, pack_objects(dictionaries))]:
                written = _indirect(number, data)
                _ROW.pack_into(rows, number * _ROW_BYTES, 1, position, 0)
                parts.append(written)
                position += len(written)
            self._fonts[levels] = (b"".join(parts), bytes(rows))
        return self._fonts[levels]

    def _trailer(self, rows: bytes, position: int, document_id: str, digest: bytes) -> bytes:
        packed = bytes(zlib_compress(rows, _DEFLATE_LEVEL_TABLE))
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
    """Consecutive placeholders of one paragraph, each with the chunk before it, and the last result of filling them.

    Most of a page has the same words in every document, and the same words are the same paragraph object.
    """

    def __init__(self, paragraph: int) -> None:
        self.paragraph = paragraph
        self.placeholders: list[tuple[bytes, int, int, float, bytes, bytes]] = []
        self.latest: TypesetParagraph | None = None
        self.filled = b""

    def fill(self, paragraph: TypesetParagraph) -> None:
        parts = []
        for chunk, line, index, left, y, between in self.placeholders:
            piece = paragraph.lines[line][index]
            parts.append(b"%b1 0 0 -1 %f %b Tm\n%b[%b] TJ\n" % (chunk, left + piece.x, y, between, piece.operand))
        self.latest, self.filled = paragraph, b"".join(parts)


def _prepare(page: PageLayout) -> tuple[list[_Segment], bytes, list[tuple[int, bytes, int]]]:
    """A page's segments, the chunk after the last, and for each code: index of the part, marker, and code index."""
    segments, tail = _segments(page), page.chunks[-1]
    parts = [b"".join([placeholder[0] for placeholder in segment.placeholders]) for segment in segments] + [tail]
    markers = [(code_marker(code), code) for code in page.codes]
    return (
        segments,
        tail,
        [(index, marker, code) for marker, code in markers for index, part in enumerate(parts) if marker in part],
    )


def _segments(page: PageLayout) -> list[_Segment]:
    segments: list[_Segment] = []
    for chunk, placeholder in zip(page.chunks, page.placeholders, strict=False):
        if not segments or segments[-1].paragraph != placeholder.paragraph:
            segments.append(_Segment(placeholder.paragraph))
        segments[-1].placeholders.append(
            (chunk, placeholder.line, placeholder.piece, placeholder.left, placeholder.y, placeholder.between)
        )
    return segments


def _font_dictionaries(font: FontUse, level: int, character_map: int) -> list[tuple[int, bytes]]:
    """A composite font with Identity encoding (ISO 32000-1, 9.7): font, descendant and descriptor."""
    subset = make_subset(font.face, level)
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
    """An object stream (ISO 32000-1, 7.5.7) of numbered objects: a stream object without its own number."""
    numbers_and_offsets, position = [], 0
    for number, data in objects:
        numbers_and_offsets += [number, position]
        position += len(data) + 1
    head = " ".join(map(str, numbers_and_offsets)).encode("ascii") + b"\n"
    packed = bytes(zlib_compress(head + b"\n".join(data for _, data in objects), _DEFLATE_LEVEL_OBJECTS))
    return b"<</Type /ObjStm/N %d/First %d/Filter /FlateDecode/Length %d>>\nstream\n%b\nendstream" % (
        len(objects),
        len(head),
        len(packed),
        packed,
    )


def _digest(objects: Sequence[bytes], info: bytes) -> bytes:
    """The second part of the file identifier, which distinguishes versions of one document."""
    return sha256(b"".join([*objects, info])).hexdigest()[:16].encode("ascii")


def _deflated_stream(content: bytes) -> bytes:
    packed = bytes(zlib_compress(content, _DEFLATE_LEVEL))
    return b"<</Filter /FlateDecode/Length %d>>\nstream\n%b\nendstream" % (len(packed), packed)


def _indirect(number: int, data: bytes) -> bytes:
    return b"%d 0 obj\n%b\nendobj\n" % (number, data)
