"""The scanline of a payment coupon, which a lockbox scanner reads: account, amount, check digit.

Each bank has its own layout, so the widths and the check digit are settings, tested with the bank's sample lines.
"""

from __future__ import annotations

import re
from functools import lru_cache
from string import ascii_uppercase

from statement_builder.billing.model import Record

CHARACTERS_MAX = 30
"""3 inches at 10 characters per inch: fits beside the remittance address with a quarter-inch quiet zone."""
_ACCOUNT = re.compile(r"[A-Z0-9]+")
_LETTERS_AS_DIGITS = str.maketrans({letter: str(int(letter, 36)) for letter in ascii_uppercase})


class CheckDigit(Record, kw_only=True):
    """A weighted modulo-10 check digit: the weighted sum plus the check digit is a multiple of 10.

    The defaults are the Luhn algorithm (ISO/IEC 7812-1, annex B). A letter counts as two digits, 10 (A) to 35 (Z)
    (ISO 6166).
    """

    weights: tuple[int, ...] = (2, 1)
    """Weights of the digits, repeated as needed."""
    from_right: bool = True
    """Whether the first weight applies to the rightmost digit."""
    digit_sum: bool = True
    """Whether a two-digit product counts as the sum of its digits."""


class Scanline(Record, kw_only=True):
    """A lockbox layout: the guarantor id, then the amount in cents, both padded with zeros on the left."""

    account_width: int = 16
    """Characters of the guarantor id."""
    amount_width: int = 10
    """Digits of the amount in cents."""
    check: CheckDigit = CheckDigit()
    """The bank's check digit algorithm."""
    examples: tuple[str, ...] = ()
    """Complete sample lines from the bank. The last character of each is its check digit."""


def scanline(layout: Scanline, guarantor_id: str, amount_cents: int) -> str:
    """The line as printed, or an empty string if there is nothing to pay, or the scanner could read it as another
    guarantor's.

    The guarantor id must have only A to Z and 0 to 9 and fit the field. A shorter id must not start with a zero, like
    the padding. Without a scanline, the payment is keyed manually.
    """
    amount = f"{amount_cents:0{layout.amount_width}d}"
    fits = _ACCOUNT.fullmatch(guarantor_id) and len(guarantor_id) <= layout.account_width
    ambiguous = guarantor_id.startswith("0") and len(guarantor_id) < layout.account_width
    if not fits or ambiguous or amount_cents <= 0 or len(amount) > layout.amount_width:
        return ""
    line = guarantor_id.rjust(layout.account_width, "0") + amount
    return line + check_digit(line, layout.check)


def check_digit(line: str, check: CheckDigit) -> str:
    """The check digit for a line of digits and capital letters."""
    digits = line.translate(_LETTERS_AS_DIGITS).encode("ascii")
    if check.from_right:
        digits = digits[::-1]
    step = len(check.weights)
    total = 0
    for position, weight in enumerate(check.weights):
        total += sum(map(_products(weight, digit_sum=check.digit_sum).__getitem__, digits[position::step]))
    return str(-total % 10)


@lru_cache(maxsize=32)
def _products(weight: int, *, digit_sum: bool) -> dict[int, int]:
    """What each digit adds to the total, by character code."""
    products = {ord(str(digit)): digit * weight for digit in range(10)}
    return {code: sum(divmod(product, 10)) if digit_sum else product for code, product in products.items()}


def scanline_problem(layout: Scanline) -> str:
    """What is wrong with a layout, for an error message. Empty if it is valid."""
    if layout.account_width < 1 or layout.amount_width < 1:
        return "account_width and amount_width must be at least 1"
    if layout.account_width + layout.amount_width + 1 > CHARACTERS_MAX:
        return f"account_width, amount_width, and the check digit together must not exceed {CHARACTERS_MAX} characters"
    if not layout.check.weights or not all(0 < weight < 10 for weight in layout.check.weights):
        return "check.weights must be digits from 1 to 9"
    for example in layout.examples:
        if not _ACCOUNT.fullmatch(example) or check_digit(example[:-1], layout.check) != example[-1:]:
            return f"the bank's example that ends in {example[-1:]!r} has a different check digit under these settings"
    return ""
