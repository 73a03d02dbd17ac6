"""`statements preflight`: the faults of a print file in a folder."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest

from tests.commands import call, error_message
from tests.hospital import Hospital

pytestmark = pytest.mark.hospital("mailed")


def pdf_of(hospital: Hospital) -> Path:
    return next((hospital.home / "outbox" / "print").glob("*.pdf"))


@pytest.mark.parametrize("suffix", [".pdf", ".csv", ".ctl", ""])
def test_preflight__intact_file(hospital: Hospital, suffix: str) -> None:
    file = pdf_of(hospital)
    out = call(hospital, "preflight", str(file.with_suffix(suffix))).out
    pieces = len(hospital.manifest_rows())
    assert f"{file.stem}: {pieces:,} pieces" in out
    assert "No faults" in out


def test_preflight__without_control_file_uses_the_manifest(hospital: Hospital) -> None:
    file = pdf_of(hospital)
    file.with_suffix(".ctl").unlink()
    found = call(hospital, "preflight", str(file), "--json").json
    assert (found["name"], found["faults"]) == (file.stem, [])


def swap_pages(file: Path) -> None:
    with pikepdf.open(file, allow_overwriting_input=True) as pdf:
        first = pdf.pages[0]
        del pdf.pages[0]
        pdf.pages.insert(2, first)
        pdf.save(file)


def test_preflight__changed_file(hospital: Hospital) -> None:
    file = pdf_of(hospital)
    swap_pages(file)
    out = call(hospital, "preflight", str(file), code=1).out
    assert "the file as a whole" in out
    assert "its PDF does not match its control file" in out
    assert "ask the vendor to stop it" in out


def test_preflight__swapped_pages_name_document_and_page(hospital: Hospital) -> None:
    file = pdf_of(hospital)
    swap_pages(file)
    file.with_suffix(".ctl").unlink()
    answer = call(hospital, "preflight", str(file), "--json", code=1).json
    first = hospital.manifest_rows_of(file)[0]["document_id"]
    (fault, *_) = answer["faults"]
    assert (fault["document"], fault["page"]) == (first, 1)
    text = call(hospital, "preflight", str(file), code=1).out
    assert f"document {first}" in text
    assert "page 1: " in text


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        pytest.param(lambda file: file.unlink(), ".pdf does not exist", id="no-pdf"),
        pytest.param(lambda file: file.with_suffix(".csv").unlink(), ".csv does not exist", id="no-manifest"),
        pytest.param(lambda file: file.with_suffix(".ctl").write_text("?"), "not a control file", id="no-control"),
    ],
)
def test_preflight__not_a_print_file(hospital: Hospital, damage: object, complaint: str) -> None:
    file = pdf_of(hospital)
    damage(file)  # type: ignore[operator]
    assert complaint in error_message(call(hospital, "preflight", str(file), code=2))
