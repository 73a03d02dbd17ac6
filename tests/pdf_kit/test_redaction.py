"""Redaction takes text out of a page, leaves the rest as it was, and gives out no page that is not safe."""

from __future__ import annotations

import io

import pikepdf
import pypdf
import pytest
import weasyprint

from pdf_kit.redaction import redact

ROWS = """
<table><thead><tr><th>Visit</th><th>You owe</th></tr></thead><tbody>
<tr><th><p>Knee surgery</p><p>Ann Lee, account 7001</p></th><td>$10.00</td></tr>
<tr><th><p>Blood tests</p><p>Bob Lee, account 70012</p></th><td>$20.00</td></tr>
<tr><th>Total</th><td>$30.00</td></tr></tbody></table>
"""
STACKED = """
<div><h2>Knee surgery</h2><p>account 7001</p><table><tr><th>You owe</th><td>$10.00</td></tr></table></div>
<div><h2>Blood tests</h2><p>account 70012</p><table><tr><th>You owe</th><td>$20.00</td></tr></table></div>
"""


def make_pdf(*pages: str, is_tagged: bool = True) -> bytes:
    body = '<p style="break-after: page">'.join(
        f"<section>{page}<p>Please pay by mail.</p></section>" for page in pages
    )
    html = f'<html lang="en"><head><title>Bill</title></head><body>{body}</body></html>'
    variant = "pdf/ua-1" if is_tagged else None
    pdf: bytes = weasyprint.HTML(string=html).write_pdf(pdf_variant=variant)
    return pdf


def texts(pdf: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]


@pytest.mark.parametrize("page", [pytest.param(ROWS, id="row-of-a-table"), pytest.param(STACKED, id="block")])
def test_redact__removes_the_whole_block_and_nothing_else(page: str) -> None:
    pdf = make_pdf(page)
    result = redact(pdf, hidden=["70012"], kept=["7001"], forbidden=["Blood tests", "Bob Lee"])
    assert (result.redacted, result.withheld) == (frozenset({0}), frozenset())
    (text,) = texts(result.pdf)
    for gone in ("Blood tests", "70012", "$20.00"):
        assert gone not in text
    for stays in ("Knee surgery", "account 7001", "$10.00", "Please pay by mail."):
        assert stays in text
    assert 0 < count_shown(result.pdf) < count_shown(pdf)


def count_shown(pdf: bytes) -> int:
    """How many operators of the first page show text."""
    with pikepdf.open(io.BytesIO(pdf)) as file:
        return sum(str(each.operator) in {"Tj", "TJ"} for each in pikepdf.parse_content_stream(file.pages[0]))


def test_redact__an_account_is_not_a_part_of_another() -> None:
    """7001 is hidden; 70012, which begins like it, stays."""
    (text,) = texts(redact(make_pdf(ROWS), hidden=["7001"], kept=["70012"], forbidden=[]).pdf)
    assert "Knee surgery" not in text
    assert "account 70012" in text


def test_redact__withholds_a_page_that_still_says_it() -> None:
    mentions = "<p>Bob Lee has paid.</p>"
    result = redact(make_pdf(ROWS, mentions), hidden=["70012"], kept=["7001"], forbidden=["Bob Lee"])
    assert (result.redacted, result.withheld) == (frozenset({0}), frozenset({1}))


def test_redact__withholds_a_file_without_structure() -> None:
    result = redact(make_pdf(ROWS, is_tagged=False), hidden=["70012"], kept=["7001"], forbidden=[])
    assert result.withheld == {0}


def test_redact__same_file_has_the_same_bytes() -> None:
    pdf = make_pdf(ROWS)
    first, second = (redact(pdf, hidden=["70012"], kept=["7001"], forbidden=[]).pdf for _ in range(2))
    assert first == second
