"""Rendering many documents keeps their order and verifies each one."""

from __future__ import annotations

from pathlib import Path

from statement_builder.documents import Content
from statement_builder.rendering import (
    CompiledEngine,
    DocumentError,
    ForeignIds,
    PlainEngine,
    Rendered,
    VerifiedRenderer,
)
from statement_builder.rendering.compiled.layout_cache import LayoutCache
from statement_builder.rendering.compiled.markup_parser import parse_markup
from statement_builder.rendering.engine import LayoutPending
from statement_builder.rendering.templating import render_markup
from tests.builders import make_encounter
from tests.contents import TEMPLATES, make_statement
from tests.envelope import DOUBLE_WINDOW_10
from tests.pdf_text import page_texts

NOBODY = ForeignIds(accounts_by_guarantor={})


def statements(count: int) -> list[Content]:
    return [make_statement(make_encounter(), guarantor_id=f"G{n:04}") for n in range(count)]


def test_render_all__keeps_order_and_returns_errors_in_place(engine: PlainEngine) -> None:
    contents = statements(5)
    contents[2] = make_statement(make_encounter(), guarantor_id="G0002", first_name="李")
    outcomes = VerifiedRenderer(engine, TEMPLATES, DOUBLE_WINDOW_10).render_all(contents, NOBODY)
    error = outcomes.pop(2)
    assert isinstance(error, DocumentError)
    assert (error.code, bool(error.fix)) == ("GLYPH", True)
    rest = [content for content in contents if content.guarantor_id != "G0002"]
    for content, outcome in zip(rest, outcomes, strict=True):
        assert isinstance(outcome, Rendered)
        assert content.document_id in page_texts(outcome.pdf)[0]


def test_render_all__verifies_every_document(engine: PlainEngine) -> None:
    renderer = VerifiedRenderer(engine, TEMPLATES, DOUBLE_WINDOW_10)
    foreign = ForeignIds(accounts_by_guarantor={"G9": frozenset({"Community"})})
    assert isinstance(renderer.render_all(statements(1), foreign)[0], Rendered)
    foreign = ForeignIds(accounts_by_guarantor={"G9": frozenset({"Emergency"})})
    outcome = renderer.render_all(statements(1), foreign)[0]
    assert isinstance(outcome, DocumentError)
    assert outcome.code == "FOREIGN_ID"


def test_claim__expires(tmp_path: Path) -> None:
    now = 1_790_000_000.0
    one, other = (LayoutCache(tmp_path, TEMPLATES, clock=lambda: now) for _ in range(2))
    assert one.claim(b"key")
    assert not other.claim(b"key")
    assert other.claim(b"another key")
    now += 60
    assert other.claim(b"key")
    assert not one.claim(b"key")


def test_render_all__waits_for_other_processes_and_then_compiles_itself(tmp_path: Path) -> None:
    short, long = statements(2), make_statement(*[make_encounter(f"70000{n}") for n in range(3)], guarantor_id="G0009")
    engine, another = CompiledEngine(TEMPLATES, tmp_path), LayoutCache(tmp_path, TEMPLATES)
    assert another.claim(parse_markup(render_markup(TEMPLATES, short[0])).structure)
    assert isinstance(engine.render_all(short[:1], may_wait=True)[0], LayoutPending)
    contents = [short[0], long, short[1]]
    outcomes = VerifiedRenderer(engine, TEMPLATES, DOUBLE_WINDOW_10).render_all(contents, NOBODY)
    for content, outcome in zip(contents, outcomes, strict=True):
        assert isinstance(outcome, Rendered)
        assert content.document_id in page_texts(outcome.pdf)[0]
    assert engine.compiled == 2
