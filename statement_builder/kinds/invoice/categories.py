"""The categories of an itemized bill, from the UB-04 revenue codes of its lines.

The first three digits of a revenue code name its category (National Uniform Billing Committee, UB-04 form locator 42).
The names are ours: what a patient calls the care, not what a biller does.
"""

from __future__ import annotations

from collections.abc import Iterable

from statement_builder.kinds.definition import N_

_CATEGORIES: tuple[tuple[str, Iterable[int]], ...] = (
    (N_("Room and nursing care"), (*range(10, 23), 99)),
    (N_("Medicines"), (25, 63)),
    (N_("Medicines given by vein"), (26,)),
    (N_("Supplies and devices"), (27, 29, 62)),
    (N_("Laboratory tests"), (30, 31)),
    (N_("X-rays and scans"), (32, 33, 34, 35, 40, 61)),
    (N_("Operating room"), (36, 49)),
    (N_("Anesthesia"), (37,)),
    (N_("Blood"), (38, 39)),
    (N_("Breathing care"), (41, 46)),
    (N_("Therapy"), (42, 43, 44, 47, 53, 93, 94, 95)),
    (N_("Emergency room"), (45,)),
    (N_("Heart care"), (48, 73)),
    (N_("Clinic visits"), (50, 51, 52)),
    (N_("Ambulance"), (54,)),
    (N_("Care at home"), (55, 56, 57, 58, 59, 60, 64, 65, 66)),
    (N_("Recovery room"), (70, 71)),
    (N_("Childbirth"), (72,)),
    (N_("Tests of nerves and brain"), (74,)),
    (N_("Tests and treatment rooms"), (75, 76, 77, 79, 92)),
    (N_("Dialysis"), (80, 82, 83, 84, 85, 88)),
    (N_("Behavioral health"), (90, 91, 100)),
    (N_("Doctors and other professionals"), (96, 97, 98)),
)
OTHER_SERVICES = N_("Other services")
"""Of lines without a known revenue code."""
MEDICAL_SERVICES = N_("Medical services")
"""Of all lines of a sensitive visit: a category such as behavioral health can tell what it treats."""
_BY_PREFIX = {prefix: name for name, prefixes in _CATEGORIES for prefix in prefixes}
_NAMES = (*(name for name, _ in _CATEGORIES), OTHER_SERVICES)
_ORDER = {name: position for position, name in enumerate(_NAMES)}
_DIGITS_MAX = 4


def category_of(revenue_code: str) -> str:
    """The category of a revenue code of three or four digits, such as `0250` or `250`. `OTHER_SERVICES` for any other
    text."""
    if not (revenue_code.isascii() and revenue_code.isdigit() and len(revenue_code) in (_DIGITS_MAX - 1, _DIGITS_MAX)):
        return OTHER_SERVICES
    return _BY_PREFIX.get(int(revenue_code) // 10, OTHER_SERVICES)


def position_of(category: str) -> int:
    """Where a category stands on the page."""
    return _ORDER.get(category, len(_ORDER))
