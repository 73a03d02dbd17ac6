"""Wrapper around the zint encoder: text in, rows of bits out."""

from __future__ import annotations

import zint


def encode(text: str, symbology: zint.Symbology, *, option_3: int = 0) -> tuple[int, list[int]]:
    """Return the width in bits and the rows from the top. Each row is an integer; its lowest bit is the leftmost.

    Raises ValueError with zint's reason. zint accepts some invalid input, so the caller must validate first.
    """
    symbol = zint.Symbol()
    symbol.symbology = symbology
    symbol.option_3 = option_3
    try:
        symbol.encode(text)
    except (RuntimeError, ValueError) as exc:
        raise ValueError(f"the text cannot be encoded as a barcode: {exc}") from exc
    shape = symbol.encoded_data.shape
    assert shape is not None
    row_bytes, packed = shape[1], bytes(symbol.encoded_data)
    rows = [
        int.from_bytes(packed[row * row_bytes : (row + 1) * row_bytes], "little") for row in range(int(symbol.rows))
    ]
    return int(symbol.width), rows
