"""Read a PDF's objects by number (ISO 32000-1), from files that keep all dictionaries in object streams.

This project writes such files. Object streams that many files share are parsed once. Any other file is
`UnsupportedPdf`: use a general library for it.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from itertools import chain

from deflate import DeflateError, zlib_decompress

_INFLATED_BYTES_USUAL = 65_536
"""Nearly every page's operators fit."""


class UnsupportedPdf(Exception):
    """The file has a form that this package does not read. The file itself may be valid."""


Objects = dict[int, bytes]
"""The objects of one object stream, by number."""


class PdfFile:
    """One file. `object_streams` caches parsed object streams by their bytes; the constructor adds new ones.

    Any method raises `UnsupportedPdf`, `ValueError`, `LookupError` or `zlib.error` for a file in another form.
    """

    def __init__(self, pdf: bytes, object_streams: dict[bytes, Objects]) -> None:
        if not pdf.startswith(b"%PDF-1."):
            raise UnsupportedPdf("header")
        self._pdf = pdf
        head, deflated = self._stream_at(int(find(_START, pdf[-64:])))
        table = _XREF.fullmatch(head)
        if table is None:
            raise UnsupportedPdf("cross-reference table")
        self._table = inflate(deflated)
        if not int(table["rows"]) == int(table["size"]) == len(self._table) / 7:
            raise UnsupportedPdf("cross-reference table")
        self._root = int(table["root"])
        self._objects: dict[int, Objects] = {}
        for number in self._object_stream_numbers():
            head, deflated = self.stream(number)
            stream = head + deflated
            if stream not in object_streams:
                object_streams[stream] = _parse_objects(head, deflated)
            self._objects[number] = object_streams[stream]
        self.key = (self._root, *chain.from_iterable((number, id(each)) for number, each in self._objects.items()))
        """Equal for files that have the same object streams under the same numbers."""

    def _object_stream_numbers(self) -> list[int]:
        rows = self._table
        kinds = set(zip(rows[0::7], rows[1::7], rows[2::7], rows[3::7], rows[4::7], strict=True))
        return sorted(int.from_bytes(bytes(number)) for kind, *number in kinds if kind == 2)

    def in_object_streams(self) -> list[tuple[int, bytes]]:
        """Every object in an object stream, with its number, sorted by number."""
        return sorted(chain.from_iterable(each.items() for each in self._objects.values()))

    def pages(self) -> Iterator[bytes]:
        """The page dictionaries. The page tree must have one level."""
        tree = self.object(int(find(_PAGES, self.object(self._root))))
        kids = _REFERENCE.findall(find(_KIDS, tree))
        if int(find(_COUNT, tree)) != len(kids):
            raise UnsupportedPdf("page tree")
        for number in kids:
            page = self.object(int(number))
            if b"/Type /Page" not in page or b"/Kids" in page:
                raise UnsupportedPdf("page tree")
            yield page

    def contents(self, page: bytes) -> int:
        """The object number of a page's only content stream."""
        return int(find(_CONTENTS, page))

    def is_stream(self, number: int) -> bool:
        return self._entry(number)[0] == 1

    def object(self, number: int) -> bytes:
        """An object that is not a stream, from an object stream or from the file itself."""
        kind, position = self._entry(number)
        if kind == 2:
            return self._objects[position][number]
        found = _DICTIONARY.match(self._pdf, position)
        if kind != 1 or found is None or int(found[1]) != number:
            raise UnsupportedPdf("object")
        return found[2]

    def stream(self, number: int) -> tuple[bytes, bytes]:
        """A stream's dictionary, and its data as stored: deflated."""
        kind, position = self._entry(number)
        if kind != 1 or not self._pdf.startswith(b"%d 0 obj" % number, position):
            raise UnsupportedPdf("stream")
        return self._stream_at(position)

    def deflated(self, number: int) -> bytes:
        """A stream's data as stored: deflated."""
        return self.stream(number)[1]

    def _entry(self, number: int) -> tuple[int, int]:
        row = self._table[7 * number : 7 * number + 7]
        return row[0], int.from_bytes(row[1:5])

    def _stream_at(self, position: int) -> tuple[bytes, bytes]:
        found = _STREAM.match(self._pdf, position)
        if found is None or b"/Filter /FlateDecode" not in found[1]:
            raise UnsupportedPdf("stream")
        end = found.end() + int(find(_LENGTH, found[1]))
        if not self._pdf.startswith(b"\nendstream", end):
            raise UnsupportedPdf("stream")
        return found[1], self._pdf[found.end() : end]


def inflate(deflated: bytes) -> bytes:
    """Inflate a stream's data. Raises `zlib.error` for damaged data.

    libdeflate needs the size in advance and takes half of zlib's time, so zlib inflates only what exceeds the usual.
    """
    try:
        return bytes(zlib_decompress(deflated, _INFLATED_BYTES_USUAL))
    except DeflateError:
        return zlib.decompress(deflated)


def _parse_objects(head: bytes, deflated: bytes) -> Objects:
    found = _OBJECT_STREAM.fullmatch(head)
    if found is None:
        raise UnsupportedPdf("object stream")
    data, first = zlib.decompress(deflated), int(found["first"])
    numbers = list(map(int, data[:first].split()))
    if len(numbers) != 2 * int(found["count"]):
        raise UnsupportedPdf("object stream")
    ends = [*numbers[3::2], len(data) - first]
    return {
        number: data[first + start : first + end].strip()
        for number, start, end in zip(numbers[::2], numbers[1::2], ends, strict=True)
    }


def find(pattern: re.Pattern[bytes], data: bytes) -> bytes:
    """The first group of the first match. Raises `UnsupportedPdf` if there is none."""
    found = pattern.search(data)
    if found is None:
        raise UnsupportedPdf("dictionary")
    return found[1]


_DICTIONARY = re.compile(rb"(\d+) 0 obj\n(<<[^\n]*>>)\nendobj\n")
_START = re.compile(rb"startxref\n(\d+)\n%%EOF\s*\Z")
_STREAM = re.compile(rb"\d+ 0 obj\n<<(.{0,400}?)>>\nstream\n", re.DOTALL)
_LENGTH = re.compile(rb"/Length (\d+)")
_OBJECT_STREAM = re.compile(rb"/Type /ObjStm/N (?P<count>\d+)/First (?P<first>\d+)/Filter /FlateDecode/Length \d+")
_XREF = re.compile(
    rb"/Type /XRef/Index \[0 (?P<rows>\d+)\]/W \[1 4 2\]/Size (?P<size>\d+)/Root (?P<root>\d+) 0 R/Info \d+ 0 R"
    rb"/ID ?\[(?:\([^()\\]*\) ?|<[0-9a-fA-F]*> ?){2}\]/Filter /FlateDecode/Length \d+"
)
"""As WeasyPrint and this project write it: no earlier table, no encryption."""
_PAGES = re.compile(rb"/Pages (\d+) 0 R")
_KIDS = re.compile(rb"/Kids \[([^\]]*)\]")
_COUNT = re.compile(rb"/Count (\d+)")
_CONTENTS = re.compile(rb"/Contents (\d+) 0 R")
_REFERENCE = re.compile(rb"(\d+) 0 R")
