"""The Intelligent Mail barcode: 65 bars of four kinds that encode the mailer and the destination.

Content: USPS-B-3200. Bars and clear zones: Publication 25. Bar heights and widths are in the
middle of the permitted range. The pitch is the narrowest permitted: a wider barcode would not stay inside the window
when the insert shifts (7.3).
"""

from __future__ import annotations

import re

import zint

from mail_house.barcodes.encoder import encode
from mail_house.barcodes.symbol import Symbol, rectangle

BAR_WIDTH = 1.2
"""Points: 1/60 in, ten dots of a 600 dpi printer. Permitted: 0.015 to 0.025 in."""
PITCH = 3.0
"""Points: 1/24 in from bar to bar. Permitted: 20 to 24 bars per inch."""
FULL, ASCENDER, TRACKER = 9.6, 6.48, 3.36
"""Heights in points: 0.133, 0.090 and 0.047 in. Permitted: 0.125 to 0.165, 0.082 to 0.111, 0.039 to 0.057 in."""
QUIET_BESIDE, QUIET_ABOVE = 9.0, 2.016
"""Quiet zone in points: 1/8 in left and right, 0.028 in above and below."""
BARS = 65
WIDTH = (BARS - 1) * PITCH + BAR_WIDTH
"""Points: 2.683 in. Permitted: 2.68 to 3.225 in."""

_LETTERS = "TADF"
"""Index: 1 if the bar extends above the tracker, plus 2 if it extends below (the outer two of zint's three rows)."""
_ROUTING_LENGTHS = (0, 5, 9, 11)
_MAILER_ID = re.compile(r"[0-8][0-9]{5}|9[0-9]{8}")
_TRACKER_BOTTOM = (FULL - TRACKER) / 2
_EXTENTS = {
    "T": (_TRACKER_BOTTOM, TRACKER),
    "A": (_TRACKER_BOTTOM, ASCENDER),
    "D": (0.0, ASCENDER),
    "F": (0.0, FULL),
}
"""Bottom and height of each kind of bar, in points."""
_RECTANGLES = tuple(
    {letter: rectangle(n * PITCH, _EXTENTS[letter][0], BAR_WIDTH, _EXTENTS[letter][1]) for letter in _LETTERS}
    for n in range(BARS)
)


def imb(tracking: str, routing: str) -> str:
    """Return the 65 bars, left to right: T tracker, A ascender, D descender, F full.

    `tracking` is barcode id (2 digits, the second 0 to 4), service type (3), mailer id and serial number (15);
    `routing` is a ZIP code of 5, 9 or 11 digits, or empty. Raises ValueError with the reason for anything else.
    """
    # Python accepts digits of other scripts, and zint reads a hyphen inside a field as a field separator.
    for field, value in (("tracking number", tracking), ("routing code", routing)):
        if not (value.isascii() and value.isdigit()) and value:
            raise ValueError(f"the {field} of a barcode may contain the digits 0 to 9 only")
    if len(tracking) != 20 or len(routing) not in _ROUTING_LENGTHS:
        raise ValueError(
            "a barcode requires a tracking number of 20 digits and a routing code of 0, 5, 9 or 11 digits, "
            f"not {len(tracking)} and {len(routing)}"
        )
    if tracking[1] > "4":
        raise ValueError(f"the second digit of a tracking number must be 0 to 4, not {tracking[1]}")
    _, (above, _, below) = encode(f"{tracking}-{routing}" if routing else tracking, zint.Symbology.USPS_IMAIL)
    return "".join(_LETTERS[(above >> bit & 1) + 2 * (below >> bit & 1)] for bit in range(0, 2 * BARS, 2))


def tracking_number(*, barcode_id: str, service_type: str, mailer_id: str, serial: int) -> str:
    """Return the 20-digit tracking number. A 6-digit mailer id starts with 0 to 8 and leaves 9 digits for the serial
    number; a 9-digit mailer id starts with 9 and leaves 6.

    Raises ValueError for an invalid part or a serial number that is too large.
    """
    if not re.fullmatch(r"[0-9][0-4]", barcode_id):
        raise ValueError(f"a barcode id must be two digits, the second 0 to 4, not {barcode_id!r}")
    if not re.fullmatch(r"[0-9]{3}", service_type):
        raise ValueError(f"a service type must be three digits, not {service_type!r}")
    digits = serial_digits(mailer_id)
    if not 0 <= serial < 10**digits:
        raise ValueError(f"serial number {serial} does not fit mailer id {mailer_id}, which leaves {digits} digits")
    return f"{barcode_id}{service_type}{mailer_id}{serial:0{digits}d}"


def serial_digits(mailer_id: str) -> int:
    """Return the number of digits that a mailer id leaves for the serial number. Raises ValueError if it is invalid."""
    if not _MAILER_ID.fullmatch(mailer_id):
        raise ValueError(
            f"a mailer id must be 6 digits starting with 0 to 8, or 9 digits starting with 9, not {mailer_id!r}"
        )
    return 15 - len(mailer_id)


def draw_imb(letters: str) -> Symbol:
    """Draw the bars as rectangles. `letters` is a result of `imb`."""
    path = b"".join([rectangles[letter] for rectangles, letter in zip(_RECTANGLES, letters, strict=True)])
    return Symbol(width=WIDTH, height=FULL, path=path)
