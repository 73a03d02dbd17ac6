"""A file that an action made, kept until nobody can ask for it any longer."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator

_READ_BYTES = 1 << 16


class KeptFile:
    """A file without a name: nobody else can open it, and it is gone with this object or with the process."""

    def __init__(self) -> None:
        with tempfile.TemporaryFile() as file:
            self._descriptor = os.dup(file.fileno())

    def write(self, data: bytes) -> None:
        """Add data at the end."""
        while data:
            data = data[os.write(self._descriptor, data) :]

    def read(self) -> Iterator[bytes]:
        """The file from its start. Several downloads can read it at once."""
        offset = 0
        while data := os.pread(self._descriptor, _READ_BYTES, offset):
            offset += len(data)
            yield data

    def __del__(self) -> None:
        os.close(self._descriptor)
