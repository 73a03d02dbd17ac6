"""Merges the ordered result sets into all rows of one guarantor at a time, in mailing order and constant memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from statement_builder.errors import SourceError
from statement_builder.source.contract import ResultSet
from statement_builder.source.row_validation import BadRow, Row, check_rows

Key = tuple[Any, ...]
"""(mail_sort, guarantor_id). Rows without a guarantor have a third part: (account number, result set, row number)."""


class RowStream:
    """Reads one result set: validated rows with their merge keys, a chunk at a time."""

    def __init__(self, result_set: ResultSet, chunks: Iterable[list[Row]]) -> None:
        self.result_set = result_set
        self.rows_read = 0
        self._chunks = iter(chunks)
        self._rows: list[Row | BadRow] = []
        self._keys: list[Key] = []
        self._next = 0
        self._last_key: Key = ()
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
        self._rows = check_rows(self.result_set, raw, first_number)
        self._keys = [
            (row[0], row[1]) if row[1] else self._orphan_key(row, first_number + offset)
            for offset, row in enumerate(raw)
        ]
        self.rows_read += len(raw)
        self._check_order(first_number)
        self._last_key = self._keys[-1]

    def _orphan_key(self, row: Row, number: int) -> Key:
        """Key of a row without a guarantor: grouped by account, else single, so that no group grows without limit."""
        account = row[self._account_index] if self._account_index is not None else None
        if isinstance(account, str) and account:
            return (row[0], "", (account, "", 0))
        return (row[0], "", ("", self.result_set.name, number))

    def _check_order(self, first_number: int) -> None:
        if self._last_key <= self._keys[0] and all(left <= right for left, right in pairwise(self._keys)):
            return
        keys = [self._last_key, *self._keys]
        at = next(index for index, (left, right) in enumerate(pairwise(keys)) if left > right)
        raise SourceError(
            f"{self.result_set.name}.sql, row {first_number + at}: out of order. Order the query by "
            'mail_sort, guarantor_id and its own key, by bytes (ORDER BY … COLLATE "C" on PostgreSQL)'
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
