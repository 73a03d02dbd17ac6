"""Printing many: order kept, faults in their places, nothing that was not read back."""

from __future__ import annotations

from pathlib import Path

from statement_builder.documents import Content
from statement_builder.rendering import (
    DOUBLE_WINDOW_10,
    CompiledEngine,
    DocumentError,
    ForeignIds,
    PlainEngine,
    Press,
    Rendered,
)
from statement_builder.rendering.compiled.layout_cache import LayoutStore
from statement_builder.rendering.compiled.markup_parser import parse_markup
from statement_builder.rendering.engine import LayoutPending
from statement_builder.rendering.templating import render_markup
from tests.builders import make_encounter
from tests.contents import TEMPLATES, make_statement
from tests.pdf_text import page_texts

NOBODY = ForeignIds(accounts_by_guarantor={})


def statements(count: int) -> list[Content]:
    return [make_statement(make_encounter(), guarantor_id=f"G{n:04}") for n in range(count)]


def test_print_all__order_is_kept_and_faults_stand_in_their_places(engine: PlainEngine) -> None:
    contents = statements(5)
    contents[2] = make_statement(make_encounter(), guarantor_id="G0002", first_name="李")
    outcomes = Press(engine, TEMPLATES, DOUBLE_WINDOW_10).print_all(contents, NOBODY)
    fault = outcomes.pop(2)
    assert isinstance(fault, DocumentError)
    assert (fault.code, bool(fault.fix)) == ("GLYPH", True)
    rest = [content for content in contents if content.guarantor_id != "G0002"]
    for content, outcome in zip(rest, outcomes, strict=True):
        assert isinstance(outcome, Rendered)
        assert content.document_id in page_texts(outcome.pdf)[0]


def test_print_all__verifies_what_it_rendered(engine: PlainEngine) -> None:
    press = Press(engine, TEMPLATES, DOUBLE_WINDOW_10)
    foreign = ForeignIds(accounts_by_guarantor={"G9": frozenset({"Community"})})
    assert isinstance(press.print_all(statements(1), foreign)[0], Rendered)
    foreign = ForeignIds(accounts_by_guarantor={"G9": frozenset({"Emergency"})})
    outcome = press.print_all(statements(1), foreign)[0]
    assert isinstance(outcome, DocumentError)
    assert outcome.code == "FOREIGN_ID"


def test_begin__is_another_s_until_it_must_have_died(tmp_path: Path) -> None:
    now = 1_790_000_000.0
    one, other = (LayoutStore(tmp_path, TEMPLATES, clock=lambda: now) for _ in range(2))
    assert one.begin(b"key")
    assert not other.begin(b"key")
    assert other.begin(b"another key")
    now += 60
    assert other.begin(b"key")
    assert not one.begin(b"key")


def test_print_all__what_another_process_is_making_comes_last_and_is_made_if_it_died(tmp_path: Path) -> None:
    short, long = statements(2), make_statement(*[make_encounter(f"70000{n}") for n in range(3)], guarantor_id="G0009")
    engine, another = CompiledEngine(TEMPLATES, tmp_path), LayoutStore(tmp_path, TEMPLATES)
    assert another.begin(parse_markup(render_markup(TEMPLATES, short[0])).structure)
    assert isinstance(engine.render_all(short[:1], may_wait=True)[0], LayoutPending)
    contents = [short[0], long, short[1]]
    outcomes = Press(engine, TEMPLATES, DOUBLE_WINDOW_10).print_all(contents, NOBODY)
    for content, outcome in zip(contents, outcomes, strict=True):
        assert isinstance(outcome, Rendered)
        assert content.document_id in page_texts(outcome.pdf)[0]
    assert engine.compiled == 2
