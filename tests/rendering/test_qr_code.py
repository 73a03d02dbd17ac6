"""Codes say what they are given, as a scanner reads them from their strokes."""

from __future__ import annotations

import re
from string import ascii_letters, digits

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from statement_builder.rendering.qr_code import CHARACTERS_MAX, QUIET_MODULES, path_operators, qr_code

_SCALE = 4


def scanned(text: str) -> str:
    """What a scanner reads from the code, drawn with its quiet zone."""
    code = qr_code(text)
    side = code.modules + 2 * QUIET_MODULES
    picture = Image.new("L", (side * _SCALE, side * _SCALE), "white")
    draw = ImageDraw.Draw(picture)
    for left, y, right, same in re.findall(rb"(\d+) (\d+) m\n(\d+) (\d+) l\n", path_operators(code.path)):
        assert y == same
        corners = [(int(x) + QUIET_MODULES) * _SCALE for x in (left, y, right)]
        draw.rectangle((corners[0], corners[1], corners[2] - 1, corners[1] + _SCALE - 1), fill="black")
    (found,) = zxingcpp.read_barcodes(picture)
    assert found.format == zxingcpp.BarcodeFormat.QRCode
    return str(found.text)


@given(text=st.text(st.sampled_from(ascii_letters + digits + "-._~:/?#[]@!$&'()*+,;=%"), min_size=1, max_size=122))
def test_qr_code__says_what_it_is_given(text: str) -> None:
    assert scanned(text) == text


@given(texts=st.integers(1, CHARACTERS_MAX).flatmap(lambda n: st.lists(st.text("1aA/", min_size=n, max_size=n))))
def test_qr_code__texts_of_one_length_fill_one_box(texts: list[str]) -> None:
    assert len({qr_code(text).modules for text in texts}) <= 1


def test_qr_code__no_stroke_leaves_the_box() -> None:
    for length in (1, 20, 40, 60, 80, 100, 122):
        code = qr_code("a" * length)
        assert set(map(int, re.findall(r"\d+", code.path))) <= set(range(code.modules + 1))
        assert code.modules == 17 + 4 * (code.modules - 17 >> 2)


@pytest.mark.parametrize("text", ["", "https://pay.example/é", "x" * (CHARACTERS_MAX + 1)])
def test_qr_code__refuses_what_it_cannot_say(text: str) -> None:
    with pytest.raises(ValueError, match="ASCII"):
        qr_code(text)
