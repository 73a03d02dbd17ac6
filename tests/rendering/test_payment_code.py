"""The payment code opens exactly this document's payment page, and the compiled engine draws it like WeasyPrint."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from string import ascii_letters, digits

import msgspec
import pikepdf
import pypdfium2 as pdfium
import pytest
import zxingcpp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from pdf_kit import pdfium_reader
from pdf_kit.qr_code import modules_of, path_operators
from statement_builder.documents import Content
from statement_builder.rendering import (
    CompiledEngine,
    DocumentError,
    ForeignIds,
    PlainEngine,
    verify,
)
from statement_builder.rendering.verification import english_page_label
from statement_builder.rendering.verifier import Verifier, VerifyRequest
from tests.builders import make_facility
from tests.contents import TEMPLATES, make_letter, make_ob_notice, make_statement
from tests.envelope import DOUBLE_WINDOW_10
from tests.rendering.likeness import differences
from tests.rendering.random_contents import KINDS, make_random
from tests.rendering.tampering import changed, inflated, object_streams, page_streams
from tests.templates.test_overlaps import LONG_FACILITY, LONG_NAME, is_off_page, letter_boxes, overlapping

PAYABLE = make_facility(payment_url="https://pay.riverbend.example/d/{document}")
NOBODY = ForeignIds(accounts_by_guarantor={})
STATEMENT = make_statement(facility=PAYABLE)
OTHER = make_statement(facility=PAYABLE, first_name="Ann", guarantor_id="G2002")
_DPI = 300
_EDGE = 3
"""Pixels that a scanner may misplace the code's edge."""

KINDS_OF_DOCUMENT = [
    pytest.param(make_statement, id="statement"),
    pytest.param(lambda **who: make_statement(level=1, **who), id="reminder"),
    pytest.param(make_ob_notice, id="estimate"),
    pytest.param(lambda **who: make_letter(2, **who), id="past-due"),
    pytest.param(lambda **who: make_letter(4, **who), id="final-notice"),
]


def scanned(pdf: bytes) -> list[tuple[Image.Image, zxingcpp.Barcode]]:
    """Every code that a scanner finds, with the page's image."""
    with pdfium.PdfDocument(pdf) as document:
        pictures = [page.render(scale=_DPI / 72, grayscale=True).to_pil() for page in document]
    return [(picture, code) for picture in pictures for code in zxingcpp.read_barcodes(picture)]


def links(pdf: bytes) -> list[str]:
    with pikepdf.open(io.BytesIO(pdf)) as document:
        return [str(link.A.URI) for page in document.pages for link in page.get("/Annots", ())]


@pytest.mark.parametrize("large_print", [pytest.param(False, id="standard"), pytest.param(True, id="large")])
@pytest.mark.parametrize("make", KINDS_OF_DOCUMENT)
def test_code__scanner_reads_the_documents_url(
    compiled: CompiledEngine, make: Callable[..., Content], large_print: bool
) -> None:
    content = make(facility=PAYABLE, large_print=large_print)
    address = f"https://pay.riverbend.example/d/{content.document_id}"
    pdf = compiled.render(content).pdf
    verify(pdf, content, windows=DOUBLE_WINDOW_10, foreign=NOBODY)
    ((picture, code),) = scanned(pdf)
    assert code.text == address
    assert links(pdf) == [address]
    corner = code.position.top_left
    side = code.position.bottom_right.x - corner.x
    assert side >= 0.8 * _DPI
    quiet = int(4 * side / modules_of(address)) - _EDGE
    framed = picture.crop((corner.x - quiet, corner.y - quiet, corner.x + side + quiet, corner.y + side + quiet))
    framed.paste(255, (quiet - _EDGE, quiet - _EDGE, quiet + side + _EDGE, quiet + side + _EDGE))
    assert framed.getextrema() == (255, 255)


def test_code__none_without_a_payment_page(compiled: CompiledEngine) -> None:
    pdf = compiled.render(make_statement()).pdf
    assert links(pdf) == []
    assert not scanned(pdf)


