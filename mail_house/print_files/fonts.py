"""Stores each font once in a print file, even if the pieces embed different subsets of it.

Our documents embed a typeface in one of a few subsets. If one subset contains all glyphs of another, outline for
outline, it replaces the other; otherwise both are kept.
"""

from __future__ import annotations

import io
import re
import zlib
from functools import cached_property
from itertools import pairwise

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

from mail_house.print_files.objects import ObjectWriter, stream_object
from pdf_kit import PdfFile, UnsupportedPdf, find, read_character_map, read_widths


class FontRegistry:
    """The composite fonts of a print file."""

    def __init__(self, writer: ObjectWriter) -> None:
        self._writer = writer
        self._slots: list[_Slot] = []
        self._numbers: dict[tuple[bytes, ...], int] = {}

    def add(self, outer: bytes, file: PdfFile, streams: dict[int, bytes]) -> int:
        """Return the object number of a font that draws the same glyphs. The font's streams are added to `streams`."""
        font = _Font(outer, file, streams)
        if font.key not in self._numbers:
            self._numbers[font.key] = self._register(font)
        return self._numbers[font.key]

    def _register(self, font: _Font) -> int:
        for slot in self._slots:
            if slot.font.covers(font):
                return slot.number
            if font.covers(slot.font):
                slot.font = font
                return slot.number
        self._slots.append(_Slot(self._writer.reserve(), font))
        return self._slots[-1].number

    def write(self) -> None:
        for slot in self._slots:
            slot.font.write(slot.number, self._writer)


class _Slot:
    def __init__(self, number: int, font: _Font) -> None:
        self.number = number
        self.font = font


class _Font:
    """An embedded TrueType font with Identity encoding (ISO 32000-1, 9.7). Raises UnsupportedPdf for any other font."""

    def __init__(self, outer: bytes, file: PdfFile, streams: dict[int, bytes]) -> None:
        self._outer = outer
        self._descendant = file.object(int(find(_DESCENDANT, outer)))
        self._descriptor = file.object(int(find(_DESCRIPTOR, self._descendant)))
        map_number, program_number = int(find(_TO_UNICODE, outer)), int(find(_FONT_FILE, self._descriptor))
        self._map, self._program = file.stream(map_number), file.stream(program_number)
        streams[map_number], streams[program_number] = self._map[1], self._program[1]
        if b"/Identity-H" not in outer or b"/CIDToGIDMap /Identity" not in self._descendant:
            raise UnsupportedPdf("font encoding")
        self.key = (*self._map, *self._program, _NUMBER.sub(b"", outer), _NUMBER.sub(b"", self._descendant))

    @cached_property
    def _meanings(self) -> dict[int, str]:
        return read_character_map(zlib.decompress(self._map[1]))

    @cached_property
    def _widths(self) -> dict[int, float]:
        return read_widths(self._descendant)

    @cached_property
    def _outlines(self) -> list[bytes]:
        with TTFont(io.BytesIO(zlib.decompress(self._program[1]))) as font:
            offsets, glyphs = list(font["loca"]), font.reader["glyf"]
        return [glyphs[start:end] for start, end in pairwise(offsets)]

    def covers(self, other: _Font) -> bool:
        """Whether every code of the other font has the same outline, meaning and width in this font."""
        return (
            other._meanings.items() <= self._meanings.items()
            and all(self._widths[code] == other._widths[code] for code in other._meanings)
            and len(self._outlines) == len(other._outlines)
            and all(not theirs or ours == theirs for ours, theirs in zip(self._outlines, other._outlines, strict=True))
        )

    def write(self, number: int, writer: ObjectWriter) -> None:
        program = writer.add_once(stream_object(*self._program))
        descriptor = writer.add(_FONT_FILE.sub(b"/FontFile2 %d 0 R" % program, self._descriptor))
        descendant = writer.add(_DESCRIPTOR.sub(b"/FontDescriptor %d 0 R" % descriptor, self._descendant))
        character_map = writer.add_once(stream_object(*self._map))
        outer = _DESCENDANT.sub(b"/DescendantFonts [%d 0 R]" % descendant, self._outer)
        writer.write(number, _TO_UNICODE.sub(b"/ToUnicode %d 0 R" % character_map, outer))


_DESCENDANT = re.compile(rb"/DescendantFonts \[(\d+) 0 R\]")
_DESCRIPTOR = re.compile(rb"/FontDescriptor (\d+) 0 R")
_TO_UNICODE = re.compile(rb"/ToUnicode (\d+) 0 R")
_FONT_FILE = re.compile(rb"/FontFile2 (\d+) 0 R")
_NUMBER = re.compile(rb"\b\d+ 0 R")
