"""The Intelligent Mail barcode: 65 bars of four kinds that tell the postal service who mailed it and where it goes.

Content: USPS-B-3200; bars and clear zones: Publication 25 and domain rules 7.4. Everything is printed in the middle of
what is allowed, and as narrow as is allowed: more would not stay in a window through the insert's travel (7.3).
"""

from __future__ import annotations

import re

import zint

from mail_house.barcodes.encoder import encode
from mail_house.barcodes.symbol import Symbol, rectangle

BAR_WIDTH = 1.2
"""Points: 1/60 in, ten dots of a 600 dpi printer; allowed are 0.015 to 0.025 in."""
PITCH = 3.0
"""1/24 in from bar to bar; allowed are 20 to 24 bars an inch."""
FULL, ASCENDER, TRACKER = 9.6, 6.48, 3.36
"""Heights, 0.133, 0.090 and 0.047 in; allowed are 0.125 to 0.165, 0.082 to 0.111 and 0.039 to 0.057 in."""
QUIET_BESIDE, QUIET_ABOVE = 9.0, 2.016
"""Clear of anything else: 1/8 in left and right, 0.028 in above and below."""
BARS = 65
WIDTH = (BARS - 1) * PITCH + BAR_WIDTH
"""2.683 in; allowed are 2.68 to 3.225 in."""

_LETTERS = "TADF"
"""By whether there is something above the tracker (1) and below it (2): the outer two of zint's three rows."""
_ROUTING_LENGTHS = (0, 5, 9, 11)
_MAILER_ID = re.compile(r"[0-8][0-9]{5}|9[0-9]{8}")
_EDGE = (FULL - TRACKER) / 2
_REACH = {"T": (_EDGE, TRACKER), "A": (_EDGE, ASCENDER), "D": (0.0, ASCENDER), "F": (0.0, FULL)}
"""Where each kind of bar begins, and how high it is."""
_DRAWN = tuple(
    {letter: rectangle(n * PITCH, _REACH[letter][0], BAR_WIDTH, _REACH[letter][1]) for letter in _LETTERS}
    for n in range(BARS)
)


def imb(tracking: str, routing: str) -> str:
    """The 65 bars, left to right: T tracker, A ascender, D descender, F full.

    `tracking` is barcode id (2 digits, the second 0 to 4), service type (3), mailer id and serial number (15);
    `routing` is a ZIP code of 5, 9 or 11 digits, or nothing. Raises ValueError with the reason for anything else.
    """
    # Digits of other scripts are digits to Python, and zint would take a hyphen within a field for the border of one.
    for what, value in (("tracking number", tracking), ("routing code", routing)):
        if not (value.isascii() and value.isdigit()) and value:
            raise ValueError(f"the {what} of a barcode takes the digits 0 to 9 only")
    if len(tracking) != 20 or len(routing) not in _ROUTING_LENGTHS:
        raise ValueError(
            "a barcode takes a tracking number of 20 digits and a routing code of 0, 5, 9 or 11, "
            f"not {len(tracking)} and {len(routing)}"
        )
    if tracking[1] > "4":
        raise ValueError(f"the second digit of a tracking number is 0 to 4, not {tracking[1]}")
    _, (above, _, below) = encode(f"{tracking}-{routing}" if routing else tracking, zint.Symbology.USPS_IMAIL)
    return "".join(_LETTERS[(above >> place & 1) + 2 * (below >> place & 1)] for place in range(0, 2 * BARS, 2))


def tracking_number(*, barcode_id: str, service_type: str, mailer_id: str, serial: int) -> str:
    """The 20 digits. A mailer id of 6 digits begins with 0 to 8 and leaves 9 for the serial number, one of 9 digits
    begins with 9 and leaves 6.

    Raises ValueError for a part that is not made so, and for a serial number that is too large.
    """
    if not re.fullmatch(r"[0-9][0-4]", barcode_id):
        raise ValueError(f"a barcode id is two digits, the second 0 to 4, not {barcode_id!r}")
    if not re.fullmatch(r"[0-9]{3}", service_type):
        raise ValueError(f"a service type is three digits, not {service_type!r}")
    digits = serial_digits(mailer_id)
    if not 0 <= serial < 10**digits:
        raise ValueError(f"serial number {serial} does not fit mailer id {mailer_id}, which leaves {digits} digits")
    return f"{barcode_id}{service_type}{mailer_id}{serial:0{digits}d}"


def serial_digits(mailer_id: str) -> int:
    """How many digits a mailer id leaves for the serial number. Raises ValueError where it is none."""
    if not _MAILER_ID.fullmatch(mailer_id):
        raise ValueError(f"a mailer id is 6 digits that begin with 0 to 8, or 9 that begin with 9, not {mailer_id!r}")
    return 15 - len(mailer_id)


def draw_imb(letters: str) -> Symbol:
    """The bars as rectangles. `letters` are those of `imb`."""
    path = b"".join([drawn[letter] for drawn, letter in zip(_DRAWN, letters, strict=True)])
    return Symbol(width=WIDTH, height=FULL, path=path)
