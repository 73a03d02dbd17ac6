"""The verifier accepts nothing that PDFium refuses, whatever it has cached, and uses PDFium often enough."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from random import Random

import msgspec
import pikepdf
import pypdfium2 as pdfium
import pytest

from pdf_kit.fast_reader import Reading
from pdf_kit.pdfium_reader import read_with_pdfium
from statement_builder.documents import Content
from statement_builder.rendering import (
    CompiledEngine,
    DocumentError,
    EnvelopeWindows,
    ForeignIds,
    verify,
)
from statement_builder.rendering.compiled.layout_cache import LayoutCache
from statement_builder.rendering.verification import english_page_label
from statement_builder.rendering.verifier import Verifier
from tests.contents import TEMPLATES, make_letter, make_statement
from tests.envelope import DOUBLE_WINDOW_10
from tests.rendering.tampering import changed, fonts, page_streams

verification = sys.modules[english_page_label.__module__]
verifier_module = sys.modules[Verifier.__module__]
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


def _require_same_verdict(verifier: Verifier, pdf: bytes, content: Content) -> str:
    """Require PDFium's verdict from a verifier with a warm cache, twice. Returns the error code."""
    verdict = _code(lambda: verify(pdf, content, windows=DOUBLE_WINDOW_10, foreign=NOBODY))
    for _ in range(2):
        assert _code(lambda: _check(verifier, pdf, content)) == verdict
    return verdict


@pytest.fixture
def pdf(compiled: CompiledEngine) -> bytes:
    return compiled.render(STATEMENT).pdf


@pytest.fixture
def verifier(compiled: CompiledEngine, pdf: bytes) -> Verifier:
    """A verifier that has cached this layout."""
    verifier = Verifier(DOUBLE_WINDOW_10)
    for content in (STATEMENT, OTHER):
        _check(verifier, compiled.render(content).pdf, content)
    return verifier