def test_code__url_contains_only_the_document_id() -> None:
    assert STATEMENT.payment_url == f"https://pay.riverbend.example/d/{STATEMENT.document_id}"
    assert OTHER.payment_url != STATEMENT.payment_url


@pytest.mark.parametrize("large_print", [pytest.param(False, id="standard"), pytest.param(True, id="large")])
@pytest.mark.parametrize("make", KINDS_OF_DOCUMENT)
def test_code__no_text_near_the_code(engine: PlainEngine, make: Callable[..., Content], large_print: bool) -> None:
    facility = msgspec.structs.replace(LONG_FACILITY, name="Riverbend Hospital", payment_url=PAYABLE.payment_url)
    content = make(facility=facility, large_print=large_print, **LONG_NAME)
    pdf = engine.render(content).pdf
    ((_, code),) = scanned(pdf)
    points = 72 / _DPI
    left, right = code.position.top_left.x * points, code.position.bottom_right.x * points
    top, bottom = 792 - code.position.top_left.y * points, 792 - code.position.bottom_right.y * points
    document = pdfium.PdfDocument(pdf)
    page = next(page for page in document if "Pay online: scan" in page.get_textpage().get_text_range())
    boxes = list(letter_boxes(page.get_textpage()))
    document.close()
    assert not [box for box in boxes if is_off_page(box)]
    assert not list(overlapping(boxes))
    assert not [
        letter
        for _, letter, (x1, y1, x2, y2) in boxes
        if x2 > left - 4 and x1 < right + 4 and y2 > bottom - 4 and y1 < top + 4
    ]


def test_tags__code_has_alternate_text_and_link_is_tagged(compiled: CompiledEngine) -> None:
    def elements(element: pikepdf.Object) -> list[pikepdf.Object]:
        if isinstance(element, pikepdf.Array):
            return [found for each in element for found in elements(each)]
        if not isinstance(element, pikepdf.Dictionary):
            return []
        return [element, *(elements(element.K) if "/K" in element else [])]

    with pikepdf.open(io.BytesIO(compiled.render(STATEMENT).pdf)) as document:
        found = elements(document.Root.StructTreeRoot.K)
        assert [str(each.Alt) for each in found if each.get("/S") == "/Figure"] == ["Code that opens the payment page"]
        (link,) = [each for each in found if each.get("/S") == "/Link"]
        assert [str(each.Type) for each in link.K if isinstance(each, pikepdf.Dictionary)] == ["/OBJR"]
        assert str(link.K[0].Obj.A.URI) == STATEMENT.payment_url


@pytest.mark.parametrize("large_print", [pytest.param(False, id="standard"), pytest.param(True, id="large")])
@pytest.mark.parametrize("kind", KINDS)
def test_render__documents_with_codes_match_the_plain_engine(
    engine: PlainEngine, compiled: CompiledEngine, kind: str, large_print: bool
) -> None:
    random = Random(f"codes {kind} {large_print}")
    before = compiled.fallbacks.copy()  # other tests share the engine
    for _ in range(4):
        content = make_random(kind, random, large_print=large_print, facility=PAYABLE)
        assert differences(compiled.render(content).pdf, engine.render(content).pdf) == []
    assert compiled.fallbacks == before


def test_render__codes_and_links_share_a_layout() -> None:
    compiled = CompiledEngine(TEMPLATES)
    for number in range(30):
        compiled.render(make_statement(facility=PAYABLE, guarantor_id=f"G{number}"))
    assert (compiled.filled, compiled.compiled, compiled.fallbacks) == (30, 1, Counter())


