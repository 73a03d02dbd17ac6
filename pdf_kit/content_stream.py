"""Take a page's content stream apart: text operators, the QR code's path, and everything else.

Reads streams in the form that WeasyPrint writes. Raises `UnsupportedPdf` for anything else, down to the last operator:
what is not understood here could move, hide or draw text.
"""

from __future__ import annotations

import re

from pdf_kit.pdf_file import UnsupportedPdf

TEXT = re.compile(rb"BT\n1 0 0 -1 ([^\]]*)\] TJ\nET\n")
"""A text object. Splitting a stream by this pattern gives other operators and text operators by turns."""
TEXT_OPERATOR = re.compile(rb"(-?[\d.]+) (-?[\d.]+) Tm\n/(\S+) ([\d.]+) Tf\n\[([^\]]*)")
"""The group of `TEXT`, if it is a single text operator: x, y, font name, font size and operand."""


def remove_qr_code(drawn: bytes, path: bytes) -> tuple[bytes, bytes]:
    """Split operators into those that do not draw the QR code, and the setup that precedes its path.

    The setup is empty if the page has no code with this path. Raises `UnsupportedPdf` if the code's operators do
    anything else.
    """
    before, found, after = drawn.partition(path)
    if not found:
        return drawn, b""
    start = before.rfind(_SETUP_START)
    if not _SETUP.fullmatch(before, max(start, 0)) or not after.startswith(_SETUP_END):
        raise UnsupportedPdf("QR code")
    return before[:start] + after[len(_SETUP_END) :], before[start:]


def read_scale(drawn: bytes) -> tuple[float, float]:
    """Read the page height in points and the scale of its content from all operators that draw no text.

    Raises `UnsupportedPdf` unless the content is scaled exactly once, at the beginning, is never rotated, and no other
    operator could draw or move text.
    """
    opening = _OPENING.match(drawn)
    if opening is None:
        raise UnsupportedPdf("coordinates")
    operators = _OPERANDS.sub(b" ", drawn[opening.end() :]).split()
    if not _HARMLESS.issuperset(operators):
        raise UnsupportedPdf("operators")
    # Only the last `Q` may restore the unscaled state.
    depth = 1
    for count, operator in enumerate(operators, start=1):
        depth += (operator == b"q") - (operator == b"Q")
        if depth < 1 and count < len(operators):
            raise UnsupportedPdf("graphics state")
    if depth:
        raise UnsupportedPdf("graphics state")
    return float(opening[1]), float(opening[2])


_SETUP_START, _SETUP_END = b"q\n/a1 gs\n", b"S\nQ\nQ\nQ\nQ\n"
_SETUP = re.compile(
    rb"q\n/a1 gs\n1 0 0 1 [\d.]+ [\d.]+ cm\nq\nq\n1 0 0 1 0 0 cm\n([\d.]+) 0 0 \1 [\d.]+ [\d.]+ cm\n"
    rb"q\n/A1.0 gs\n0 0 0 RG\n1 w\n\[\] 0 d\n0 J\n0 j\n4 M\n0 0 m\n"
)
"""The setup of a code's path: moved and scaled as a whole, stroked in black, one module wide."""
_OPENING = re.compile(rb"1 0 0 -1 0 ([\d.]+) cm\nq\n([\d.]+) 0 0 \2 0 0 cm\n")
_OPERANDS = re.compile(rb"<<[^<>()\[\]]*>>|\[[-\d. ]*\]|(?<!\S)(?:-?[\d.]+|/[^\s()<>\[\]{}/%]+)(?!\S)")
_HARMLESS = frozenset(
    b"q Q m l c v y h re S s f f* B B* b b* n W W* w J j M d i ri gs G g RG rg K k BMC BDC EMC".split()
)
"""Operators that neither draw nor move text (ISO 32000-1, annex A)."""
