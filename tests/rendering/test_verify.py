"""Verification refuses any PDF that is not exactly this document for exactly this recipient, with a code."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

import msgspec
import pikepdf
import pytest

from pdf_kit.fast_reader import FastReader
from statement_builder.documents import Content
from statement_builder.rendering import CompiledEngine, DocumentError, ForeignIds, PlainEngine, verify
from statement_builder.rendering.templating import page_label
from statement_builder.rendering.verification import english_page_label
from statement_builder.rendering.verifier import Verifier
from tests.builders import make_address, make_encounter, make_facility
from tests.contents import TEMPLATES, make_letter, make_ob_notice, make_statement
from tests.envelope import DOUBLE_WINDOW_10
from tests.estate_letters import make_claim, make_estate
from tests.payroll import make_authorization, make_deduction
from tests.plan_letters import make_plan, make_reminder
from tests.refund_letters import make_refund, make_refund_letter
from tests.rendering.sample_pages import CONTENTS

NOBODY = ForeignIds(accounts_by_guarantor={})
STATEMENT = make_statement()
UUID = "6fc4436c-20cc-50f7-cabc-a19442b5837e"


def replaced(**changes: object) -> Content:
    return msgspec.structs.replace(STATEMENT, **changes)


@pytest.fixture(scope="module", params=[PlainEngine, CompiledEngine], ids=["plain", "compiled"])
def pdf(request: pytest.FixtureRequest) -> bytes:
    rendered: bytes = request.param(TEMPLATES).render(STATEMENT).pdf
    return rendered


_WINDOW_CODES = {"WINDOW": "WINDOW_CLEAR"}
"""Part of a word in a window gives one of the two codes: PDFium reads letters, the fast reader whole words."""


def refusal(pdf: bytes, content: Content, foreign: ForeignIds = NOBODY) -> DocumentError:
    """PDFium's verdict. The verifier must agree, with PDFium first and with only the fast reader then."""
    with pytest.raises(DocumentError) as caught:
        verify(pdf, content, windows=DOUBLE_WINDOW_10, foreign=foreign)
    verifier = Verifier(DOUBLE_WINDOW_10)
    for _ in range(2):
        with pytest.raises(DocumentError) as again:
            verifier.verify(pdf, content, foreign=foreign, page_label=english_page_label)
        codes = [error.value.code for error in (again, caught)]
        assert len({_WINDOW_CODES.get(code, code) for code in codes}) == 1
    return caught.value


def accept(pdf: bytes, content: Content, foreign: ForeignIds = NOBODY) -> None:
    """PDFium and the verifier accept the document, also with a warm cache."""
    label = partial(page_label, TEMPLATES, content.language)
    verify(pdf, content, windows=DOUBLE_WINDOW_10, foreign=foreign, page_label=label)
    verifier = Verifier(DOUBLE_WINDOW_10)
    for _ in range(2):
        verifier.verify(pdf, content, foreign=foreign, page_label=label)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(make_statement, id="statement"),
        pytest.param(lambda: make_statement(large_print=True), id="large-print"),
        pytest.param(make_ob_notice, id="estimate"),
        pytest.param(lambda: make_ob_notice(large_print=True), id="estimate-large-print"),
        pytest.param(lambda: make_letter(4), id="final-notice"),
        pytest.param(lambda: make_letter(4, large_print=True), id="final-notice-large-print"),
        pytest.param(lambda: make_statement(first_name="X" * 55), id="name-without-spaces"),
        pytest.param(lambda: make_statement(first_name="Łukasz", last_name="Jørgensen"), id="overhanging-letter"),
        pytest.param(
            lambda: make_statement(
                first_name="Maximiliana-Theodora Seraphina", last_name="Featherstonehaugh-Montgomerys"
            ),
            id="name-broken-at-hyphen",
        ),
        pytest.param(
            lambda: make_statement(
                first_name="Maximiliana-Bartholomea Annunziata",
                last_name="O’Brien-Wolfeschlegelstein",
                address=make_address("c/o Thị Minh Khai", "Apartment 1207-B", "12345 Northwest Boulevard"),
            ),
            id="60-character-name",
        ),
        pytest.param(lambda: make_statement(*[make_encounter(f"B{n:05}") for n in range(20)]), id="several-pages"),
    ],
)
def test_verify__rendered_documents_pass(
    engine: PlainEngine, compiled: CompiledEngine, make: Callable[[], Content]
) -> None:
    content = make()
    accept(engine.render(content).pdf, content)
    filled = compiled.render(content).pdf
    FastReader().read(filled)
    accept(filled, content)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(
            replaced(recipient=msgspec.structs.replace(STATEMENT.recipient, name="Mario Lopez")),
            "WINDOW",
            id="another-name",
        ),
        pytest.param(
            replaced(recipient=msgspec.structs.replace(STATEMENT.recipient, lines=("Springfield, MA 01103",))),
            "WINDOW",
            id="extra-line",
        ),
        pytest.param(replaced(facility=make_facility(name="Riverbend Clinic")), "SENDER", id="other-sender"),
        pytest.param(replaced(amount_text="$1,444.00"), "AMOUNT", id="other-amount"),
        pytest.param(replaced(amount_text="$445.00"), "AMOUNT", id="amount-suffix"),
        pytest.param(replaced(document_id="00000000-0000-5000-8000-000000000000"), "DOCUMENT_ID", id="other-document"),
    ],
)
def test_verify__page_differs_from_content(pdf: bytes, content: Content, code: str) -> None:
    error = refusal(pdf, content)
    assert error.code == code
    assert "Lopez" not in str(error)
    assert "1,44" not in str(error)


