"""Inserts, return envelopes and the sentence of the month, from the settings to the manifest and the page."""

from __future__ import annotations

from pathlib import Path

import pypdf
import pytest

from mail_house.portal import PORTAL_KEY, enrollment_code
from mail_house.secret import KeyRing
from tests.hospital import AS_OF, CYCLE, Hospital

KEY = "0f2b6c9e5d1a4c7eb8a3d6f1c2e4a597"
SENTENCE = "Our billing office is open on Saturdays in November."
SEGMENTS = f"""
[[segment]]
code = "INSURED"
kinds = ["statement"]
financial_classes = ["commercial"]
insert_code = "FAP-11"
return_envelope_code = "NO9-GREEN"
message_code = "SATURDAYS"
message = {{ en = "{SENTENCE}", es = "Los sábados también abrimos." }}

[[segment]]
code = "REST"
kinds = ["statement", "dunning"]
insert_code = "GENERAL"
"""
pytestmark = pytest.mark.hospital("new", guarantors=60)


@pytest.fixture
def hospital(hospital: Hospital) -> Hospital:
    file = hospital.home / "segments.toml"
    file.write_text(SEGMENTS, encoding="utf-8")
    settings = hospital.home / "statements.toml"
    text = settings.read_text(encoding="utf-8").replace("[mail]\n", f'[mail]\nsegments = "{file}"\n')
    settings.write_text(text, encoding="utf-8")
    return Hospital(hospital.home, {PORTAL_KEY: KEY})


def run_statements(hospital: Hospital) -> list[dict[str, str]]:
    """Run a batch of statements to its end. Returns the rows of its manifests."""
    hospital.statements("run", "statement", "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), "--release")
    return hospital.manifest_rows()


def find_insured(hospital: Hospital) -> set[str]:
    """The documents whose visits are all of the class commercial."""
    classes = dict(hospital.sql("SELECT account_number, financial_class FROM encounter"))
    visits: dict[str, set[str]] = {}
    for document, account in hospital.ledger("SELECT document_id, account_number FROM document_account"):
        visits.setdefault(document, set()).add(classes[account])
    return {document for document, found in visits.items() if found == {"commercial"}}


def page_text(hospital: Hospital, document: str, folder: Path) -> str:
    path = folder / f"{document}.pdf"
    hospital.statements("get", document, "-o", str(path))
    return " ".join(" ".join(page.extract_text().split()) for page in pypdf.PdfReader(path).pages)


def test_statement__codes_are_in_the_manifest_and_the_sentence_on_the_page(hospital: Hospital, tmp_path: Path) -> None:
    rows = run_statements(hospital)
    insured = find_insured(hospital)
    assert {row["document_id"] in insured for row in rows} == {True, False}
    for row in rows:
        codes = (row["segment"], row["insert_code"], row["return_envelope_code"], row["message_code"])
        in_first = row["document_id"] in insured
        assert codes == (("INSURED", "FAP-11", "NO9-GREEN", "SATURDAYS") if in_first else ("REST", "GENERAL", "", ""))
    first = next(row["document_id"] for row in rows if row["segment"] == "INSURED")
    other = next(row["document_id"] for row in rows if row["segment"] == "REST")
    assert page_text(hospital, first, tmp_path).count(SENTENCE) == 1
    assert SENTENCE not in page_text(hospital, other, tmp_path)
    emailed = hospital.emailed()[0]
    assert (SENTENCE in page_text(hospital, emailed, tmp_path)) == (emailed in insured)


def test_letters__get_no_sentence_and_a_final_notice_no_insert(hospital: Hospital, tmp_path: Path) -> None:
    hospital.statements("run", "dunning", "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), code=3)
    rows = hospital.ledger(
        "SELECT level, segment, insert_code, message_code, document_id FROM document WHERE kind = 'dunning'"
    )
    assert {row[0] for row in rows} >= {3, 4}
    for level, segment, insert_code, message_code, document in rows:
        assert (segment, insert_code, message_code) == (("", "", "") if level == 4 else ("REST", "GENERAL", ""))
        assert SENTENCE not in page_text(hospital, document, tmp_path)


def test_correction__with_the_same_notes_changes_nothing(hospital: Hospital) -> None:
    document = run_statements(hospital)[0]["document_id"]
    answer = hospital.statements("correct", document, "--reason", "just so", code=2)
    assert "it would print the same" in answer.err


def test_segments__with_a_fault_stop_every_command_before_the_first_document(hospital: Hospital) -> None:
    (hospital.home / "segments.toml").write_text(
        SEGMENTS.replace('code = "REST"', 'code = "INSURED"'), encoding="utf-8"
    )
    answer = hospital.statements("run", "statement", "--cycle", CYCLE, code=2)
    assert "mail.segments" in answer.err
    assert "two segments" in answer.err
    assert not hospital.ledger_exists()


def test_enrollment__a_paper_statement_has_the_guarantors_own_code(hospital: Hospital, tmp_path: Path) -> None:
    settings = hospital.home / "statements.toml"
    url = 'enrollment_url = "https://pay.maplevalley.example/paperless"\n'
    settings.write_text(
        settings.read_text(encoding="utf-8").replace("[facility]\n", f"[facility]\n{url}"), encoding="utf-8"
    )
    rows = run_statements(hospital)
    guarantors = dict(hospital.ledger("SELECT document_id, guarantor_id FROM document"))
    for row in rows[:3]:
        text = page_text(hospital, row["document_id"], tmp_path)
        code = enrollment_code(KeyRing([KEY]), guarantors[row["document_id"]])
        assert f"with your code {code}" in text
        assert "pay.maplevalley.example/paperless" in text
    assert "with your code" not in page_text(hospital, hospital.emailed()[0], tmp_path)


def test_enrollment__requires_a_key(hospital: Hospital) -> None:
    settings = hospital.home / "statements.toml"
    url = 'enrollment_url = "https://pay.maplevalley.example/paperless"\n'
    settings.write_text(
        settings.read_text(encoding="utf-8").replace("[facility]\n", f"[facility]\n{url}"), encoding="utf-8"
    )
    answer = Hospital(hospital.home).statements("run", "statement", "--cycle", CYCLE, code=2)
    assert PORTAL_KEY in answer.err
