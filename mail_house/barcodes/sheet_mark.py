"""The mark that an inserter reads on every sheet: a DataMatrix (ECC 200, ISO/IEC 16022) that says which sheet of which
document it is and whether the envelope closes after it (domain rules 7.6)."""

from __future__ import annotations

from functools import lru_cache

import msgspec
import zint

from mail_house.barcodes.encoder import encode
from mail_house.barcodes.symbol import Symbol, rectangle

MODULES = 14
"""A square of 14 modules holds the 16 digits that a sheet's mark says."""
QUIET_MODULES = 1
"""Clear of anything else on every side (ISO/IEC 16022)."""


class SheetMark(msgspec.Struct, frozen=True, kw_only=True):
    """What a sheet says of itself."""

    sequence: int
    """Of the document within its batch."""
    sheet: int
    """From 1."""
    sheets: int

    @property
    def is_last(self) -> bool:
        """End of piece: the envelope closes after this sheet."""
        return self.sheet == self.sheets


def write_sheet_mark(mark: SheetMark) -> str:
    """Sequence (9 digits), sheet (3), sheets (3), end of piece (1 or 0)."""
    return f"{mark.sequence:09d}{mark.sheet:03d}{mark.sheets:03d}{int(mark.is_last)}"


def read_sheet_mark(text: str) -> SheetMark:
    """Raises ValueError for what `write_sheet_mark` cannot have written."""
    if not (len(text) == 16 and text.isascii() and text.isdigit()):
        raise ValueError("a sheet's mark is 16 digits")
    mark = SheetMark(sequence=int(text[:9]), sheet=int(text[9:12]), sheets=int(text[12:15]))
    if not 1 <= mark.sheet <= mark.sheets or text[15] != str(int(mark.is_last)):
        raise ValueError("a sheet's mark contradicts itself")
    return mark


@lru_cache(maxsize=4_096)
def data_matrix(text: str, *, module: float) -> Symbol:
    """The symbol for 16 digits, its modules `module` points wide. Raises ValueError where it takes another size."""
    width, rows = encode(text, zint.Symbology.DATAMATRIX, option_3=zint.DataMatrixOptions.SQUARE)
    if width != MODULES or len(rows) != MODULES:
        raise ValueError(f"a sheet's mark is {MODULES} modules wide, this would be {width}")
    path = b"".join([_draw_row(bits, MODULES - 1 - row, module) for row, bits in enumerate(rows)])
    return Symbol(width=MODULES * module, height=MODULES * module, path=path)


@lru_cache(maxsize=100_000)
def _draw_row(bits: int, above: int, module: float) -> bytes:
    """A row as rectangles, one for each run of dark modules; `above` counts rows from the bottom."""
    runs: list[bytes] = []
    start: int | None = None
    for place in range(MODULES + 1):
        dark = place < MODULES and bits >> place & 1
        if dark and start is None:
            start = place
        elif not dark and start is not None:
            runs.append(rectangle(start * module, above * module, (place - start) * module, module))
            start = None
    return b"".join(runs)
