"""Runs joined from shaped words have the same glyphs and positions as HarfBuzz gives for the whole run."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import product
from random import Random

import pytest
import uharfbuzz as hb
from hypothesis import given
from hypothesis import strategies as st

from statement_builder.rendering.compiled.charset import simple_characters
from statement_builder.rendering.compiled.layouts import Style
from statement_builder.rendering.compiled.shaping import CannotFill, shape
from statement_builder.rendering.fonts import FACES, SCANLINE_FACE, TEXT_FACES, font_path

TEN_POINTS = int(10 * 96 / 72 * 1024)
SIZES = [int(points * 96 / 72 * 1024) for points in (8, 8.5, 9, 9.5, 10, 10.5, 11, 12.5, 15, 18, 20, 25)]
"""Font sizes in the theme."""
FEATURES = ((), (("tnum", 1),), (("kern", 0), ("liga", 0)))


@lru_cache(maxsize=64)
def _font(face: str, scale: int) -> hb.Font:
    font = hb.Font(hb.Face(font_path(face).read_bytes()))
    font.scale = (scale, scale)
    return font


def _drawn_by_harfbuzz(style: Style, text: str) -> tuple[list[tuple[int, int]], int]:
    """Each glyph with its adjustment in 1/1000 em, truncated as in WeasyPrint, and the total advance.

    The adjustment is the difference between the rounded width in the font's `/W` and the advance.
    """
    font = _font(style.face, style.scale)
    buffer = hb.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    buffer.language = style.language
    hb.shape(font, buffer, dict(style.features))
    drawn, advance = [], 0
    for info, position in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        width = round(font.get_glyph_h_advance(info.codepoint) * 1000 / style.scale)
        drawn.append((info.codepoint, int(width - position.x_advance * 1000 / style.scale)))
        advance += position.x_advance
    return drawn, advance


def _drawn_by(operand: bytes) -> list[tuple[int, int]]:
    """The glyphs and adjustments of an operand of `TJ`."""
    drawn: list[tuple[int, int]] = []
    for codes, adjustment in re.findall(rb"<([0-9a-f]+)>(-?\d*)", operand):
        assert len(codes) % 4 == 0
        drawn += [(int(codes[position : position + 4], 16), 0) for position in range(0, len(codes), 4)]
        drawn[-1] = (drawn[-1][0], int(adjustment or 0))
    return drawn


def _require_same(style: Style, text: str) -> None:
    shaped = shape(style, text)
    expected, advance = _drawn_by_harfbuzz(style, text)
    assert _drawn_by(shaped.operand) == expected, text
    assert shaped.width == advance / 1024, text


@pytest.mark.parametrize("face", TEXT_FACES)
def test_shape__all_triples_of_amount_characters(face: str) -> None:
    style = Style(face=face, scale=TEN_POINTS, language="en")
    for characters in product("0123456789$,.-", repeat=3):
        _require_same(style, "".join(characters))


def test_shape__all_triples_of_scan_line_characters() -> None:
    style = Style(face=SCANLINE_FACE, scale=int(10.07 * 96 / 72 * 1024), language="en")
    for characters in product("0123456789AGMPXZ", repeat=3):
        _require_same(style, "".join(characters))


@pytest.mark.parametrize("face", TEXT_FACES)
@pytest.mark.parametrize("scale", SIZES)
def test_shape__amounts_and_dates(face: str, scale: int) -> None:
    random = Random(f"{face} {scale}")
    style = Style(face=face, scale=scale, language="en")
    for _ in range(200):
        cents = random.randrange(10 ** random.randint(2, 11))
        _require_same(style, f"{random.choice(('', '-', '−'))}${cents // 100:,}.{cents % 100:02}".replace("−", "–"))
        _require_same(style, f"{random.choice(('Nov.', 'June', 'May'))}\u00a0{random.randint(1, 31)},\u00a02026")


@pytest.mark.parametrize("face", TEXT_FACES)
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("fi ffl ffi tt fj ft fffi office-fitting", id="ligatures"),
        pytest.param("f’i f-i f.i f1 fi1 1fi", id="broken-ligatures"),
        pytest.param("AVATo Wa. Y, r, y. w, P. F. T: L’A d’O", id="kerning"),
        pytest.param("7.1 1.7 11/17 $7, 4.-", id="kerning-of-digits"),
        pytest.param("A V A W. Y -V V- T- -T", id="kerning-across-spaces"),
        pytest.param("Siobhán O’Connor-Núñez, Þórunn Łukasz Żółć", id="accents"),
        pytest.param("Nguyễn Thị Ánh Đặng Ở Ữ Vậ ťk ďa", id="vietnamese"),
        pytest.param("“Quoted” ‘words’ — and – so… · • § °", id="typography"),
        pytest.param("Ìf Îi fì fí TÀ VÄ rà", id="kerning-with-accents"),
        pytest.param(" leading and trailing ", id="outer-spaces"),
    ],
)
def test_shape__joined_words_match_the_whole_run(face: str, text: str) -> None:
    for scale, features in product(SIZES, FEATURES):
        _require_same(Style(face=face, scale=scale, language="en", features=features), text)


def test_shape__all_pairs_of_simple_characters_at_word_boundaries() -> None:
    """The code decides for each pair of characters alone; here the pairs have letters on both sides."""
    style = Style(face=TEXT_FACES[0], scale=TEN_POINTS, language="en")
    letters = sorted(simple_characters() - set("\u00a0"))
    for one, other in product(letters, ".,:;-’'()/&1$ "):
        _require_same(style, f"a{one}{other}a")
        _require_same(style, f"V{other}{one}f")


_FRAGMENTS = st.sampled_from(
    [
        "fi",
        "ffl",
        "tt",
        "fj",
        "AV",
        "To",
        "r,",
        "y.",
        "w,",
        "P.",
        "f’",
        "T-",
        "1,",
        ".50",
        "$",
        " ",
        " ",
        "-",
        "Ở",
        "ď’",
    ]
)


@given(
    face=st.sampled_from(TEXT_FACES),
    scale=st.sampled_from(SIZES),
    language=st.sampled_from(["en", "es"]),
    features=st.sampled_from(FEATURES),
    parts=st.lists(_FRAGMENTS | st.sampled_from(sorted(simple_characters())), min_size=1, max_size=30),
)
def test_shape__any_run_matches_harfbuzz(
    face: str, scale: int, language: str, features: tuple[tuple[str, int], ...], parts: list[str]
) -> None:
    _require_same(Style(face=face, scale=scale, language=language, features=features), "".join(parts))


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("text", [pytest.param("Жанна", id="cyrillic"), pytest.param("1\u0302", id="combining")])
def test_shape__refuses_characters_that_are_not_simple(face: str, text: str) -> None:
    with pytest.raises(CannotFill, match="characters"):
        shape(Style(face=face, scale=TEN_POINTS, language="en"), text)
