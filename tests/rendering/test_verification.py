"""The verifier lets nothing pass that PDFium would not, whatever it has seen before; and asks PDFium often enough."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

import msgspec
import pikepdf
import pypdfium2 as pdfium
import pytest

from pdf_kit.text_reader import Reading, read_with_pdfium
from statement_builder.documents import Content
from statement_builder.rendering import (
    DOUBLE_WINDOW_10,
    CompiledEngine,
    DocumentError,
    ForeignIds,
    Windows,
    verify,
)
from statement_builder.rendering.compiled.layout_cache import LayoutStore
from statement_builder.rendering.verification import Verifier, english_page_label
from tests.contents import TEMPLATES, make_letter, make_statement
from tests.rendering.tampering import changed, fonts, page_streams

verify_module = sys.modules[Verifier.__module__]
NOBODY = ForeignIds(accounts_by_guarantor={})
STATEMENT = make_statement()
OTHER = make_statement(first_name="Ann", last_name="Wong", guarantor_id="G2002")


def _check(verifier: Verifier, pdf: bytes, content: Content) -> None:
    verifier.verify(pdf, content, foreign=NOBODY, page_label=english_page_label)


def _code(check: Callable[[], None]) -> str:
    try:
        check()
    except DocumentError as exc:
        return exc.code
    return ""


def _require_pdfium_s_verdict(verifier: Verifier, pdf: bytes, content: Content) -> str:
    """Of a verifier that has seen the like, twice: PDFium's, which is returned."""
    verdict = _code(lambda: verify(pdf, content, windows=DOUBLE_WINDOW_10, foreign=NOBODY))
    for _ in range(2):
        assert _code(lambda: _check(verifier, pdf, content)) == verdict
    return verdict


@pytest.fixture
def pdf(compiled: CompiledEngine) -> bytes:
    return compiled.render(STATEMENT).pdf


@pytest.fixture
def verifier(compiled: CompiledEngine, pdf: bytes) -> Verifier:
    """One that has seen these documents' layout."""
    verifier = Verifier(DOUBLE_WINDOW_10)
    for content in (STATEMENT, OTHER):
        _check(verifier, compiled.render(content).pdf, content)
    return verifier


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """One entry for each document that PDFium reads."""
    documents: list[int] = []
    read = verify_module.read_with_pdfium

    def count(document: pdfium.PdfDocument) -> object:
        documents.append(len(document))
        return read(document)

    monkeypatch.setattr(verify_module, "read_with_pdfium", count)
    return documents


def _recipient_lower(page: bytes) -> bytes:
    moved, times = re.subn(rb"1 0 0 -1 73\.920000 (1[89]\d|2[01]\d)\.", rb"1 0 0 -1 73.920000 3\1.", page)
    assert times == len(STATEMENT.recipient.lines) + 1
    return moved


def _before_the_recipient(operators: bytes) -> Callable[[bytes], bytes]:
    def change(page: bytes) -> bytes:
        place = re.search(rb"BT\n1 0 0 -1 73\.920000 1[89]\d", page)
        assert place is not None
        return page[: place.start()] + operators + page[place.start() :]

    return change


def _after_the_recipient(operators: bytes) -> Callable[[bytes], bytes]:
    def change(page: bytes) -> bytes:
        place = re.search(rb"BT\n1 0 0 -1 73\.920000 1[89]\d\.[^B]*? TJ\n", page)
        assert place is not None
        return page[: place.end()] + operators + page[place.end() :]

    return change


CHANGES = [
    pytest.param(_recipient_lower, {"WINDOW", "WINDOW_CLEAR"}, id="address-moved"),
    pytest.param(_after_the_recipient(b"<001b001c> Tj\n"), {"WINDOW"}, id="second-text-operator"),
    pytest.param(_after_the_recipient(b"[<001b001c>] TJ\n"), {"WINDOW"}, id="second-array"),
    pytest.param(_before_the_recipient(b"1 0 0 1 0 300 cm\n"), {"WINDOW", "WINDOW_CLEAR"}, id="all-else-moved"),
    pytest.param(_before_the_recipient(b"1 0 0 1 0 300 cm "), {"WINDOW", "WINDOW_CLEAR"}, id="moved-on-one-line"),
    pytest.param(_before_the_recipient(b"400 Tz\n"), {"WINDOW", "WINDOW_CLEAR"}, id="stretched"),
]


