"""The line of type that a lockbox's scanner reads on a payment coupon: account, amount, check digit (domain rules 7.5).

Every bank has its own layout, so widths and check digit are settings, with the bank's own test lines beside them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from string import ascii_uppercase

from statement_builder.billing.model import Record

CHARACTERS_MAX = 30
"""Three inches at ten characters an inch: what fits beside the remittance address, with a quarter inch clear."""
_ACCOUNT = re.compile(r"[A-Z0-9]+")
_LETTERS_AS_DIGITS = str.maketrans({letter: str(int(letter, 36)) for letter in ascii_uppercase})


class CheckDigit(Record, kw_only=True):
    """Multiply each digit by the next weight, add up, and take what is missing to a multiple of ten.

    The defaults are Luhn's algorithm (ISO/IEC 7812-1, annex B). A letter counts as the two digits 10 (A) to 35 (Z), as
    in ISO 6166.
    """

    weights: tuple[int, ...] = (2, 1)
    """Repeated as often as needed."""
    from_right: bool = True
    """Which end the first weight belongs to."""
    digit_sum: bool = True
    """Whether a product of two digits counts as their sum."""


class Scanline(Record, kw_only=True):
    """A lockbox's layout: the guarantor's number, then the amount in cents, both filled with zeros on the left."""

    account_width: int = 16
    amount_width: int = 10
    check: CheckDigit = CheckDigit()
    examples: tuple[str, ...] = ()
    """Whole lines that the bank gave to test with: the last character of each is its check digit."""


def scanline(layout: Scanline, guarantor_id: str, amount_cents: int) -> str:
    """The line as printed, or nothing where the scanner could take it for somebody else's.

    That is a number with other characters than A to Z and 0 to 9, one that is too long, or one that begins with a zero
    and is not as long as the field, since zeros are also what it is filled with. Such a payment is keyed by hand.
    """
    amount = f"{amount_cents:0{layout.amount_width}d}"
    clear = _ACCOUNT.fullmatch(guarantor_id) and len(guarantor_id) <= layout.account_width
    padded = guarantor_id.startswith("0") and len(guarantor_id) < layout.account_width
    if not clear or padded or amount_cents < 0 or len(amount) > layout.amount_width:
        return ""
    line = guarantor_id.rjust(layout.account_width, "0") + amount
    return line + check_digit(line, layout.check)


def check_digit(line: str, check: CheckDigit) -> str:
    """One digit, for a line of digits and capital letters."""
    digits = line.translate(_LETTERS_AS_DIGITS).encode("ascii")
    if check.from_right:
        digits = digits[::-1]
    each = len(check.weights)
    total = 0
    for place, weight in enumerate(check.weights):
        total += sum(map(_products(weight, digit_sum=check.digit_sum).__getitem__, digits[place::each]))
    return str(-total % 10)


@lru_cache(maxsize=32)
def _products(weight: int, *, digit_sum: bool) -> dict[int, int]:
    """What each digit, as its character's code, adds to the total."""
    products = {ord(str(digit)): digit * weight for digit in range(10)}
    return {code: sum(divmod(product, 10)) if digit_sum else product for code, product in products.items()}


def scanline_problem(layout: Scanline) -> str:
    """What is wrong with a layout, in words for whoever set it; empty if nothing is."""
    if layout.account_width < 1 or layout.amount_width < 1:
        return "account_width and amount_width have to be at least 1"
    if layout.account_width + layout.amount_width + 1 > CHARACTERS_MAX:
        return f"the line has room for {CHARACTERS_MAX} characters: account_width, amount_width and the check digit"
    if not layout.check.weights or not all(0 < weight < 10 for weight in layout.check.weights):
        return "check.weights have to be digits from 1 to 9"
    for example in layout.examples:
        if not _ACCOUNT.fullmatch(example) or check_digit(example[:-1], layout.check) != example[-1:]:
            return f"the bank's example that ends in {example[-1:]!r} has another check digit by these settings"
    return ""
