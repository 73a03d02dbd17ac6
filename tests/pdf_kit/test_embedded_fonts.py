"""The ink of embedded glyphs, as another reader of fonts finds it."""

from __future__ import annotations

import io
import zlib

import pytest
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

from pdf_kit.embedded_fonts import EmbeddedFont, InkBox
from pdf_kit.fonts import read_widths
from statement_builder.rendering.compiled.font_subsets import make_subset
from statement_builder.rendering.fonts import FACES


@pytest.mark.parametrize("level", [0, 2])
@pytest.mark.parametrize("face", FACES)
def test_ink__is_the_bounding_box_of_each_glyph(face: str, level: int) -> None:
    subset = make_subset(face, level)
    widths = read_widths(b"/W " + subset.widths)
    font = EmbeddedFont(widths, _inflate(subset.character_map), _inflate(subset.file))
    with TTFont(io.BytesIO(_inflate(subset.file))) as program:
        glyphs, names, size = program["glyf"], program.getGlyphOrder(), program["head"].unitsPerEm
        for code, width in widths.items():
            glyph, advance = glyphs[names[code]], width / 1000
            left, right, bottom, top = (getattr(glyph, side, 0) / size for side in ("xMin", "xMax", "yMin", "yMax"))
            expected = InkBox(min(0, left), max(advance, right), bottom, top)
            assert font.read(b"<%04x>" % code).ink == pytest.approx(expected)
    assert len(widths) >= 10


def _inflate(stream: bytes) -> bytes:
    return zlib.decompress(stream.partition(b"\nstream\n")[2].removesuffix(b"\nendstream"))
