"""Stores fetched files. A file is removed from its source only after it is on disk."""

from __future__ import annotations

from collections.abc import Callable

from mail_house.errors import HandOffError, Misconfigured
from mail_house.limits import FILE_BYTES_MAX

TRIED_AGAIN = "it stays there, and the next run tries it again"
"""The end of a message about one file that could not be fetched."""
StoreFile = Callable[[str, bytes], None]
"""Takes a name without a path, and the bytes. They are on disk when it returns."""


def store_file(store: StoreFile, name: str, data: bytes) -> None:
    """Store the file. Raises Misconfigured if it cannot be stored; it then stays at its source."""
    try:
        store(name, data)
    except OSError as exc:
        raise Misconfigured(
            f"{name} cannot be stored in the inbox ({exc.strerror or type(exc).__name__}): it stays at its source; fix "
            "the inbox, then run this again"
        ) from exc


def require_size(name: str, size: int, size_max: int = FILE_BYTES_MAX) -> None:
    """Raise Misconfigured for a file or message that is too large to fetch; it stays at its source."""
    if size > size_max:
        raise Misconfigured(
            f"{name} is larger than {size_max // 2**20} MB and is not fetched: look at it there, and remove it or ask "
            "for smaller ones"
        )


_NAMED_MAX = 10
"""How many files are named in one message."""


class Problems:
    """The errors of single files. They are raised after the last file, so that no file stops the others."""

    def __init__(self) -> None:
        self._found: list[HandOffError] = []

    def add(self, error: HandOffError) -> None:
        self._found.append(error)

    def raise_first(self) -> None:
        """Raise the first error; its message names the next ones and the number of the others. Nothing if there is
        none."""
        if not self._found:
            return
        first, left = self._found[0], len(self._found) - _NAMED_MAX
        named = "; ".join(map(str, self._found[:_NAMED_MAX]))
        raise type(first)(f"{named}; {left} more have a problem" if left > 0 else named) from first
