"""A password wrapper: the value never appears in a log, a message or a traceback."""

from __future__ import annotations


class Secret:
    """Empty if no password was set."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret(set)" if self._value else "Secret(none)"
