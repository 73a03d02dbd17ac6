"""A scanner reads the text of a code from its strokes."""

from __future__ import annotations

import re
from string import ascii_letters, ascii_lowercase, digits

import pytest
import zint
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from pdf_kit.qr_code import (
    CHARACTERS_MAX,
    QUIET_MODULES,
    modules_of,
    path_operators,
    svg_path,
)

_SCALE = 4


def scanned(text: str) -> str:
    """The text that a scanner reads from the code with its quiet zone."""
    side = modules_of(text) + 2 * QUIET_MODULES
    picture = Image.new("L", (side * _SCALE, side * _SCALE), "white")
    draw = ImageDraw.Draw(picture)
    for left, y, right, same in re.findall(rb"(\d+) (\d+) m\n(\d+) (\d+) l\n", path_operators(text)):
        assert y == same
        corners = [(int(x) + QUIET_MODULES) * _SCALE for x in (left, y, right)]
        draw.rectangle((corners[0], corners[1], corners[2] - 1, corners[1] + _SCALE - 1), fill="black")
    (found,) = zxingcpp.read_barcodes(picture)
    assert found.format == zxingcpp.BarcodeFormat.QRCode
    return str(found.text)


@given(text=st.text(st.sampled_from(ascii_letters + digits + "-._~:/?#[]@!$&'()*+,;=%"), min_size=1, max_size=122))
def test_qr_code__scanner_reads_the_text(text: str) -> None:
    assert scanned(text) == text


@given(text=st.text(st.sampled_from(ascii_lowercase + "-_~;"), min_size=1, max_size=122))
def test_qr_code__matches_zint(text: str) -> None:
    """For characters that zint encodes in byte mode; it may use a shorter mode for others."""
    symbol = zint.Symbol()
    symbol.symbology = zint.Symbology.QRCODE
    symbol.option_1, symbol.option_3 = 2, 5 << 8  # level M, mask 4
    symbol.option_2 = (modules_of(text) - 17) // 4
    symbol.encode(text)
    strides = symbol.encoded_data.strides
    assert strides is not None
    packed, row_bytes = symbol.encoded_data.tobytes(), strides[0]
    side = range(modules_of(text))
    drawn = {(x, y) for y in side for x in side if packed[y * row_bytes + x // 8] >> x % 8 & 1}
    strokes = re.findall(rb"(\d+) (\d+) m\n(\d+) \d+ l\n", path_operators(text))
    assert {(x, int(y)) for left, y, right in strokes for x in range(int(left), int(right))} == drawn


@given(texts=st.integers(1, CHARACTERS_MAX).flatmap(lambda n: st.lists(st.text("1aA/", min_size=n, max_size=n))))
def test_qr_code__equally_long_texts_have_the_same_size(texts: list[str]) -> None:
    assert len({modules_of(text) for text in texts}) <= 1


def test_qr_code__strokes_stay_within_the_code() -> None:
    for length in (1, 20, 40, 60, 80, 100, 122):
        text = "a" * length
        assert set(map(int, re.findall(rb"\d+", path_operators(text)))) <= set(range(modules_of(text) + 1))


@pytest.mark.parametrize("text", ["", "https://pay.example/é", "x" * (CHARACTERS_MAX + 1)])
def test_qr_code__refuses_unsupported_text(text: str) -> None:
    with pytest.raises(ValueError, match="ASCII"):
        modules_of(text)
    with pytest.raises(ValueError, match="ASCII"):
        path_operators(text)


@pytest.mark.parametrize("length", [1, 42, 106])
def test_svg_path__matches_the_pdf_operators(length: int) -> None:
    text = "https://pay.example/" * 6
    moved = re.findall(r"([ML])(\d+) (\d+)", svg_path(text[:length]))
    drawn = re.findall(rb"(\d+) (\d+) ([ml])\n", path_operators(text[:length]))
    assert moved == [(letter.decode().upper(), x.decode(), y.decode()) for x, y, letter in drawn]
