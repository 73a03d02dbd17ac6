"""Merge keys in the order of the database, whatever the two key columns contain.

Valid text compares in Python as it does in the database, by bytes. Anything else (damaged text, binary data, a number,
NULL) becomes an `UnreadableKey`, which compares with text and with its own kind as the database does. So a bad key
belongs to one guarantor, and the rows around it stay in order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import total_ordering
from operator import itemgetter
from typing import Any

_NULL, _NUMBER, _TEXT, _BINARY, _OTHER = range(5)
"""SQLite's order of storage classes. PostgreSQL has one type per column, and NULL last."""
_NULL_LAST = 9

_first, _second = itemgetter(0), itemgetter(1)


@total_ordering
class UnreadableKey:
    """A key column that is not valid text."""

    __slots__ = ("_order", "_value")

    def __init__(self, value: object, *, nulls_last: bool) -> None:
        self._value = value
        self._order = _order_of(value, nulls_last)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UnreadableKey) and self._order == other._order

    def __hash__(self) -> int:
        return hash(self._order)

    def __lt__(self, other: UnreadableKey | str) -> bool:
        return self._order < (other._order if isinstance(other, UnreadableKey) else (_TEXT, _bytes_of(other)))

    def __str__(self) -> str:
        """The key for messages and the ledger: different keys stay different, from each other and from text."""
        if isinstance(self._value, str):
            return self._value
        text = self._value.decode("utf-8", "replace") if isinstance(self._value, bytes) else str(self._value)
        digest = hashlib.sha256(repr(self._order).encode()).hexdigest()[:8]
        return f"{text[:32]}~{digest}"


def is_missing(key: object) -> bool:
    """Whether a key column holds no key: NULL, or the empty text that the contract asks for instead."""
    return key is None or key == ""


def are_all_text(rows: Sequence[Sequence[Any]]) -> bool:
    """Whether both key columns of every row are ASCII text, as nearly always, so that the rows' values are the keys."""
    try:
        return "".join(map(_first, rows)).isascii() and "".join(map(_second, rows)).isascii()
    except TypeError:
        return False


def sortable(value: object, *, nulls_last: bool) -> str | UnreadableKey:
    """The value itself if it is valid text, otherwise an `UnreadableKey`."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return UnreadableKey(value, nulls_last=nulls_last)
        return value
    return UnreadableKey(value, nulls_last=nulls_last)


def _order_of(value: object, nulls_last: bool) -> tuple[int, Any]:
    if value is None:
        return (_NULL_LAST if nulls_last else _NULL, 0)
    if isinstance(value, str):
        return (_TEXT, _bytes_of(value))
    if isinstance(value, bytes):
        return (_BINARY, value)
    if isinstance(value, (int, float)) and value == value:  # noqa: PLR0124 - NaN has no order
        return (_NUMBER, value)
    return (_OTHER, str(value))


def _bytes_of(text: str) -> bytes:
    """The bytes in the database: a byte that is not UTF-8 arrives as a lone surrogate."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
