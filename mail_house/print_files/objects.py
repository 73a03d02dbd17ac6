"""Writes a PDF object by object (ISO 32000-1, 7.5). The same objects in the same order give the same bytes."""

from __future__ import annotations

import hashlib

_HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"


class ObjectWriter:
    """A PDF under construction. Objects may refer to numbers that are written later."""

    def __init__(self) -> None:
        self._parts = [_HEADER]
        self._position = len(_HEADER)
        self._offsets = [0]
        self._numbers: dict[bytes, int] = {}

    def reserve(self) -> int:
        """Reserve a number for an object that is written later."""
        self._offsets.append(0)
        return len(self._offsets) - 1

    def write(self, number: int, data: bytes) -> None:
        written = b"%d 0 obj\n%b\nendobj\n" % (number, data)
        self._offsets[number] = self._position
        self._position += len(written)
        self._parts.append(written)

    def add(self, data: bytes) -> int:
        """Write an object and return its number."""
        number = self.reserve()
        self.write(number, data)
        return number

    def add_once(self, data: bytes) -> int:
        """Return the number of the object with these bytes; write it if it is new."""
        number = self._numbers.get(data)
        if number is None:
            number = self._numbers[data] = self.add(data)
        return number

    def finish(self, *, root: int, info: int) -> bytes:
        """Return the whole file. Its identifier is the hash of its objects."""
        body = b"".join(self._parts)
        digest = hashlib.sha256(body).hexdigest()[:32].encode("ascii")
        rows = b"".join([b"%010d 00000 n \n" % offset for offset in self._offsets[1:]])
        count = len(self._offsets)
        return (
            b"%bxref\n0 %d\n0000000000 65535 f \n%btrailer\n<</Size %d/Root %d 0 R/Info %d 0 R/ID [<%b> <%b>]>>\n"
            % (
                body,
                count,
                rows,
                count,
                root,
                info,
                digest,
                digest,
            )
            + b"startxref\n%d\n%%%%EOF\n" % len(body)
        )


def stream_object(head: bytes, data: bytes) -> bytes:
    """Return a stream object. `head` is the entries of its dictionary, including `/Length`."""
    return b"<<%b>>\nstream\n%b\nendstream" % (head, data)