_ADDRESS = st.text(st.sampled_from(ascii_letters + digits + "-._~:/?#[]@!$&'()*+,;=%"), max_size=60).map(
    "https://".__add__
)
_PAGE = """
<style>.box { position: relative; height: 2in } svg { position: absolute; left: 1in; top: 0; width: 1in; height: 1in }
a { display: block } a.in { display: inline }</style>
<div class="box"><a href="{{ content.payment_url }}">Pay <b>{{ content.guarantor_id }}</b></a>
{% if content.payment_url|length <= 122 %}{{ content.payment_url|payment_code("A code") }}{% endif %}</div>
<p>See <a href="{{ content.payment_url }}/{{ content.guarantor_id }}" class="in">the page
of {{ content.guarantor_id }}</a>
or <a class="in" href="mailto:help@hospital.example">write</a>.</p>
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> tuple[CompiledEngine, PlainEngine]:
    """Both engines, with a template that is mostly links."""
    templates = tmp_path_factory.mktemp("links")
    (templates / "theme").mkdir()
    for name in ("theme.css", "large_print.css"):
        (templates / "theme" / name).write_bytes((TEMPLATES / "theme" / name).read_bytes())
    document = f"<!DOCTYPE html><html lang=en><head><title>T</title></head><body>{_PAGE}</body></html>"
    (templates / "page.html").write_text(document, encoding="utf-8")
    return CompiledEngine(templates), PlainEngine(templates)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(address=_ADDRESS | st.text(max_size=20).map("https://pay.example/".__add__).filter(str.isascii))
def test_render__links_match_weasyprint(page: tuple[CompiledEngine, PlainEngine], address: str) -> None:
    compiled, plain = page
    content = msgspec.structs.replace(STATEMENT, payment_url=address, template="page.html")
    outcomes: list[bytes | str] = []
    for engine in (compiled, plain):
        try:
            outcomes.append(engine.render(content).pdf)
        except DocumentError as exc:
            outcomes.append(str(exc))
    one, other = outcomes
    assert one == other if isinstance(one, str) or isinstance(other, str) else differences(one, other) == []


def test_render__links_are_filled(page: tuple[CompiledEngine, PlainEngine]) -> None:
    compiled, _ = page
    before = compiled.filled, compiled.compiled
    for number in range(5):
        address = f"https://pay.example/(a\\)/{number}&x=1".replace("\\", "")
        content = msgspec.structs.replace(STATEMENT, payment_url=address, template="page.html")
        assert set(links(compiled.render(content).pdf)[:-1]) == {address, f"{address}/{content.guarantor_id}"}
    assert compiled.filled == before[0] + 5
    assert compiled.compiled <= before[1] + 1


def test_cache__documents_with_codes_are_reproducible(tmp_path: Path) -> None:
    first, second = CompiledEngine(TEMPLATES, tmp_path), CompiledEngine(TEMPLATES, tmp_path)
    expected = [first.render(each).pdf for each in (STATEMENT, OTHER)]
    assert [second.render(each).pdf for each in (OTHER, STATEMENT)] == expected[::-1]
    assert (first.compiled, second.compiled, second.filled) == (1, 0, 2)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if STATEMENT.document_id.encode() in path.read_bytes()]


def test_render__one_page_statement_with_a_code_is_small(compiled: CompiledEngine) -> None:
    rendered = compiled.render(STATEMENT)
    assert rendered.pages == 1
    assert len(rendered.pdf) <= 30_000


def _code_of(address: str) -> Callable[[bytes], bytes]:
    """Replace the page's code with another."""
    return lambda page: page.replace(path_operators(STATEMENT.payment_url), path_operators(address) if address else b"")


def _below(page: bytes) -> bytes:
    """Add another document's code where the page is blank."""
    drawn = re.search(rb"q\n/a1 gs\n(?:(?!EMC)[\x00-\xff])*?S\n(?:Q\n)+EMC\nQ\nQ\n", page)
    assert drawn is not None
    path = path_operators(STATEMENT.payment_url)
    foreign = drawn[0].replace(path, path_operators(OTHER.payment_url))
    foreign = re.sub(rb"1 0 0 1 [\d.]+ [\d.]+ cm", b"1 0 0 1 340 900 cm", foreign, count=1)
    foreign = foreign.removesuffix(b"EMC\nQ\nQ\n")
    return page[: drawn.end()] + foreign + page[drawn.end() :]


