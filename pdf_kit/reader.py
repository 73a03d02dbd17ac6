"""A PDF's objects by number, read from the bytes (ISO 32000-1), for files whose dictionaries are all in object streams.

That is how our own documents are written. What many of them have in common is parsed once. Anything else is `NotRead`:
a general library reads it.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from itertools import chain

from deflate import DeflateError, zlib_decompress

_USUAL_MAX = 65_536
"""Bytes of a page's operators."""


class NotRead(Exception):
    """A file of a form that is not read here. Says nothing about whether it is right."""


Objects = dict[int, bytes]
"""The objects of an object stream, by number."""


class PdfFile:
    """One file. `object_streams` holds those that were parsed before, by their bytes; it is added to.

    `NotRead`, `ValueError`, `LookupError` or `zlib.error` from any method for what is no such file.
    """

    def __init__(self, pdf: bytes, object_streams: dict[bytes, Objects]) -> None:
        if not pdf.startswith(b"%PDF-1."):
            raise NotRead("header")
        self._pdf = pdf
        head, packed = self._stream_at(int(find(_START, pdf[-64:])))
        table = _TABLE.fullmatch(head)
        if table is None:
            raise NotRead("cross-reference table")
        self._rows = inflate(packed)
        if not int(table["rows"]) == int(table["size"]) == len(self._rows) / 7:
            raise NotRead("cross-reference table")
        self._root = int(table["root"])
        self._objects: dict[int, Objects] = {}
        for number in self._containers():
            head, packed = self.stream(number)
            whole = head + packed
            if whole not in object_streams:
                object_streams[whole] = _parse_objects(head, packed)
            self._objects[number] = object_streams[whole]
        self.key = (self._root, *chain.from_iterable((number, id(each)) for number, each in self._objects.items()))
        """The same for files that have the same object streams under the same numbers."""

    def _containers(self) -> list[int]:
        """Numbers of the object streams."""
        rows = self._rows
        kinds = set(zip(rows[0::7], rows[1::7], rows[2::7], rows[3::7], rows[4::7], strict=True))
        return sorted(int.from_bytes(bytes(number)) for kind, *number in kinds if kind == 2)

    def in_object_streams(self) -> list[tuple[int, bytes]]:
        """Every object that is in an object stream, by number."""
        return sorted(chain.from_iterable(each.items() for each in self._objects.values()))

    def pages(self) -> Iterator[bytes]:
        """The page dictionaries, of a page tree with one level."""
        tree = self.object(int(find(_PAGES, self.object(self._root))))
        kids = _REFERENCE.findall(find(_KIDS, tree))
        if int(find(_COUNT, tree)) != len(kids):
            raise NotRead("page tree")
        for number in kids:
            page = self.object(int(number))
            if b"/Type /Page" not in page or b"/Kids" in page:
                raise NotRead("page tree")
            yield page

    def contents(self, page: bytes) -> int:
        """The number of a page's one content stream."""
        return int(find(_CONTENTS, page))

    def is_stream(self, number: int) -> bool:
        return self._entry(number)[0] == 1

    def object(self, number: int) -> bytes:
        """An object that is no stream: from its object stream, or one that stands alone."""
        kind, place = self._entry(number)
        if kind == 2:
            return self._objects[place][number]
        found = _ALONE.match(self._pdf, place)
        if kind != 1 or found is None or int(found[1]) != number:
            raise NotRead("object")
        return found[2]

    def stream(self, number: int) -> tuple[bytes, bytes]:
        """A stream's dictionary, and its data as they stand in the file."""
        kind, place = self._entry(number)
        if kind != 1 or not self._pdf.startswith(b"%d 0 obj" % number, place):
            raise NotRead("stream")
        return self._stream_at(place)

    def packed(self, number: int) -> bytes:
        """A stream's data as they stand in the file, deflated."""
        return self.stream(number)[1]

    def _entry(self, number: int) -> tuple[int, int]:
        row = self._rows[7 * number : 7 * number + 7]
        return row[0], int.from_bytes(row[1:5])

    def _stream_at(self, place: int) -> tuple[bytes, bytes]:
        found = _STREAM.match(self._pdf, place)
        if found is None or b"/Filter /FlateDecode" not in found[1]:
            raise NotRead("stream")
        end = found.end() + int(find(_LENGTH, found[1]))
        if not self._pdf.startswith(b"\nendstream", end):
            raise NotRead("stream")
        return found[1], self._pdf[found.end() : end]


def inflate(packed: bytes) -> bytes:
    """What was deflated. libdeflate, told what it may come to (nearly any page fits), takes half of zlib's time.

    `zlib.error` for what is damaged.
    """
    try:
        return bytes(zlib_decompress(packed, _USUAL_MAX))
    except DeflateError:
        return zlib.decompress(packed)


def _parse_objects(head: bytes, packed: bytes) -> Objects:
    found = _CONTAINER.fullmatch(head)
    if found is None:
        raise NotRead("object stream")
    data, first = zlib.decompress(packed), int(found["first"])
    numbers = list(map(int, data[:first].split()))
    if len(numbers) != 2 * int(found["count"]):
        raise NotRead("object stream")
    ends = [*numbers[3::2], len(data) - first]
    return {
        number: data[first + start : first + end].strip()
        for number, start, end in zip(numbers[::2], numbers[1::2], ends, strict=True)
    }


def find(form: re.Pattern[bytes], data: bytes) -> bytes:
    """The first group of the first match. `NotRead` where there is none."""
    found = form.search(data)
    if found is None:
        raise NotRead("dictionary")
    return found[1]


_ALONE = re.compile(rb"(\d+) 0 obj\n(<<[^\n]*>>)\nendobj\n")
_START = re.compile(rb"startxref\n(\d+)\n%%EOF\s*\Z")
_STREAM = re.compile(rb"\d+ 0 obj\n<<(.{0,400}?)>>\nstream\n", re.DOTALL)
_LENGTH = re.compile(rb"/Length (\d+)")
_CONTAINER = re.compile(rb"/Type /ObjStm/N (?P<count>\d+)/First (?P<first>\d+)/Filter /FlateDecode/Length \d+")
_TABLE = re.compile(
    rb"/Type /XRef/Index \[0 (?P<rows>\d+)\]/W \[1 4 2\]/Size (?P<size>\d+)/Root (?P<root>\d+) 0 R/Info \d+ 0 R"
    rb"/ID ?\[(?:\([^()\\]*\) ?|<[0-9a-fA-F]*> ?){2}\]/Filter /FlateDecode/Length \d+"
)
"""In the form that WeasyPrint and the assembler write it: no table before it, no encryption."""
_PAGES = re.compile(rb"/Pages (\d+) 0 R")
_KIDS = re.compile(rb"/Kids \[([^\]]*)\]")
_COUNT = re.compile(rb"/Count (\d+)")
_CONTENTS = re.compile(rb"/Contents (\d+) 0 R")
_REFERENCE = re.compile(rb"(\d+) 0 R")
