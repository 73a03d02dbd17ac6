"""A password on its way to where it is used, which no log, message or traceback shows."""

from __future__ import annotations


class Secret:
    """Empty where none was set."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret(set)" if self._value else "Secret(none)"