def _stroked(page: bytes) -> bytes:
    """Add another document's code, drawn as lines on white: only a scan of the page finds it."""
    position = page.rindex(b"BT\n")
    ends = re.findall(rb"(\d+) (\d+) ([ml])\n", path_operators(OTHER.payment_url))
    lines = b"".join([b"%d %d %b\n" % (450 + 3 * int(x), 450 + 3 * int(y), end) for x, y, end in ends])
    return (
        page[:position] + b"q\n1 1 1 rg\n430 430 150 150 re\nf\n0 0 0 RG\n3 w\n" + lines + b"S\nQ\n" + page[position:]
    )


CHANGES = [
    pytest.param(_stroked, id="foreign-code-as-lines"),
    pytest.param(_code_of(OTHER.payment_url), id="foreign-code"),
    pytest.param(_code_of("https://pay.riverbend.example.evil.example/d/1"), id="foreign-site"),
    pytest.param(_code_of(""), id="no-code"),
    pytest.param(_below, id="foreign-code-added"),
]


@pytest.fixture
def verifier(compiled: CompiledEngine) -> Verifier:
    """A verifier that has cached this layout."""
    verifier = Verifier(DOUBLE_WINDOW_10)
    for content in (STATEMENT, OTHER):
        pdf = compiled.render(content).pdf
        verifier.verify(pdf, content, foreign=NOBODY, page_label=english_page_label)
    return verifier


def _verdicts(verifier: Verifier, pdf: bytes, content: Content) -> set[str]:
    """Error codes of PDFium, and twice of a verifier with a warm cache."""
    found = set()
    checks: list[Callable[[], None]] = [lambda: verify(pdf, content, windows=DOUBLE_WINDOW_10, foreign=NOBODY)]
    checks += 2 * [lambda: verifier.verify(pdf, content, foreign=NOBODY, page_label=english_page_label)]
    for check in checks:
        try:
            check()
        except DocumentError as exc:
            found.add(exc.code)
        else:
            found.add("")
    return found


@pytest.mark.parametrize("change", CHANGES)
def test_verify__foreign_code_is_refused(
    compiled: CompiledEngine, verifier: Verifier, change: Callable[[bytes], bytes]
) -> None:
    pdf = compiled.render(STATEMENT).pdf
    (number,) = page_streams(pdf)
    assert _verdicts(verifier, changed(pdf, number, change), STATEMENT) == {"PAYMENT_CODE"}


def test_verify__invisible_code_with_the_same_operators_is_refused(
    compiled: CompiledEngine, verifier: Verifier
) -> None:
    """Operators refer to opacities by name; their values are elsewhere in the file."""
    pdf = compiled.render(STATEMENT).pdf
    (number,) = [each for each in object_streams(pdf) if b"/A1.0 <</CA 1>>" in inflated(pdf, each)]
    faint = changed(pdf, number, lambda objects: objects.replace(b"/A1.0 <</CA 1>>", b"/A1.0 <</CA 0>>"))
    assert _verdicts(verifier, faint, STATEMENT) == {"PAYMENT_CODE"}


