"""Reads every value of PostgreSQL, also those that Python's types cannot hold.

psycopg raises for a date after the year 9999, before the year 1, or `infinity`, for a time at either end of the
calendar, and for text that is not UTF-8 in an SQL_ASCII database. An error while rows are fetched ends the query, for
everybody. Such a value arrives as text instead, and row validation reports its row and column.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.abc import Buffer, Loader
from psycopg.adapt import Loader as LoaderBase

_CALENDAR_TYPES = ("date", "time", "timetz", "timestamp", "timestamptz", "interval")
_TEXT_TYPES = ("text", "varchar", "bpchar", "name")
_UNENCODED = "SQL_ASCII"
"""psycopg returns bytes for every text of such a database."""


def read_every_value(connection: psycopg.Connection[Any]) -> None:
    """Set how this connection reads values that psycopg would raise for."""
    adapters = connection.adapters
    for name in _CALENDAR_TYPES:
        known = adapters.types[name]
        usual = adapters.get_loader(known.oid, psycopg.pq.Format.TEXT)
        assert usual is not None
        adapters.register_loader(known.oid, _calendar_loader(usual))
    if connection.info.parameter_status("server_encoding") == _UNENCODED:
        for name in _TEXT_TYPES:
            adapters.register_loader(name, _TextLoader)


def _calendar_loader(usual: type[Loader]) -> type[LoaderBase]:
    class CalendarLoader(LoaderBase):
        def __init__(self, oid: int, context: psycopg.abc.AdaptContext | None = None) -> None:
            super().__init__(oid, context)
            self._load = usual(oid, context).load

        def load(self, data: Buffer) -> Any:
            try:
                return self._load(data)
            except (psycopg.DataError, ValueError, OverflowError):
                return bytes(data).decode("ascii", "replace")

    return CalendarLoader


class _TextLoader(LoaderBase):
    def load(self, data: Buffer) -> str:
        return bytes(data).decode("utf-8", "surrogateescape")
