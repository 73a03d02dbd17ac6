"""Font subsets to embed. Documents share four subsets of each font, called levels, instead of having their own.

A document embeds the smallest level that has all of its characters, so most files stay small and every character is
available.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from string import ascii_letters, ascii_uppercase, digits

import uharfbuzz as hb
from deflate import zlib_compress

from statement_builder.billing.model import Record
from statement_builder.rendering.compiled.charset import simple_characters
from statement_builder.rendering.fonts import SCANLINE_FACE, font_path

_PLAIN = frozenset(f"{ascii_letters}{digits} \u00a0$.,:;'’()/&?!+%-·•@#")
_ASCII = _PLAIN | {chr(code_point) for code_point in range(0x20, 0x7F)} | set("‘“”–—")
_NUMBERED = frozenset(f"{digits}AGMP")
_SCANLINE = (frozenset(digits), _NUMBERED, _NUMBERED | set(ascii_uppercase), _NUMBERED | set(ascii_uppercase))
"""By level: digits; digits and the usual first letters of account numbers; all characters of a scan line, twice."""
_LIGATURE_LETTERS = "fijlt"
_WESTERN = _ASCII | {chr(code_point) for code_point in range(0xA0, 0x100)} | set("…°§ŁłŒœŠšŽž")
LEVELS = 4
"""Plain English, all of ASCII, western European, all simple characters."""


class Subset(Record, kw_only=True):
    """One level of a font: its program, character map and widths."""

    file: bytes
    """The font program: a stream object without its number."""
    character_map: bytes
    """The ToUnicode map: a stream object without its number."""
    widths: bytes
    """The value of `/W`, in 1/1000 em."""
    width_max: int


@lru_cache(maxsize=16)
def make_subset(face: str, level: int) -> Subset:
    """The subset of one face at one of the `LEVELS`. Glyph numbers do not change."""
    font, texts = _open_font(face), _subset_texts(face, level)
    widths = {glyph: round(font.get_glyph_h_advance(glyph) * 1000 / font.face.upem) for glyph in texts}
    data = _subset_font(font.face, texts)
    packed = _deflate_best(data)
    return Subset(
        file=b"<</Length1 %d/Filter /FlateDecode/Length %d>>\nstream\n%s\nendstream" % (len(data), len(packed), packed),
        character_map=_stream(_character_map(texts)),
        widths=_widths(widths),
        width_max=max(widths.values()),
    )


@lru_cache(maxsize=16)
def _subset_texts(face: str, level: int) -> dict[int, str]:
    """The glyphs of a subset, each with its text."""
    return _glyph_texts(_open_font(face), _characters(face, level))


@lru_cache(maxsize=4)
def _open_font(face: str) -> hb.Font:
    return hb.Font(hb.Face(font_path(face).read_bytes()))


def _characters(face: str, level: int) -> frozenset[str]:
    if face == SCANLINE_FACE:
        return _SCANLINE[level]
    return simple_characters() & (_PLAIN, _ASCII, _WESTERN, simple_characters())[level]


@lru_cache(maxsize=8)
def glyph_levels(face: str) -> dict[int, tuple[str, int]]:
    """For each embedded glyph its text, and the lowest level that has it. Makes no subset, which takes longer."""
    return {
        glyph: (text, level) for level in reversed(range(LEVELS)) for glyph, text in _subset_texts(face, level).items()
    }


def _glyph_texts(font: hb.Font, characters: frozenset[str]) -> dict[int, str]:
    """Glyph to text: each character, and the ligatures that shaping forms."""
    found: dict[int, str] = {}
    for character in sorted(characters):
        if glyph := font.get_nominal_glyph(ord(character)):
            found.setdefault(glyph, character)
    for count in (2, 3):
        for letters in product(_LIGATURE_LETTERS, repeat=count):
            text = "".join(letters)
            buffer = hb.Buffer()
            buffer.add_str(text)
            buffer.guess_segment_properties()
            hb.shape(font, buffer, {})
            infos = buffer.glyph_infos
            for info, end in zip(infos, [each.cluster for each in infos[1:]] + [len(text)], strict=True):
                found.setdefault(info.codepoint, text[info.cluster : end])
    return found


def _subset_font(face: hb.Face, glyphs: dict[int, str]) -> bytes:
    """The font program with these glyphs only, and without the tables that a PDF does not need (ISO 32000-1, 9.9)."""
    options = hb.SubsetInput()
    options.sets(hb.SubsetInputSets.GLYPH_INDEX).update(glyphs)
    drop = ("BASE", "DSIG", "GPOS", "GSUB", "GDEF", "JSTF", "LTSH", "OS/2", "PCLT", "cmap", "gasp", "name", "post")
    options.sets(hb.SubsetInputSets.DROP_TABLE_TAG).update(int.from_bytes(tag.encode("ascii")) for tag in drop)
    options.flags = hb.SubsetFlags.RETAIN_GIDS | hb.SubsetFlags.NO_HINTING | hb.SubsetFlags.DESUBROUTINIZE
    return bytes(hb.subset(face, options).blob.data)


def _character_map(texts: dict[int, str]) -> bytes:
    """A ToUnicode map (ISO 32000-1, 9.10.3)."""
    lines = [
        "/CIDInit /ProcSet findresource begin",
        "12 dict begin",
        "begincmap",
        "/CIDSystemInfo",
        "<< /Registry (Adobe)",
        "/Ordering (UCS)",
        "/Supplement 0",
        ">> def",
        "/CMapName /Adobe-Identity-UCS def",
        "/CMapType 2 def",
        "1 begincodespacerange",
        "<0000> <ffff>",
        "endcodespacerange",
    ]
    glyphs = sorted(texts)
    for start in range(0, len(glyphs), 100):
        block = glyphs[start : start + 100]
        lines.append(f"{len(block)} beginbfchar")
        lines += [f"<{glyph:04x}> <{texts[glyph].encode('utf-16-be').hex()}>" for glyph in block]
        lines.append("endbfchar")
    lines += ["endcmap", "CMapName currentdict /CMap defineresource pop", "end", "end"]
    return "\n".join(lines).encode("ascii")


def _widths(widths: dict[int, int]) -> bytes:
    """`/W`, with consecutive glyphs in one array (ISO 32000-1, 9.7.4.3)."""
    runs: list[tuple[int, list[int]]] = []
    for glyph in sorted(widths):
        if runs and runs[-1][0] + len(runs[-1][1]) == glyph:
            runs[-1][1].append(widths[glyph])
        else:
            runs.append((glyph, [widths[glyph]]))
    return ("[" + " ".join(f"{first} [{' '.join(map(str, run))}]" for first, run in runs) + "]").encode("ascii")


def _deflate_best(data: bytes) -> bytes:
    """Deflate at the highest level, for data that every document shares."""
    return bytes(zlib_compress(data, 12))


def _stream(data: bytes) -> bytes:
    packed = _deflate_best(data)
    return b"<</Filter /FlateDecode/Length %d>>\nstream\n%s\nendstream" % (len(packed), packed)