@pytest.mark.parametrize(("change", "codes"), CHANGES)
def test_verify__changed_page(
    verifier: Verifier, pdf: bytes, change: Callable[[bytes], bytes], codes: set[str]
) -> None:
    (number,) = page_streams(pdf)
    assert _require_pdfium_s_verdict(verifier, changed(pdf, number, change), STATEMENT) in codes


def test_verify__another_document_s_page_under_this_one_s_number(
    compiled: CompiledEngine, verifier: Verifier, pdf: bytes
) -> None:
    other = compiled.render(OTHER).pdf
    (number,) = page_streams(pdf)
    assert page_streams(other) == [number]
    kept: list[bytes] = []
    changed(other, number, lambda page: kept.append(page) or page + b"\n")
    assert _require_pdfium_s_verdict(verifier, changed(pdf, number, lambda _: kept[0]), STATEMENT) == "DOCUMENT_ID"


def test_verify__pages_in_another_order(compiled: CompiledEngine) -> None:
    content = make_letter(4)
    pdf = compiled.render(content).pdf
    verifier = Verifier(DOUBLE_WINDOW_10)
    _check(verifier, pdf, content)
    first, second = page_streams(pdf)
    pages: list[bytes] = []
    for number in (first, second):
        changed(pdf, number, lambda page: pages.append(page) or page + b"\n")
    swapped = changed(changed(pdf, first, lambda _: pages[1]), second, lambda _: pages[0])
    assert _require_pdfium_s_verdict(verifier, swapped, content) == "PAGE_LABEL"


def test_verify__a_form_is_drawn_over_the_window(verifier: Verifier, pdf: bytes) -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as file:
        page = file.pages[0]
        (name, *_) = page.resources.Font.keys()
        form = pikepdf.Stream(file, b"BT %b 12 Tf 1 0 0 -1 80 190 Tm <001b001c> Tj ET" % name.encode())
        form.Type, form.Subtype, form.BBox = pikepdf.Name.XObject, pikepdf.Name.Form, [0, 0, 612, 792]
        form.Resources = page.resources
        page.resources.XObject = pikepdf.Dictionary(Fx=form)
        page.contents_add(b"/Fx Do")
        file.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    assert _require_pdfium_s_verdict(verifier, out.getvalue(), STATEMENT) in {"WINDOW", "WINDOW_CLEAR"}


def test_verify__a_map_that_reads_otherwise(verifier: Verifier, pdf: bytes) -> None:
    verdicts = set()
    for character_map, _ in set(fonts(pdf)):
        other = changed(
            pdf, character_map, lambda data: data.replace(b"<0061>\n", b"<0065>\n").replace(b"<0031>", b"<0037>")
        )
        verdicts.add(_require_pdfium_s_verdict(verifier, other, STATEMENT))
    assert verdicts
    assert "" not in verdicts