def test_verify__account_of_another_guarantor(pdf: bytes) -> None:
    foreign = ForeignIds(accounts_by_guarantor={"G2": frozenset({"A70002"}), "G1001": frozenset({"A70001", "A70003"})})
    content = replaced(account_numbers=("A70001", "A70003"))
    assert refusal(pdf, content, foreign).code == "FOREIGN_ID"


def test_verify__guarantor_id_of_another_guarantor(pdf: bytes) -> None:
    content = replaced(guarantor_id="G2222")
    foreign = ForeignIds(accounts_by_guarantor={"G1001": frozenset(), "G2222": frozenset(STATEMENT.account_numbers)})
    assert refusal(pdf, content, foreign).code == "FOREIGN_ID"


def test_verify__foreign_ids_that_are_not_on_the_page(pdf: bytes) -> None:
    foreign = ForeignIds(accounts_by_guarantor={"G2": frozenset({"B1", "01103", "555-0142", "Springfield"})})
    accept(pdf, STATEMENT, foreign)


def test_verify__page_of_another_document(compiled: CompiledEngine, pdf: bytes) -> None:
    joined = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as one, pikepdf.open(io.BytesIO(compiled.render(make_letter(2)).pdf)) as two:
        one.pages.extend(two.pages)
        one.save(joined)
    assert refusal(joined.getvalue(), STATEMENT).code in {"DOCUMENT_ID", "PAGE_LABEL"}


def test_verify__missing_page(engine: PlainEngine) -> None:
    content = make_letter(4)
    shortened = io.BytesIO()
    with pikepdf.open(io.BytesIO(engine.render(content).pdf)) as whole:
        assert len(whole.pages) == 2
        del whole.pages[1]
        whole.save(shortened)
    assert refusal(shortened.getvalue(), content).code == "PAGE_LABEL"


def test_verify__not_a_pdf() -> None:
    assert refusal(b"%PDF-1.7 truncated", STATEMENT).code == "PAGES"


@pytest.mark.parametrize(
    ("css", "codes"),
    [
        pytest.param(".recipient { left: -0.2in !important }", {"WINDOW", "WINDOW_CLEAR"}, id="address-left"),
        pytest.param(".recipient { top: 1.2in !important }", {"WINDOW", "WINDOW_CLEAR"}, id="address-high"),
        pytest.param(".recipient { top: 2.1in !important }", {"WINDOW", "WINDOW_CLEAR"}, id="address-low"),
        pytest.param(".summary { margin-left: 3.4in !important }", {"WINDOW", "WINDOW_CLEAR"}, id="summary-visible"),
        pytest.param(".top { min-height: 2.2in !important }", {"WINDOW_CLEAR"}, id="body-too-high"),
        pytest.param(".return-address { top: 0.8in !important }", {"SENDER", "WINDOW_CLEAR"}, id="sender-low"),
        pytest.param(".recipient { top: 1.7in !important }", {"WINDOW_CLEAR"}, id="address-on-the-barcode"),
        pytest.param(".lead { margin: 1in 0 0 -0.5in }", {"WINDOW_CLEAR"}, id="text-in-the-vendor-zone"),
        pytest.param(".coupon .remit { left: 4in !important }", {"SCANLINE"}, id="address-beside-the-scan-line"),
        pytest.param(".coupon .scanline { top: 2.2in !important }", {"SCANLINE"}, id="scan-line-too-high"),
        pytest.param(".footer { display: none }", {"DOCUMENT_ID"}, id="no-footer"),
        pytest.param(".footer .page { display: none }", {"PAGE_LABEL"}, id="no-page-number"),
        pytest.param(".summary .amount { display: none }", {"AMOUNT"}, id="no-amount-at-the-top"),
        pytest.param(".summary .hours { margin-top: -8pt }", {"TOUCHING"}, id="lines-that-overlap"),
        pytest.param(".coupon .payee { white-space: nowrap; width: 9in; text-align: right }", {"MARGIN"}, id="edge"),
        pytest.param(".running-head, .footer { margin-right: -0.5in }", {"MARGIN"}, id="footer-at-the-edge"),
        pytest.param(
            ".visits tbody td { font-size: 14pt !important; text-align: left !important }", {"TOUCHING"}, id="columns"
        ),
    ],
)
def test_verify__theme_that_breaks_the_page(tmp_path: Path, css: str, codes: set[str]) -> None:
    templates = tmp_path / "templates"
    shutil.copytree(TEMPLATES, templates)
    with (templates / "theme" / "theme.css").open("a", encoding="utf-8") as sheet:
        sheet.write(css)
    plain = refusal(PlainEngine(templates).render(STATEMENT).pdf, STATEMENT)
    compiled = refusal(CompiledEngine(templates).render(STATEMENT).pdf, STATEMENT)
    assert plain.code in codes
    assert compiled.code == plain.code


