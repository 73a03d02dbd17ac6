"""Whom a batch writes to in which language, and what a person must make."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.commands import BATCH, RUN, call
from tests.hospital import Hospital
from tests.pdf_text import page_texts


def _read(hospital: Hospital, guarantor_id: str) -> list[str]:
    """The pages of the guarantor's document in the batch."""
    ((document_id,),) = hospital.ledger(
        "SELECT document_id FROM document WHERE batch_id = ? AND guarantor_id = ?", BATCH, guarantor_id
    )
    path = hospital.home / f"{document_id}.pdf"
    call(hospital, "get", document_id, "--output", str(path))
    return page_texts(path.read_bytes())


def _english_readers(hospital: Hospital, count: int) -> list[str]:
    call(hospital, *RUN)
    rows = hospital.ledger(
        "SELECT guarantor_id FROM document WHERE batch_id = ? AND channel = 'print' AND language = 'en'"
        " AND instr(guarantor_id, '+') = 0 ORDER BY guarantor_id LIMIT ?",
        BATCH,
        count,
    )
    return [guarantor_id for (guarantor_id,) in rows]


@pytest.fixture
def readers(hospital: Hospital) -> dict[str, str]:
    """Guarantors who get a statement on paper, by what they asked for."""
    spanish, mexican, vietnamese, braille = _english_readers(hospital.copy_to(hospital.home.with_name("first")), 4)
    update = "UPDATE guarantor SET language = ?, large_print = 0 WHERE guarantor_id = ?"
    for language, guarantor_id in (("es", spanish), ("es-MX", mexican), ("vi", vietnamese)):
        hospital.sql(update, language, guarantor_id)
    hospital.sql(
        "UPDATE guarantor SET alternate_format = 'braille', alternate_format_requested_on = '2026-10-18'"
        " WHERE guarantor_id = ?",
        braille,
    )
    return {"es": spanish, "es-MX": mexican, "vi": vietnamese, "braille": braille}


@pytest.mark.parametrize("locale", ["C", "es_ES.UTF-8", "de_DE.UTF-8"])
def test_run__writes_in_the_readers_language_whatever_the_operators_is(
    hospital: Hospital, readers: dict[str, str], locale: str
) -> None:
    own = {"LANG": locale, "LC_ALL": locale, "LANGUAGE": locale.partition("_")[0]}
    hospital = replace(hospital, environ=hospital.environ | own)
    call(hospital, *RUN)
    for reader in ("es", "es-MX"):
        text = " ".join(_read(hospital, readers[reader]))
        assert "Su factura del hospital" in text or "Recordatorio" in text
        assert "Horario telefónico: Lunes a viernes" in text
        assert "603-555-0143" in text
        assert "Página 1 de" in text
    pages = _read(hospital, readers["vi"])
    assert "Please pay" in pages[0]
    assert "Help in your language" in pages[-1]
    assert "Tiếng Việt" in pages[-1]


def test_request_for_braille__is_held_and_listed_with_its_age(hospital: Hospital, readers: dict[str, str]) -> None:
    call(hospital, *RUN)
    rows = [row for row in call(hospital, "exceptions", "--json").json if row["code"] == "FORMAT_BRAILLE"]
    (row,) = (row for row in rows if row["guarantor"] == readers["braille"])
    assert row["message"] == "Asked for braille on 2026-10-18, 20 days ago."
    assert "FORMAT_BRAILLE" in call(hospital, "holds", BATCH).out
    assert not hospital.ledger(
        "SELECT 1 FROM document WHERE batch_id = ? AND guarantor_id = ?", BATCH, readers["braille"]
    )


def test_run__refuses_a_translation_that_nobody_approved_for_this_facility(hospital: Hospital) -> None:
    path = hospital.home / "statements.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('facility_id = "maple-valley"', 'facility_id = "oak-hill"'), encoding="utf-8")
    error = call(hospital, *RUN, code=2).err
    assert "render.languages lists 'es'" in error
    assert "is approved for maple-valley, not for oak-hill" in " ".join(error.split())
    assert hospital.ledger("SELECT count(*) FROM document") == [(0,)]
