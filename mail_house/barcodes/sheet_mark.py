"""The mark that an inserter reads on every sheet: a DataMatrix (ECC 200, ISO/IEC 16022) with the document's sequence
number, the sheet number, and whether the envelope closes after this sheet."""

from __future__ import annotations

from functools import lru_cache

import msgspec
import zint

from mail_house.barcodes.encoder import encode
from mail_house.barcodes.symbol import Symbol, rectangle

MODULES = 14
"""A square of 14 modules holds the 16 digits of a sheet mark."""
QUIET_MODULES = 1
"""Quiet zone on every side (ISO/IEC 16022)."""


class SheetMark(msgspec.Struct, frozen=True, kw_only=True):
    """The content of one sheet's mark."""

    sequence: int
    """The document's position in its batch."""
    sheet: int
    """From 1."""
    sheets: int

    @property
    def is_last(self) -> bool:
        """Whether the envelope closes after this sheet (end of piece)."""
        return self.sheet == self.sheets


def write_sheet_mark(mark: SheetMark) -> str:
    """Return the 16 digits: sequence (9), sheet (3), sheets (3), end of piece (1 or 0)."""
    return f"{mark.sequence:09d}{mark.sheet:03d}{mark.sheets:03d}{int(mark.is_last)}"


def read_sheet_mark(text: str) -> SheetMark:
    """Parse the 16 digits. Raises ValueError for text that `write_sheet_mark` cannot have written."""
    if not (len(text) == 16 and text.isascii() and text.isdigit()):
        raise ValueError("a sheet mark must be 16 digits")
    mark = SheetMark(sequence=int(text[:9]), sheet=int(text[9:12]), sheets=int(text[12:15]))
    if not 1 <= mark.sheet <= mark.sheets or text[15] != str(int(mark.is_last)):
        raise ValueError("the sheet mark's fields contradict each other")
    return mark


@lru_cache(maxsize=4_096)
def data_matrix(text: str, *, module: float) -> Symbol:
    """Draw the symbol for 16 digits with modules `module` points wide. Raises ValueError if it needs another size."""
    width, rows = encode(text, zint.Symbology.DATAMATRIX, option_3=zint.DataMatrixOptions.SQUARE)
    if width != MODULES or len(rows) != MODULES:
        raise ValueError(f"a sheet mark must be {MODULES} modules wide, not {width}")
    path = b"".join([_draw_row(bits, MODULES - 1 - row, module) for row, bits in enumerate(rows)])
    return Symbol(width=MODULES * module, height=MODULES * module, path=path)


@lru_cache(maxsize=100_000)
def _draw_row(bits: int, row: int, module: float) -> bytes:
    """Draw one row, a rectangle for each run of dark modules; `row` counts from the bottom."""
    runs: list[bytes] = []
    start: int | None = None
    for column in range(MODULES + 1):
        dark = column < MODULES and bits >> column & 1
        if dark and start is None:
            start = column
        elif not dark and start is not None:
            runs.append(rectangle(start * module, row * module, (column - start) * module, module))
            start = None
    return b"".join(runs)
