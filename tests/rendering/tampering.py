"""Finished files with something changed in them, in the form that they were written in."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator

from pdf_kit import PdfFile

_ROW = 7


def page_streams(pdf: bytes) -> list[int]:
    """Numbers of the pages' content streams, in order."""
    return [_reference(b"/Contents ", page) for page in PdfFile(pdf, {}).pages()]


def object_streams(pdf: bytes) -> list[int]:
    """Numbers of the streams that have objects in them."""
    return [int(number) for number in re.findall(rb"\n(\d+) 0 obj\n<</Type /ObjStm", pdf)]


def inflated(pdf: bytes, number: int) -> bytes:
    """A stream's data."""
    return zlib.decompress(PdfFile(pdf, {}).packed(number))


def fonts(pdf: bytes) -> Iterator[tuple[int, int]]:
    """Numbers of each font's character map and program, as page 1 names them."""
    file = PdfFile(pdf, {})
    resources = file.object(_reference(b"/Resources ", next(file.pages())))
    for number in re.findall(rb"/\S+ (\d+) 0 R", file.object(_reference(b"/Font ", resources))):
        outer = file.object(int(number))
        descendant = file.object(int(re.search(rb"/DescendantFonts \[(\d+)", outer)[1]))  # type: ignore[index]
        descriptor = file.object(_reference(b"/FontDescriptor ", descendant))
        yield _reference(b"/ToUnicode ", outer), _reference(b"/FontFile2 ", descriptor)


def changed(pdf: bytes, number: int, change: Callable[[bytes], bytes]) -> bytes:
    """The file with another stream under this number: `change` takes and gives it inflated. Everything else stays."""
    found = re.search(rb"(?<=\n)%d 0 obj\n<<(.*?)/Length \d+>>\nstream\n" % number, pdf, re.DOTALL)
    assert found is not None
    data = zlib.decompressobj()
    before = data.decompress(pdf[found.end() :])
    end = len(pdf) - len(data.unused_data)
    after = change(before)
    assert after != before
    packed = zlib.compress(after)
    written = b"%d 0 obj\n<<%b/Length %d>>\nstream\n%b" % (number, found[1], len(packed), packed)
    return _renumbered(pdf[: found.start()] + written + pdf[end:], found.start(), len(written) - end + found.start())


def _renumbered(pdf: bytes, place: int, longer: int) -> bytes:
    """The object table of a file in which everything after a place has moved."""
    start = int(re.search(rb"startxref\n(\d+)", pdf[-64:])[1]) + longer  # type: ignore[index]
    head, _, rest = pdf[start:].partition(b"stream\n")
    rows = bytearray(zlib.decompress(rest))
    for row in range(0, len(rows), _ROW):
        offset = int.from_bytes(rows[row + 1 : row + 5])
        if rows[row] == 1 and offset > place:
            rows[row + 1 : row + 5] = (offset + longer).to_bytes(4)
    packed = zlib.compress(bytes(rows))
    head = re.sub(rb"/Length \d+", b"/Length %d" % len(packed), head)
    return b"%b%bstream\n%b\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % (pdf[:start], head, packed, start)


def _reference(name: bytes, dictionary: bytes) -> int:
    found = re.search(re.escape(name) + rb"(\d+) 0 R", dictionary)
    assert found is not None
    return int(found[1])
