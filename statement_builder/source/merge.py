"""Merges the ordered result sets into all rows of one guarantor at a time, in mailing order and constant memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from statement_builder.errors import QueryError
from statement_builder.source.contract import ResultSet
from statement_builder.source.row_validation import BadRow, Row, check_rows
from statement_builder.source.sort_keys import UnreadableKey, are_all_text, is_missing, sortable

Key = tuple[Any, ...]
"""(mail_sort, guarantor_id), each text or an `UnreadableKey`. Rows without a guarantor have a third part: the
account number, or, for a single row, (place in the order, result set, row number)."""


_ROWS_WITHOUT_TEXT_MAX = 100
"""When the first rows of a result set, at least this many, have no text in a key column, the query is wrong."""


class RowStream:
    """Reads one result set: validated rows with their merge keys, a chunk at a time."""

    def __init__(self, result_set: ResultSet, chunks: Iterable[list[Row]], *, nulls_last: bool = False) -> None:
        """`nulls_last`: where the database sorts NULL."""
        self.result_set = result_set
        self._nulls_last = nulls_last
        self.rows_read = 0
        self._chunks = iter(chunks)
        self._rows: list[Row | BadRow] = []
        self._keys: list[Key] = []
        self._next = 0
        self._last_key: Key = ()
        self._last_orphan: Key = ()
        self._account_index = result_set.names.index("account_number") if "account_number" in result_set.names else None
        self._read_chunk()

    @property
    def key(self) -> Key | None:
        """The key of the next row; None at the end."""
        return self._keys[self._next] if self._keys else None

    def take(self, key: Key) -> list[Row | BadRow]:
        """Remove and return the rows of `key`; empty if the next row has another key."""
        taken: list[Row | BadRow] = []
        while (keys := self._keys) and keys[start := self._next] == key:
            end, count = start + 1, len(keys)
            while end < count and keys[end] == key:
                end += 1
            rows = self._rows[start:end]
            if end < count:
                self._next = end
                return taken + rows if taken else rows
            taken += rows
            self._read_chunk()
        return taken

    def _read_chunk(self) -> None:
        raw = next(self._chunks, None)
        while raw is not None and not raw:
            raw = next(self._chunks, None)
        self._next = 0
        if raw is None:
            self._rows, self._keys = [], []
            return
        first_number = self.rows_read + 1
        if not self.rows_read:
            _require_text_keys(self.result_set, raw)
        self._rows = check_rows(self.result_set, raw, first_number)
        if are_all_text(raw):
            self._keys = [
                (row[0], row[1]) if row[1] else self._orphan_key(row, first_number + offset)
                for offset, row in enumerate(raw)
            ]
        else:
            self._keys = [self._unusual_key(row, first_number + offset) for offset, row in enumerate(raw)]
        self.rows_read += len(raw)
        self._check_order(first_number)
        self._last_key = self._keys[-1]

    def _unusual_key(self, row: Row, number: int) -> Key:
        """Key of a row whose key columns may be anything."""
        if is_missing(row[1]):
            return self._orphan_key(row, number)
        return (self._sortable(row[0]), self._sortable(row[1]))

    def _orphan_key(self, row: Row, number: int) -> Key:
        """Key of a row without a guarantor: grouped by account, else single, so that no group grows without limit.

        The contract promises no order among these rows. A row that comes after a later account is single, too.
        """
        place = (self._sortable(row[0]), self._sortable(row[1]))
        account = row[self._account_index] if self._account_index is not None else None
        single = is_missing(account)
        third = ("" if single else self._sortable(account), self.result_set.name if single else "", number * single)
        if self._last_orphan[:2] == place and third < self._last_orphan[2]:
            third = (self._last_orphan[2][0], self.result_set.name, number)
        self._last_orphan = (*place, third)
        return self._last_orphan

    def _sortable(self, value: object) -> str | UnreadableKey:
        return sortable(value, nulls_last=self._nulls_last)

    def _check_order(self, first_number: int) -> None:
        if self._last_key <= self._keys[0] and all(left <= right for left, right in pairwise(self._keys)):
            return
        keys = [self._last_key, *self._keys]
        at = next(index for index, (left, right) in enumerate(pairwise(keys)) if left > right)
        raise QueryError(
            self.result_set.name,
            f"{self.result_set.name}.sql, row {first_number + at}: out of order. Order the query by "
            'mail_sort, guarantor_id and its own key, by bytes (ORDER BY … COLLATE "C" on PostgreSQL)',
        )


def _require_text_keys(result_set: ResultSet, rows: Sequence[Row]) -> None:
    """One bad key is one row's fault; a column without a single good one is the query's. `QueryError`."""
    for at, name in enumerate(("mail_sort", "guarantor_id")):
        values = [row[at] for row in rows]
        if (at == 0 and all(value is None for value in values)) or (
            len(rows) >= _ROWS_WITHOUT_TEXT_MAX and not any(isinstance(value, str) for value in values)
        ):
            raise QueryError(
                result_set.name,
                f"{result_set.name}.sql, row 1: {name} is not text, and so on. The query must return text, and '' if "
                f"there is none: COALESCE({name}, '')",
            )


def merge_streams(streams: Sequence[RowStream]) -> Iterator[tuple[Key, list[list[Row | BadRow]]]]:
    """Yield each key once, in order, with its rows per stream, in the order of `streams`."""
    heads = [stream.key for stream in streams]
    while keys := [head for head in heads if head is not None]:
        key = min(keys)
        rows: list[list[Row | BadRow]] = [[] for _ in streams]
        for place, head in enumerate(heads):
            if head == key:
                rows[place] = streams[place].take(key)
                heads[place] = streams[place].key
        yield key, rows
