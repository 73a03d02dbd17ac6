"""The fonts as they are embedded: subsets wide enough that a document's words need no subset of their own.

A page in plain English needs the first set of characters, one with an accented name the second; whichever is the
smallest that has all of a document's letters is embedded, so that most files stay small and all letters can be had.
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
"""By step: digits, with the letters that an account number mostly begins with, all that a scan line can have."""
_LIGATED = "fijlt"
_WESTERN = _ASCII | {chr(code_point) for code_point in range(0xA0, 0x100)} | set("…°§ŁłŒœŠšŽž")
STEPS = 4
"""Plain English, all of ASCII, western European, all simple characters."""


class Subset(Record, kw_only=True):
    """One face with one set of characters: its file, deflated, and what each glyph stands for and how wide it is."""

    file: bytes
    """A whole stream object, without its number."""
    character_map: bytes
    """The stream object of the ToUnicode map."""
    widths: bytes
    """The value of `/W`, in 1/1000 em."""
    width_max: int
    meanings: dict[int, str]


@lru_cache(maxsize=16)
def subset_of(face: str, step: int) -> Subset:
    """The subset of one face at one of the `STEPS`. Glyph numbers stay what they were."""
    font = hb.Font(hb.Face(font_path(face).read_bytes()))
    meanings = _meanings(font, _characters(face, step))
    widths = {glyph: round(font.get_glyph_h_advance(glyph) * 1000 / font.face.upem) for glyph in meanings}
    data = _cut(font.face, meanings)
    packed = _deflate_well(data)
    return Subset(
        file=b"<</Length1 %d/Filter /FlateDecode/Length %d>>\nstream\n%s\nendstream" % (len(data), len(packed), packed),
        character_map=_stream(_character_map(meanings)),
        widths=_widths(widths),
        width_max=max(widths.values()),
        meanings=meanings,
    )


def _characters(face: str, step: int) -> frozenset[str]:
    if face == SCANLINE_FACE:
        return _SCANLINE[step]
    return simple_characters() & (_PLAIN, _ASCII, _WESTERN, simple_characters())[step]


@lru_cache(maxsize=8)
def meanings_of(face: str) -> dict[int, tuple[str, int]]:
    """What each embedded glyph stands for, and from which step on it is there."""
    return {
        glyph: (meaning, step)
        for step in reversed(range(STEPS))
        for glyph, meaning in subset_of(face, step).meanings.items()
    }


def _meanings(font: hb.Font, characters: frozenset[str]) -> dict[int, str]:
    """Glyph to text: one for each character, and the ligatures that shaping makes of several."""
    found: dict[int, str] = {}
    for character in sorted(characters):
        if glyph := font.get_nominal_glyph(ord(character)):
            found.setdefault(glyph, character)
    for count in (2, 3):
        for letters in product(_LIGATED, repeat=count):
            text = "".join(letters)
            buffer = hb.Buffer()
            buffer.add_str(text)
            buffer.guess_segment_properties()
            hb.shape(font, buffer, {})
            infos = buffer.glyph_infos
            for info, end in zip(infos, [each.cluster for each in infos[1:]] + [len(text)], strict=True):
                found.setdefault(info.codepoint, text[info.cluster : end])
    return found


def _cut(face: hb.Face, glyphs: dict[int, str]) -> bytes:
    """The font with these glyphs only, and without the tables that a PDF does not need (ISO 32000-1, 9.9)."""
    wanted = hb.SubsetInput()
    wanted.sets(hb.SubsetInputSets.GLYPH_INDEX).update(glyphs)
    drop = ("BASE", "DSIG", "GPOS", "GSUB", "GDEF", "JSTF", "LTSH", "OS/2", "PCLT", "cmap", "gasp", "name", "post")
    wanted.sets(hb.SubsetInputSets.DROP_TABLE_TAG).update(int.from_bytes(tag.encode("ascii")) for tag in drop)
    wanted.flags = hb.SubsetFlags.RETAIN_GIDS | hb.SubsetFlags.NO_HINTING | hb.SubsetFlags.DESUBROUTINIZE
    return bytes(hb.subset(face, wanted).blob.data)


def _character_map(meanings: dict[int, str]) -> bytes:
    """ISO 32000-1, 9.10.3."""
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
    glyphs = sorted(meanings)
    for start in range(0, len(glyphs), 100):
        some = glyphs[start : start + 100]
        lines.append(f"{len(some)} beginbfchar")
        lines += [f"<{glyph:04x}> <{meanings[glyph].encode('utf-16-be').hex()}>" for glyph in some]
        lines.append("endbfchar")
    lines += ["endcmap", "CMapName currentdict /CMap defineresource pop", "end", "end"]
    return "\n".join(lines).encode("ascii")


def _widths(widths: dict[int, int]) -> bytes:
    """`/W` with runs of neighbouring glyphs together (ISO 32000-1, 9.7.4.3)."""
    runs: list[tuple[int, list[int]]] = []
    for glyph in sorted(widths):
        if runs and runs[-1][0] + len(runs[-1][1]) == glyph:
            runs[-1][1].append(widths[glyph])
        else:
            runs.append((glyph, [widths[glyph]]))
    return ("[" + " ".join(f"{first} [{' '.join(map(str, some))}]" for first, some in runs) + "]").encode("ascii")


def _deflate_well(data: bytes) -> bytes:
    """As small as can be: for what is written once and used in every document."""
    return bytes(zlib_compress(data, 12))


def _stream(data: bytes) -> bytes:
    packed = _deflate_well(data)
    return b"<</Filter /FlateDecode/Length %d>>\nstream\n%s\nendstream" % (len(packed), packed)