def test_render__address_too_tall_for_the_window(engine: PlainEngine, compiled: CompiledEngine) -> None:
    recipient = msgspec.structs.replace(STATEMENT.recipient, lines=tuple(f"Line {n}" for n in range(8)))
    content = replaced(recipient=recipient)
    for each in (engine, compiled):
        with pytest.raises(DocumentError, match="mailing address is too long") as caught:
            each.render(content)
        assert caught.value.code == "ADDRESS"


def test_verify__coupon_on_a_later_page(tmp_path: Path) -> None:
    templates = tmp_path / "templates"
    shutil.copytree(TEMPLATES, templates)
    with (templates / "theme" / "theme.css").open("a", encoding="utf-8") as sheet:
        sheet.write("html { orphans: 2 }")
    content = make_statement(*[make_encounter(f"A7000{n}", description="Emergency room visit, " * 9) for n in range(3)])
    for engine in (PlainEngine(templates), CompiledEngine(templates)):
        error = refusal(engine.render(content).pdf, content)
        assert (error.code, "coupon" in error.message) == ("COUPON", True)


@pytest.mark.parametrize("name", CONTENTS)
def test_verify__every_sample_document(compiled: CompiledEngine, name: str) -> None:
    content = CONTENTS[name]
    pdf = compiled.render(content).pdf
    accept(pdf, content)


def test_verify__touching_texts_are_named_by_their_fields(tmp_path: Path) -> None:
    templates = tmp_path / "templates"
    shutil.copytree(TEMPLATES, templates)
    with (templates / "theme" / "theme.css").open("a", encoding="utf-8") as sheet:
        sheet.write(".visits .what { white-space: nowrap; }")
    content = make_statement(
        make_encounter(description="Hospital stay after surgery, with imaging and six weeks of rehabilitation")
    )
    error = refusal(PlainEngine(templates).render(content).pdf, content)
    assert error.code == "TOUCHING"
    assert "visits.description" in error.message
    assert "rehabilitation" not in str(error)


def test_verify__hospital_with_uuids_as_its_own_ids() -> None:
    guarantor_id, account = UUID, "9808a1c3-5354-de5f-bfe5-7fdbd39bb426"
    content = make_statement(make_encounter(account), guarantor_id=guarantor_id)
    pdf = CompiledEngine(TEMPLATES).render(content).pdf
    accept(pdf, content)
    assert refusal(pdf, msgspec.structs.replace(content, guarantor_id="G1001")).code == "FOREIGN_ID"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(make_reminder(make_plan(next_on=date(2026, 11, 25), plan_id=UUID)), id="plan"),
        pytest.param(make_claim(estate=make_estate(case_number=UUID)), id="court-case"),
        pytest.param(make_authorization(make_deduction(authorization_id=UUID)), id="payroll-form"),
        pytest.param(make_refund_letter(make_refund(UUID)), id="refund"),
    ],
)
def test_verify__uuids_of_what_a_letter_is_about(compiled: CompiledEngine, content: Content) -> None:
    accept(compiled.render(content).pdf, content)


@pytest.mark.parametrize("name", ["", "\u00a0"], ids=["empty", "no-break-space"])
def test_verify__refuses_a_recipient_without_a_name(compiled: CompiledEngine, engine: PlainEngine, name: str) -> None:
    content = replaced(recipient=msgspec.structs.replace(STATEMENT.recipient, name=name))
    for each in (engine, compiled):
        assert refusal(each.render(content).pdf, content).code == "WINDOW"
