"""Change one stream of a finished file and keep the file's form."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator

from pdf_kit import PdfFile

_ROW = 7


def page_streams(pdf: bytes) -> list[int]:
    """Object numbers of the pages' content streams, in order."""
    return [_reference(b"/Contents ", page) for page in PdfFile(pdf, {}).pages()]


def object_streams(pdf: bytes) -> list[int]:
    """Object numbers of the object streams."""
    return [int(number) for number in re.findall(rb"\n(\d+) 0 obj\n<</Type /ObjStm", pdf)]


def inflated(pdf: bytes, number: int) -> bytes:
    """A stream's inflated data."""
    return zlib.decompress(PdfFile(pdf, {}).deflated(number))


def fonts(pdf: bytes) -> Iterator[tuple[int, int]]:
    """Object numbers of the character map and program of each font of page 1."""
    file = PdfFile(pdf, {})
    resources = file.object(_reference(b"/Resources ", next(file.pages())))
    for number in re.findall(rb"/\S+ (\d+) 0 R", file.object(_reference(b"/Font ", resources))):
        outer = file.object(int(number))
        descendant = file.object(int(re.search(rb"/DescendantFonts \[(\d+)", outer)[1]))  # type: ignore[index]
        descriptor = file.object(_reference(b"/FontDescriptor ", descendant))
        yield _reference(b"/ToUnicode ", outer), _reference(b"/FontFile2 ", descriptor)


def changed(pdf: bytes, number: int, change: Callable[[bytes], bytes]) -> bytes:
    """Replace the stream with this number. `change` maps the old inflated data to the new."""
    found = re.search(rb"(?<=\n)%d 0 obj\n<<(.*?)/Length \d+>>\nstream\n" % number, pdf, re.DOTALL)
    assert found is not None
    data = zlib.decompressobj()
    before = data.decompress(pdf[found.end() :])
    end = len(pdf) - len(data.unused_data)
    after = change(before)
    assert after != before
    packed = zlib.compress(after)
    written = b"%d 0 obj\n<<%b/Length %d>>\nstream\n%b" % (number, found[1], len(packed), packed)
    return _move_offsets(pdf[: found.start()] + written + pdf[end:], found.start(), len(written) - end + found.start())


def _move_offsets(pdf: bytes, position: int, shift: int) -> bytes:
    """Correct the object table after everything behind a position has moved by `shift` bytes."""
    start = int(re.search(rb"startxref\n(\d+)", pdf[-64:])[1]) + shift  # type: ignore[index]
    head, _, rest = pdf[start:].partition(b"stream\n")
    rows = bytearray(zlib.decompress(rest))
    for row in range(0, len(rows), _ROW):
        offset = int.from_bytes(rows[row + 1 : row + 5])
        if rows[row] == 1 and offset > position:
            rows[row + 1 : row + 5] = (offset + shift).to_bytes(4)
    packed = zlib.compress(bytes(rows))
    head = re.sub(rb"/Length \d+", b"/Length %d" % len(packed), head)
    return b"%b%bstream\n%b\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % (pdf[:start], head, packed, start)


def _reference(name: bytes, dictionary: bytes) -> int:
    found = re.search(re.escape(name) + rb"(\d+) 0 R", dictionary)
    assert found is not None
    return int(found[1])
