"""avalpdf, an independent checker, finds nothing to improve on any page, and `ua_conditions` no failed condition."""

from __future__ import annotations

from pathlib import Path

import pytest
from avalpdf.cli import analyze_pdf

from statement_builder.documents import Content
from statement_builder.rendering import CompiledEngine, PlainEngine
from tests.night import some_of
from tests.rendering.sample_pages import CONTENTS, SHEETS, Sheet
from tests.rendering.ua_conditions import failed_conditions

_OPTIONS = {
    "output_path": None,
    "save_full": False,
    "save_simple": False,
    "save_report": False,
    "show_structure": False,
    "show_validation": False,
    "quiet": True,
    "multi_file_mode": True,
}
"""As the command `avalpdf --quiet`."""


def findings(pdf: bytes, folder: Path, language: str) -> tuple[float, list[str]]:
    """The score in percent, and the issues and warnings, as the command `avalpdf` reports them."""
    path = folder / "page.pdf"
    path.write_bytes(pdf)
    result = analyze_pdf(str(path), _OPTIONS | {"expected_lang": language})
    assert "error" not in result
    return result["score"], result["issues"] + result["warnings"]


@pytest.mark.parametrize("content", [pytest.param(content, id=name) for name, content in CONTENTS.items()])
def test_document__has_a_score_of_100_and_no_issue(engine: PlainEngine, content: Content, tmp_path: Path) -> None:
    pdf = engine.render(content).pdf
    assert findings(pdf, tmp_path, content.language) == (100, [])
    assert failed_conditions(pdf) == []


@pytest.mark.parametrize("name", some_of(list(CONTENTS), by_day=60))
def test_compiled_document__has_a_score_of_100_and_no_issue(
    compiled: CompiledEngine, name: str, tmp_path: Path
) -> None:
    content = CONTENTS[name]
    pdf = compiled.render(content).pdf
    assert findings(pdf, tmp_path, content.language) == (100, [])
    assert failed_conditions(pdf) == []


@pytest.mark.parametrize("sheet", [pytest.param(sheet, id=sheet.name) for sheet in SHEETS])
def test_sheet__has_a_score_of_100_and_no_issue(engine: PlainEngine, sheet: Sheet, tmp_path: Path) -> None:
    pdf = sheet.make(engine)
    assert findings(pdf, tmp_path, sheet.language) == (100, [])
    assert failed_conditions(pdf) == []