@pytest.fixture
def pdfium_reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each document that PDFium reads."""
    documents: list[int] = []
    read = verification.read_with_pdfium

    def count(document: pdfium.PdfDocument) -> object:
        documents.append(len(document))
        return read(document)

    monkeypatch.setattr(verification, "read_with_pdfium", count)
    return documents


def _recipient_lower(page: bytes) -> bytes:
    moved, times = re.subn(rb"1 0 0 -1 73\.920000 (1[89]\d|2[01]\d)\.", rb"1 0 0 -1 73.920000 3\1.", page)
    assert times == len(STATEMENT.recipient.lines) + 1
    return moved


def _before_the_recipient(operators: bytes) -> Callable[[bytes], bytes]:
    def change(page: bytes) -> bytes:
        position = re.search(rb"BT\n1 0 0 -1 73\.920000 1[89]\d", page)
        assert position is not None
        return page[: position.start()] + operators + page[position.start() :]

    return change


def _after_the_recipient(operators: bytes) -> Callable[[bytes], bytes]:
    def change(page: bytes) -> bytes:
        position = re.search(rb"BT\n1 0 0 -1 73\.920000 1[89]\d\.[^B]*? TJ\n", page)
        assert position is not None
        return page[: position.end()] + operators + page[position.end() :]

    return change


CHANGES = [
    pytest.param(_recipient_lower, {"WINDOW", "WINDOW_CLEAR"}, id="address-moved"),
    pytest.param(_after_the_recipient(b"<001b001c> Tj\n"), {"WINDOW"}, id="second-text-operator"),
    pytest.param(_after_the_recipient(b"[<001b001c>] TJ\n"), {"WINDOW"}, id="second-array"),
    pytest.param(_before_the_recipient(b"1 0 0 1 0 300 cm\n"), {"WINDOW", "WINDOW_CLEAR"}, id="everything-moved"),
    pytest.param(_before_the_recipient(b"1 0 0 1 0 300 cm "), {"WINDOW", "WINDOW_CLEAR"}, id="moved-on-one-line"),
    pytest.param(_before_the_recipient(b"400 Tz\n"), {"WINDOW", "WINDOW_CLEAR"}, id="stretched"),
]


@pytest.mark.parametrize(("change", "codes"), CHANGES)
def test_verify__changed_page(
    verifier: Verifier, pdf: bytes, change: Callable[[bytes], bytes], codes: set[str]
) -> None:
    (number,) = page_streams(pdf)
    assert _require_same_verdict(verifier, changed(pdf, number, change), STATEMENT) in codes


def _recording(pages: list[bytes]) -> Callable[[bytes], bytes]:
    """A change that records the page stream and appends a line break to it."""

    def change(page: bytes) -> bytes:
        pages.append(page)
        return page + b"\n"

    return change


def test_verify__page_of_another_document(compiled: CompiledEngine, verifier: Verifier, pdf: bytes) -> None:
    other = compiled.render(OTHER).pdf
    (number,) = page_streams(pdf)
    assert page_streams(other) == [number]
    kept: list[bytes] = []
    changed(other, number, _recording(kept))
    assert _require_same_verdict(verifier, changed(pdf, number, lambda _: kept[0]), STATEMENT) == "DOCUMENT_ID"


def test_verify__swapped_pages(compiled: CompiledEngine) -> None:
    content = make_letter(4)
    pdf = compiled.render(content).pdf
    verifier = Verifier(DOUBLE_WINDOW_10)
    _check(verifier, pdf, content)
    first, second = page_streams(pdf)
    pages: list[bytes] = []
    for number in (first, second):
        changed(pdf, number, _recording(pages))
    swapped = changed(changed(pdf, first, lambda _: pages[1]), second, lambda _: pages[0])
    assert _require_same_verdict(verifier, swapped, content) == "PAGE_LABEL"


def test_verify__form_drawn_over_the_window(verifier: Verifier, pdf: bytes) -> None:
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
    assert _require_same_verdict(verifier, out.getvalue(), STATEMENT) in {"WINDOW", "WINDOW_CLEAR"}


def test_verify__changed_character_map(verifier: Verifier, pdf: bytes) -> None:
    verdicts = set()
    for character_map, _ in set(fonts(pdf)):
        other = changed(
            pdf, character_map, lambda data: data.replace(b"<0061>\n", b"<0065>\n").replace(b"<0031>", b"<0037>")
        )
        verdicts.add(_require_same_verdict(verifier, other, STATEMENT))
    assert verdicts
    assert "" not in verdicts


def test_verify__damaged_font_is_read_by_pdfium(verifier: Verifier, pdf: bytes, pdfium_reads: list[int]) -> None:
    _, program = next(iter(fonts(pdf)))
    _require_same_verdict(verifier, changed(pdf, program, lambda data: data[: len(data) // 2]), STATEMENT)
    assert len(pdfium_reads) == 3  # once for the expected verdict, and twice for the verifier


def test_verify__truncated(verifier: Verifier, pdf: bytes) -> None:
    for length in range(0, len(pdf) - 1, 397):
        _require_same_verdict(verifier, pdf[:length], STATEMENT)


def test_verify__damaged_bytes_pass_only_if_pdfium_accepts_them(verifier: Verifier, pdf: bytes) -> None:
    random = Random("damaged bytes")
    texts = [
        found.span() for found in re.finditer(rb"\d+ 0 obj\n<<.*?>>\nstream\n|endstream\nendobj\n", pdf, re.DOTALL)
    ]
    outside = [
        position for start, end in [(0, 16), *texts, (len(pdf) - 40, len(pdf))] for position in range(start, end)
    ]
    passed = 0
    for position in [*random.sample(outside, 300), *random.sample(range(len(pdf)), 300), *range(8)]:
        damaged = pdf[:position] + bytes([pdf[position] ^ 1 << random.randrange(8)]) + pdf[position + 1 :]
        if not _code(partial(_check, verifier, damaged, STATEMENT)):
            verify(damaged, STATEMENT, windows=DOUBLE_WINDOW_10, foreign=NOBODY)
            passed += 1
    assert passed


def test_verify__pdfium_reads_new_forms_and_regular_samples(compiled: CompiledEngine, pdfium_reads: list[int]) -> None:
    verifier = Verifier(DOUBLE_WINDOW_10)

    def check(content: Content) -> int:
        before = len(pdfium_reads)
        _check(verifier, compiled.render(content).pdf, content)
        return len(pdfium_reads) - before

    assert check(STATEMENT) == 1
    assert [check(make_statement(guarantor_id=f"G{number}")) for number in range(150)] == [
        int(number % 64 == 63) for number in range(150)
    ]
    assert [check(make_statement(first_name=name)) for name in ("Thị", "Thị", "Zoë", "Ann")] == [1, 0, 1, 0]
    assert [check(make_letter(4)), check(make_letter(4, guarantor_id="G3"))] == [1, 0]


def test_verify__disagreement_of_the_readers_is_an_error(
    compiled: CompiledEngine, pdf: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A patched reader stands for a font whose character map PDFium reads differently."""
    read_all = verifier_module.FastReader.read_all

    def misread(self: object, files: Sequence[tuple[bytes, str]]) -> Sequence[Reading]:
        readings: Sequence[Reading] = read_all(self, files)
        readings[0].pages[0].whole += "x"
        return readings

    monkeypatch.setattr(verifier_module.FastReader, "read_all", misread)
    assert _code(lambda: _check(Verifier(DOUBLE_WINDOW_10), pdf, STATEMENT)) == "PAGES"


def test_verify__proofs_are_shared_by_processes(
    compiled: CompiledEngine, pdf: bytes, pdfium_reads: list[int], tmp_path: Path
) -> None:
    def check(pdf: bytes, content: Content, windows: EnvelopeWindows = DOUBLE_WINDOW_10) -> int:
        """Verify in a new process with the stored proofs. Returns the total number of PDFium reads."""
        _check(Verifier(windows, LayoutCache(tmp_path, TEMPLATES)), pdf, content)
        return len(pdfium_reads)

    (number,) = page_streams(pdf)
    with_a_dot = changed(pdf, number, lambda page: page.replace(b"BT\n", b"0 0 1 1 re\nf\nBT\n", 1))
    narrower = msgspec.structs.replace(DOUBLE_WINDOW_10, play_down=DOUBLE_WINDOW_10.play_down / 2)
    assert check(pdf, STATEMENT) == 1
    assert check(compiled.render(OTHER).pdf, OTHER) == 1
    assert [check(with_a_dot, STATEMENT), check(with_a_dot, STATEMENT)] == [2, 2]
    assert [check(pdf, STATEMENT, narrower), check(pdf, STATEMENT, narrower)] == [3, 3]


def test_verify__failed_check_stores_no_proof(pdf: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def check() -> str:
        return _code(lambda: _check(Verifier(DOUBLE_WINDOW_10, LayoutCache(tmp_path, TEMPLATES)), pdf, STATEMENT))

    def misread(document: pdfium.PdfDocument) -> object:
        pages = read_with_pdfium(document)
        pages[0].whole += " and more"
        return pages

    monkeypatch.setattr(verification, "read_with_pdfium", misread)
    assert [check(), check()] == ["PAGES", "PAGES"]