def test_verify__a_damaged_font_is_pdfium_s_to_judge(verifier: Verifier, pdf: bytes, asked: list[int]) -> None:
    _, program = next(iter(fonts(pdf)))
    _require_pdfium_s_verdict(verifier, changed(pdf, program, lambda data: data[: len(data) // 2]), STATEMENT)
    assert len(asked) == 3  # once for the verdict, and each time for the verifier, who cannot read it


def test_verify__truncated(verifier: Verifier, pdf: bytes) -> None:
    for length in range(0, len(pdf) - 1, 397):
        _require_pdfium_s_verdict(verifier, pdf[:length], STATEMENT)


def test_verify__no_damaged_byte_passes_that_pdfium_does_not_pass(verifier: Verifier, pdf: bytes) -> None:
    random = Random("damaged bytes")
    texts = [
        found.span() for found in re.finditer(rb"\d+ 0 obj\n<<.*?>>\nstream\n|endstream\nendobj\n", pdf, re.DOTALL)
    ]
    outside = [place for start, end in [(0, 16), *texts, (len(pdf) - 40, len(pdf))] for place in range(start, end)]
    passed = 0
    for place in [*random.sample(outside, 300), *random.sample(range(len(pdf)), 300), *range(8)]:
        damaged = pdf[:place] + bytes([pdf[place] ^ 1 << random.randrange(8)]) + pdf[place + 1 :]
        if not _code(lambda damaged=damaged: _check(verifier, damaged, STATEMENT)):
            verify(damaged, STATEMENT, windows=DOUBLE_WINDOW_10, foreign=NOBODY)
            passed += 1
    assert passed


def test_verify__pdfium_is_asked_for_what_is_new_and_now_and_then(compiled: CompiledEngine, asked: list[int]) -> None:
    verifier = Verifier(DOUBLE_WINDOW_10)

    def check(content: Content) -> int:
        before = len(asked)
        _check(verifier, compiled.render(content).pdf, content)
        return len(asked) - before

    assert check(STATEMENT) == 1
    assert [check(make_statement(guarantor_id=f"G{number}")) for number in range(150)] == [
        int(number % 64 == 63) for number in range(150)
    ]
    assert [check(make_statement(first_name=name)) for name in ("Thị", "Thị", "Zoë", "Ann")] == [1, 0, 1, 0]
    assert [check(make_letter(4)), check(make_letter(4, guarantor_id="G3"))] == [1, 0]


def test_verify__two_readers_that_differ_hold_a_document_back(
    compiled: CompiledEngine, pdf: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A font whose character map PDFium reads otherwise would do it: here a reader that misreads stands for it."""
    read_all = verify_module.QuickReader.read_all

    def misread(self: object, files: Sequence[tuple[bytes, str]]) -> Sequence[Reading]:
        readings: Sequence[Reading] = read_all(self, files)
        readings[0].pages[0].whole += "x"
        return readings

    monkeypatch.setattr(verify_module.QuickReader, "read_all", misread)
    assert _code(lambda: _check(Verifier(DOUBLE_WINDOW_10), pdf, STATEMENT)) == "PAGES"


def test_verify__what_was_proved_once_is_not_proved_again(
    compiled: CompiledEngine, pdf: bytes, asked: list[int], tmp_path: Path
) -> None:
    def check(pdf: bytes, content: Content, windows: Windows = DOUBLE_WINDOW_10) -> int:
        """By a process that begins with nothing but what is kept; how often PDFium was asked in all."""
        _check(Verifier(windows, LayoutStore(tmp_path, TEMPLATES)), pdf, content)
        return len(asked)

    (number,) = page_streams(pdf)
    with_a_dot = changed(pdf, number, lambda page: page.replace(b"BT\n", b"0 0 1 1 re\nf\nBT\n", 1))
    narrower = msgspec.structs.replace(DOUBLE_WINDOW_10, play_down=DOUBLE_WINDOW_10.play_down / 2)
    assert check(pdf, STATEMENT) == 1
    assert check(compiled.render(OTHER).pdf, OTHER) == 1
    assert [check(with_a_dot, STATEMENT), check(with_a_dot, STATEMENT)] == [2, 2]
    assert [check(pdf, STATEMENT, narrower), check(pdf, STATEMENT, narrower)] == [3, 3]


def test_verify__what_was_not_proved_is_not_kept(pdf: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def check() -> str:
        return _code(lambda: _check(Verifier(DOUBLE_WINDOW_10, LayoutStore(tmp_path, TEMPLATES)), pdf, STATEMENT))

    def misread(document: pdfium.PdfDocument) -> object:
        pages = read_with_pdfium(document)
        pages[0].whole += " and more"
        return pages

    monkeypatch.setattr(verify_module, "read_with_pdfium", misread)
    assert [check(), check()] == ["PAGES", "PAGES"]
