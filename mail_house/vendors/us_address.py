"""Parses the address lines in the window, for vendors that print the address themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from mail_house.postal import ZIP_PATTERN, domestic_lines, format_zip

_CITY_LINE = re.compile(rf"(?P<city>\S.*?),? +(?P<state>[A-Za-z]{{2}}) +{ZIP_PATTERN}")


class UsAddress(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    delivery: tuple[str, ...]
    """1 to 3 lines above the city line."""
    city: str
    state: str
    zip: str


def read_us_address(lines: Sequence[str]) -> UsAddress:
    """Parse the printed lines: name, delivery lines, `City, ST 12345`. A last line that says United States is left out.

    Raises ValueError, without quoting the address, if the lines have another form, such as a foreign address.
    """
    lines = domestic_lines(tuple(lines))
    found = _CITY_LINE.fullmatch(lines[-1].strip()) if len(lines) >= 3 else None
    if found is None:
        raise ValueError("its address does not end in a US city, state and ZIP")
    return UsAddress(
        name=lines[0], delivery=lines[1:-1], city=found["city"], state=found["state"].upper(), zip=format_zip(found)
    )
