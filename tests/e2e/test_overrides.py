"""A hospital replaces templates and query folders from its own directory."""

from __future__ import annotations

import shutil
from pathlib import Path

from statement_builder.resources import SQL_ROOT, TEMPLATES
from tests.hospital import Hospital
from tests.outcomes import assert_nothing_sent
from tests.pdf_text import page_texts

RUN = ("run", "statement", "--cycle", "2026-11", "--as-of", "2026-11-07", "--release")


def _set(hospital: Hospital, table: str, setting: str) -> None:
    path = hospital.home / "statements.toml"
    text = path.read_text(encoding="utf-8")
    assert text.count(f"[{table}]\n") == 1
    path.write_text(text.replace(f"[{table}]\n", f"[{table}]\n{setting}\n"), encoding="utf-8")


def test_own_template__replaces_the_shipped_one_and_only_that(hospital: Hospital, tmp_path: Path) -> None:
    own = tmp_path / "templates"
    shipped = (TEMPLATES / "statement" / "parts.html").read_text(encoding="utf-8")
    assert "Your visits" in shipped
    (own / "statement").mkdir(parents=True)
    changed = shipped.replace("Your visits", "Your care")
    (own / "statement" / "parts.html").write_text(changed, encoding="utf-8")
    _set(hospital, "render", f'templates = "{own}"')
    hospital.statements(*RUN)
    (pdf,) = (hospital.home / "outbox" / "print").glob("*.pdf")
    text = " ".join(page_texts(pdf.read_bytes()))
    assert "Your care" in text
    assert "Your visits" not in text
    assert "templates and fonts" in hospital.statements("doctor", code=None).out


def test_own_query_folder__is_read_in_place_of_a_shipped_one(hospital: Hospital, tmp_path: Path) -> None:
    shutil.copytree(SQL_ROOT / "reference", tmp_path / "sql" / "maple")
    _set(hospital, "source", f'queries = "{tmp_path / "sql"}"')
    path = hospital.home / "statements.toml"
    path.write_text(path.read_text("utf-8").replace('name = "reference"', 'name = "maple"'), encoding="utf-8")
    hospital.statements(*RUN)
    query = tmp_path / "sql" / "maple" / "guarantors.sql"
    query.write_text(query.read_text("utf-8").replace("FROM", "FORM", 1), encoding="utf-8")
    refused = hospital.statements("run", "statement", "--cycle", "2026-12", "--as-of", "2026-12-07", code=None)
    assert refused.code != 0
    assert "guarantors" in refused.err


def test_folder_without_templates__is_refused_before_the_batch_begins(hospital: Hospital, tmp_path: Path) -> None:
    _set(hospital, "render", f'templates = "{tmp_path / "nowhere"}"')
    refused = hospital.statements(*RUN, code=2)
    assert "render.templates" in refused.err
    assert_nothing_sent(hospital)
