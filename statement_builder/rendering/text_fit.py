"""Choose the type size at which a text fits the space that a page reserves for it.

The lines are counted from the fonts' advance widths without kerning, so the count is never too low by more than a
kerning pair.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

from statement_builder.documents.content import Recipient
from statement_builder.documents.facts import VisitLine
from statement_builder.rendering.errors import DocumentError
from statement_builder.rendering.fonts import TEXT_FACES, font_path

_REGULAR, _SEMIBOLD, _ = TEXT_FACES
_ASCII_WIDTH_MAX = 0.9
"""Font sizes: no ASCII character of the text fonts is wider."""


_VISIT_LINE_CHARACTERS = 82
"""Of the facts in the line, without the labels and separators: 31 of the 113 that fit at 9 points on average."""
_DATE_CHARACTERS, _DATES_CHARACTERS = 12, 28
"""`Oct 11, 2026`, and the same with the last day."""


class _Step(NamedTuple):
    """A type size, the width of a line in points, the lines that fit, and the CSS class that sets the size."""

    css_class: str
    size: float
    width: float
    lines_max: int


_WINDOW = (_Step("", 10.5, 266.4, 4), _Step("tight", 9, 266.4, 5), _Step("tightest", 8, 266.4, 6))
"""The address window, above the postal barcode. 8 points is the minimum for the postal service."""
_COUPON_NAME = (_Step("", 10, 172.8, 1), _Step("small", 7.5, 172.8, 3), _Step("smallest", 6, 172.8, 5))
_COUPON_NAME_LARGE = (_Step("", 18, 216, 2), _Step("small", 11, 216, 4), _Step("smallest", 8, 216, 5))
_COUPON_NUMBER = (_Step("", 10, 115.2, 1), _Step("small", 7.5, 115.2, 2), _Step("smallest", 6, 115.2, 3))
_COUPON_NUMBER_LARGE = (_Step("", 18, 140.4, 1), _Step("small", 10, 140.4, 2), _Step("smallest", 7, 140.4, 3))


def window_fit(recipient: Recipient) -> str:
    """CSS class of the type size that keeps the address within the window, with 1/8 inch to spare.

    Raises `DocumentError` NAME or ADDRESS, whichever takes more lines, if no size does.
    """
    lines = (recipient.name, *recipient.lines)
    for step in _WINDOW:
        if sum([count_lines(line, step.size, step.width, _REGULAR) for line in lines]) <= step.lines_max:
            return step.css_class
    _, size, width, _ = _WINDOW[-1]
    name_lines, *address_lines = [count_lines(line, size, width, _REGULAR) for line in lines]
    if name_lines > max(address_lines, default=0):
        raise DocumentError(
            "NAME",
            "The guarantor's name is too long for the envelope's window.",
            "Shorten first_name or last_name in the billing system.",
        )
    raise DocumentError(
        "ADDRESS",
        "The mailing address is too long for the envelope's window.",
        "Shorten address_lines, city or country in the billing system (confidential_lines and confidential_city for a "
        "confidential address).",
    )


def coupon_name_fit(name: str, large_print: bool) -> str:
    """CSS class of the type size that keeps the name above the coupon's scan line."""
    return _find_class(name, _COUPON_NAME_LARGE if large_print else _COUPON_NAME)


def coupon_number_fit(number: str, large_print: bool) -> str:
    """CSS class of the type size that keeps the billing number above the coupon's scan line."""
    return _find_class(number, _COUPON_NUMBER_LARGE if large_print else _COUPON_NUMBER)


def insurer_fits(visit: VisitLine) -> bool:
    """Whether the insurer's name fits the line with a visit's dates, patient, account number and facility."""
    dates = _DATE_CHARACTERS if visit.service_from == visit.service_to else _DATES_CHARACTERS
    names = len(visit.patient_name) + len(visit.account_number) + len(visit.facility_name) + len(visit.insurance_name)
    return dates + names <= _VISIT_LINE_CHARACTERS


def _find_class(text: str, steps: tuple[_Step, ...]) -> str:
    """The class of the first step that holds the text, or of the last step."""
    for css_class, size, width, lines_max in steps:
        if count_lines(text, size, width, _SEMIBOLD) <= lines_max:
            return css_class
    return steps[-1].css_class


def count_lines(text: str, size: float, width: float, face: str) -> int:
    """The lines that a text takes if a word longer than a line is broken anywhere. `size` and `width` in points."""
    if len(text) * _ASCII_WIDTH_MAX * size <= width and text.isascii():
        return 1
    advances, line_width = _advances(face), width / size
    lines, position = 1, 0.0
    for word in text.split(" "):
        widths = [advances.get(ord(character), 1.0) for character in word]
        if position and position + sum(widths) > line_width:
            lines, position = lines + 1, 0.0
        for each in widths:
            if position + each > line_width:
                lines, position = lines + 1, 0.0
            position += each
        position += advances[0x20]
    return lines


@lru_cache(maxsize=len(TEXT_FACES))
def _advances(face: str) -> dict[int, float]:
    """The advance width of each code point in font sizes."""
    with TTFont(font_path(face), lazy=True) as font:
        units_per_em, metrics = font["head"].unitsPerEm, font["hmtx"]
        return {code_point: metrics[glyph][0] / units_per_em for code_point, glyph in font.getBestCmap().items()}
