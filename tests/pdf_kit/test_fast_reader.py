"""The fast reader reads the same text as PDFium, and refuses files that it does not support."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from random import Random

import pypdfium2 as pdfium
import pytest

from pdf_kit import UnsupportedPdf
from pdf_kit.fast_reader import FastReader
from pdf_kit.geometry import Rect
from pdf_kit.pdfium_reader import read_with_pdfium
from pdf_kit.text import remove_whitespace
from statement_builder.documents import Content
from statement_builder.rendering import CompiledEngine
from tests.contents import make_statement
from tests.envelope import DOUBLE_WINDOW_10
from tests.night import NIGHT
from tests.rendering.random_contents import KINDS, make_random
from tests.rendering.tampering import changed, fonts, inflated, object_streams, page_streams

DOCUMENTS = 30 if NIGHT else 6
SENDER, RECIPIENT = DOUBLE_WINDOW_10.sender, DOUBLE_WINDOW_10.recipient
RECTANGLES = {
    "sender": SENDER,
    "recipient": RECIPIENT,
    "visible": Rect(left=0, top=0, width=RECIPIENT.right, height=RECIPIENT.bottom + 0.418),
    "summary": Rect(left=RECIPIENT.right, top=0, width=8.5 - RECIPIENT.right, height=RECIPIENT.bottom + 0.418),
    "scan line": Rect(left=4.65, top=9.92, width=3.5, height=0.61),
    "above the sender": Rect(left=0, top=0, width=RECIPIENT.right, height=SENDER.top),
    "between": Rect(left=0, top=SENDER.bottom, width=RECIPIENT.right, height=RECIPIENT.top - SENDER.bottom),
    **{f"clear zone {number}": zone for number, zone in enumerate(DOUBLE_WINDOW_10.clear_zones)},
}


def _filled(compiled: CompiledEngine, content: Content) -> bytes:
    """The document if the compiled engine filled it; empty if the plain engine rendered it."""
    before = compiled.filled
    pdf = compiled.render(content).pdf
    return pdf if compiled.filled > before else b""


def _grown(rect: Rect, by: float = 0.01) -> Rect:
    """PDFium rounds glyph edges up to thousandths of the font size."""
    return Rect(left=rect.left - by, top=rect.top - by, width=rect.width + 2 * by, height=rect.height + 2 * by)


def _any_rect(random: Random) -> Rect:
    return Rect(
        left=random.uniform(0, 6),
        top=random.uniform(0, 9),
        width=random.uniform(0.2, 4),
        height=random.uniform(0.1, 3),
    )


@pytest.mark.parametrize("large_print", [pytest.param(False, id="standard"), pytest.param(True, id="large")])
@pytest.mark.parametrize("kind", KINDS)
def test_read__same_text_as_pdfium(compiled: CompiledEngine, kind: str, large_print: bool) -> None:
    random, reader, read = Random(f"reading {kind} {large_print}"), FastReader(), 0
    zones = [_any_rect(random) for _ in range(20)]
    zone_reader = FastReader(zones)
    for _ in range(2 * DOCUMENTS):
        content = make_random(kind, random, large_print=large_print)
        pdf = _filled(compiled, content)
        if not pdf:
            continue
        fast_pages = reader.read(pdf).pages  # raises UnsupportedPdf if the file is not supported
        with pdfium.PdfDocument(pdf) as document:
            pages = read_with_pdfium(document)
            assert [page.whole for page in fast_pages] == [page.whole for page in pages]
            assert [(page.width, page.height) for page in fast_pages] == [(page.width, page.height) for page in pages]
            for name, rect in RECTANGLES.items():
                if name == "scan line" and not content.scanline:
                    continue  # other text may cross its edge
                assert remove_whitespace(fast_pages[0].within(rect)) == remove_whitespace(pages[0].within(rect)), name
            rect = _any_rect(random)
            for page, other in zip(fast_pages, pages, strict=True):
                # The fast reader returns whole words where PDFium returns letters, so it misses none.
                letters, words = other.within(rect), page.within(_grown(rect))
                missed = Counter(remove_whitespace(letters)) - Counter(remove_whitespace(words))
                assert not missed, rect
            for page, same in zip(fast_pages, zone_reader.read(pdf)[0], strict=True):
                assert [same.within(rect) for rect in zones] == [page.within(rect) for rect in zones]
        read += 1
    assert read >= DOCUMENTS


def test_read__reports_anything_new_besides_the_words(compiled: CompiledEngine) -> None:
    reader = FastReader()
    documents = [
        make_statement(),
        make_statement(first_name="Ann", guarantor_id="G2"),
        make_statement(first_name="Thị"),
        make_statement(first_name="Siobhán"),
        make_statement(large_print=True),
        make_statement(first_name="Zoë", guarantor_id="G3"),
    ]
    assert [reader.read(_filled(compiled, each))[1] for each in documents] == [True, False, True, True, True, False]


UNSUPPORTED = [
    pytest.param(lambda page: page.replace(b"] TJ\n", b"] TJ\n<0002> Tj\n", 1), id="second-text-operator"),
    pytest.param(lambda page: page.replace(b"] TJ\n", b"] TJ\n[<0002>] TJ\n", 1), id="second-array"),
    pytest.param(lambda page: page.replace(b" Tf\n", b" Tf\n3 Tr\n", 1), id="invisible"),
    pytest.param(lambda page: page.replace(b" Tf\n", b" Tf\n50 Tz\n", 1), id="narrow"),
    pytest.param(lambda page: page.replace(b"1 0 0 -1 ", b"0 1 1 0 ", 1), id="rotated"),
    pytest.param(lambda page: page.replace(b"BT\n", b"q\n1 0 0 1 9 0 cm\nQ\nBT\n", 1), id="moved-and-restored"),
    pytest.param(lambda page: page.replace(b"BT\n", b"1 0 0 1 9 0 cm\nBT\n", 1), id="moved"),
    pytest.param(lambda page: page.replace(b"BT\n", b"1 0 0 1 9 0 cm BT\n", 1), id="moved-on-one-line"),
    pytest.param(lambda page: page.replace(b"BT\n", b"/X Do\nBT\n", 1), id="form"),
    pytest.param(lambda page: page.replace(b"BT\n", b"/X Do BT\n", 1), id="form-on-one-line"),
    pytest.param(lambda page: page.replace(b"BT\n", b"/X\nDo\nBT\n", 1), id="form-on-two-lines"),
    pytest.param(lambda page: page.replace(b"BT\n", b"Q\nBT\n", 1), id="scale-restored"),
    pytest.param(lambda page: page.replace(b"BT\n", b"Q Q Q BT\n", 1), id="scale-restored-on-one-line"),
    pytest.param(lambda page: b"1 0 0 1 0 5 cm\n" + page, id="moved-at-the-beginning"),
    pytest.param(lambda page: page.replace(b"0.75 0 0 0.75", b"0.75 0 0 0.5", 1), id="uneven-scale"),
    pytest.param(lambda page: page.replace(b"0 792 cm", b"0 700 cm", 1), id="shifted-down"),
    pytest.param(lambda page: page.replace(b"[<", b"[<ffff", 1), id="unmapped-code"),
    pytest.param(lambda page: page.replace(b"[<", b"[(a)<", 1), id="string-in-brackets"),
    pytest.param(lambda page: page.replace(b"[<", b"[-900<", 1), id="leading-adjustment"),
    pytest.param(lambda page: page.replace(b"BT\n", b"9 Tw\nBT\n", 1), id="word-spacing"),
    pytest.param(lambda page: page.replace(b"BT\n", b"(\n) pop\nBT\n", 1), id="string"),
    pytest.param(lambda page: page.replace(b" Tm\n/", b" Tm\n/X", 1), id="unknown-font"),
]  # fmt: skip


@pytest.mark.parametrize("change", UNSUPPORTED)
def test_read__refuses_unsupported_pages(compiled: CompiledEngine, change: Callable[[bytes], bytes]) -> None:
    pdf, reader = _filled(compiled, make_statement()), FastReader()
    (number,) = page_streams(pdf)
    reader.read(pdf)
    with pytest.raises(UnsupportedPdf):
        reader.read(changed(pdf, number, change))


@pytest.mark.parametrize("part", [pytest.param(0, id="character-map"), pytest.param(1, id="program")])
def test_read__changed_font_is_new(compiled: CompiledEngine, part: int) -> None:
    pdf, reader = _filled(compiled, make_statement()), FastReader()
    assert [reader.read(pdf).is_new, reader.read(pdf).is_new] == [True, False]
    font = next(iter(fonts(pdf)))
    changes = (
        lambda data: data.replace(b"<000e> <004d>", b"<000e> <004e>", 1),
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    )
    reading = reader.read(changed(pdf, font[part], changes[part]))
    assert reading.is_new
    assert reading.pages[0].whole.startswith(("Naria", "Maria")[part])


def test_read__font_with_other_widths_is_new(compiled: CompiledEngine) -> None:
    pdf, reader = _filled(compiled, make_statement()), FastReader()
    lefts = [Rect(left=position / 20, top=1.8, width=0.02, height=0.8) for position in range(16, 90)]
    (page,) = reader.read(pdf).pages
    beyond = next(rect for rect in lefts if not page.within(rect))
    dictionaries = next(number for number in object_streams(pdf) if b"/CIDFontType2" in inflated(pdf, number))
    wider = changed(pdf, dictionaries, lambda data: re.sub(rb"(?<= )[45](?=\d\d[ \]](?!\[))", b"9", data))
    reading = reader.read(wider)
    assert reading.is_new
    assert reading.pages[0].within(beyond)


def test_read__refuses_a_truncated_file(compiled: CompiledEngine) -> None:
    pdf, reader = _filled(compiled, make_statement()), FastReader()
    reader.read(pdf)
    for length in [*range(0, len(pdf) - 64, 97), *range(len(pdf) - 64, len(pdf) - 1)]:
        with pytest.raises(UnsupportedPdf):
            reader.read(pdf[:length])