def test_verify__each_drawing_is_scanned_once(compiled: CompiledEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other words, another font file and other tags are not a new drawing; an extra rule is."""
    pictures: list[object] = []
    scan = pdfium_reader.scan_qr_codes

    def record(page: object) -> object:
        pictures.append(page)
        return scan(page)

    monkeypatch.setattr(pdfium_reader, "scan_qr_codes", record)
    verifier = Verifier(DOUBLE_WINDOW_10)

    def check(pdf: bytes, content: Content) -> int:
        verifier.verify(pdf, content, foreign=NOBODY, page_label=english_page_label)
        return len(pictures)

    pdf = compiled.render(STATEMENT).pdf
    in_another_font = make_statement(facility=PAYABLE, first_name="Zoë", guarantor_id="G2003")
    tagged = next(each for each in object_streams(pdf) if b"/StructTreeRoot" in inflated(pdf, each))
    retagged = changed(pdf, tagged, lambda objects: objects.replace(b"/Tabs /S", b"/Tabs /R"))
    (page,) = page_streams(pdf)
    ruled = changed(pdf, page, lambda operators: operators.replace(b"BT\n", b"0 0 1 1 re\nf\nBT\n", 1))
    assert check(pdf, STATEMENT) == 1
    assert check(compiled.render(in_another_font).pdf, in_another_font) == 1
    assert check(retagged, STATEMENT) == 1
    assert check(ruled, STATEMENT) == 2


def test_verify_all__error_in_a_group_resets_the_cache(
    compiled: CompiledEngine,
) -> None:
    pdf = compiled.render(STATEMENT).pdf
    (number,) = page_streams(pdf)
    right = VerifyRequest(pdf, STATEMENT, english_page_label)
    wrong = right._replace(pdf=changed(pdf, number, _stroked))
    verdicts = Verifier(DOUBLE_WINDOW_10).verify_all([right, wrong, wrong, right, wrong], NOBODY)
    assert [verdict and verdict.code for verdict in verdicts] == [
        None,
        "PAYMENT_CODE",
        "PAYMENT_CODE",
        None,
        "PAYMENT_CODE",
    ]


def test_verify__foreign_link_is_refused(compiled: CompiledEngine, verifier: Verifier) -> None:
    pdf = compiled.render(STATEMENT).pdf
    own, other = STATEMENT.payment_url.encode(), OTHER.payment_url.encode()
    assert pdf.count(own) == 2
    assert _verdicts(verifier, pdf.replace(own, other), STATEMENT) == {"FOREIGN_ID"}
    elsewhere = b"https://pay.riverbend.exempla/d/" + own.rpartition(b"/")[2]
    assert len(elsewhere) == len(own)
    assert _verdicts(verifier, pdf.replace(own, elsewhere), STATEMENT) == {"PAYMENT_CODE"}


def test_verify__link_whose_description_differs_is_refused(compiled: CompiledEngine, verifier: Verifier) -> None:
    """The fast reader must not accept a description that differs from the link's URL."""
    pdf = compiled.render(STATEMENT).pdf
    own, other = b"/URI (" + STATEMENT.payment_url.encode(), b"/URI (" + OTHER.payment_url.encode()
    assert _verdicts(verifier, pdf.replace(own, other), STATEMENT) == {"FOREIGN_ID"}


def test_verify__wrong_check_is_refused(verifier: Verifier, compiled: CompiledEngine) -> None:
    """The check is a part of the address: a page with another one is refused, as with another document's code."""
    right, wrong = (msgspec.structs.replace(STATEMENT, payment_url=f"{STATEMENT.payment_url}/{c * 16}") for c in "ab")
    assert _verdicts(verifier, compiled.render(right).pdf, right) == {""}
    assert _verdicts(verifier, compiled.render(wrong).pdf, right) == {"PAYMENT_CODE"}


@pytest.mark.parametrize("make", [PlainEngine, CompiledEngine])
def test_verify__foreign_code_and_link_are_refused(
    verifier: Verifier, make: type[PlainEngine | CompiledEngine]
) -> None:
    mixed = msgspec.structs.replace(STATEMENT, payment_url=OTHER.payment_url)
    assert _verdicts(verifier, make(TEMPLATES).render(mixed).pdf, STATEMENT) == {"FOREIGN_ID"}


def test_verify__unexpected_code_is_refused(compiled: CompiledEngine) -> None:
    verifier = Verifier(DOUBLE_WINDOW_10)
    without = msgspec.structs.replace(STATEMENT, payment_url="")
    verifier.verify(compiled.render(without).pdf, without, foreign=NOBODY, page_label=english_page_label)
    assert _verdicts(verifier, compiled.render(STATEMENT).pdf, without) == {"PAYMENT_CODE"}
    assert _verdicts(verifier, compiled.render(without).pdf, STATEMENT) == {"PAYMENT_CODE"}
