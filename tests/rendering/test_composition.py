"""Layouts composed of blocks of other documents are what WeasyPrint draws, and add up instead of multiplying."""

from __future__ import annotations

from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from statement_builder.documents import Content
from statement_builder.rendering import CompiledEngine, LayoutPending, PlainEngine, Rendered
from statement_builder.rendering.compiled.composer import NotComposable, require_same_drawing
from statement_builder.rendering.compiled.layouts import Layout
from statement_builder.rendering.compiled.markup_parser import parse_markup
from statement_builder.rendering.compiled.segments import find_segments
from statement_builder.rendering.errors import DocumentError
from statement_builder.rendering.templating import render_markup
from tests.builders import make_address, make_encounter
from tests.contents import TEMPLATES, TERMS, make_invoice, make_letter, make_plan_statement, make_statement, make_stay
from tests.rendering.likeness import differences
from tests.rendering.sample_pages import CONTENTS

STREETS = ("12 Maple Street", "Apartment 7", "c/o Lee")


def _statement(visits: int, lines: int, **guarantor: Any) -> Content:
    encounters = [make_encounter(f"A7000{number}") for number in range(visits)]
    return make_statement(*encounters, address=make_address(*STREETS[:lines]), **guarantor)


def _letter(visits: int, lines: int) -> Content:
    encounters = [make_encounter(f"A7000{number}") for number in range(visits)]
    return make_letter(2, *encounters, address=make_address(*STREETS[:lines]))


@pytest.mark.parametrize("large_print", [pytest.param(False, id="standard"), pytest.param(True, id="large")])
def test_compose__new_combination_is_what_weasyprint_draws(engine: PlainEngine, large_print: bool) -> None:
    compiled = CompiledEngine(TEMPLATES)
    for visits, lines in ((3, 1), (1, 2)):
        compiled.render(_statement(visits, lines, large_print=large_print))
    made = compiled.compiled
    content = _statement(3, 2, large_print=large_print)
    rendered = compiled.render(content)
    assert (compiled.compiled - made, compiled.composed, compiled.fallbacks) == (0, 1, Counter())
    assert differences(rendered.pdf, engine.render(content).pdf) == []


def test_compose__same_bytes_as_compiled_alone() -> None:
    together = CompiledEngine(TEMPLATES)
    for visits, lines in ((4, 1), (1, 2), (4, 2)):
        rendered = together.render(_statement(visits, lines))
    assert together.composed == 1
    assert rendered == CompiledEngine(TEMPLATES).render(_statement(4, 2))


def test_compose__layouts_add_up() -> None:
    """Twelve combinations of visits and address lines."""
    compiled = CompiledEngine(TEMPLATES)
    for visits, lines in product((1, 2, 3, 4), (1, 2, 3)):
        compiled.render(_statement(visits, lines))
    assert compiled.compiled + compiled.composed == 12
    assert compiled.compiled <= 6


@pytest.mark.parametrize(
    ("known", "lines", "large_print"),
    [
        pytest.param((4, 60), 45, False, id="two-pages"),
        pytest.param((60,), 75, False, id="three-pages-from-three"),
        pytest.param((4, 60), 160, False, id="five-pages-from-three"),
        pytest.param((60, 24), 40, True, id="large-print"),
    ],
)
def test_compose__table_that_continues_is_what_weasyprint_draws(
    engine: PlainEngine, known: tuple[int, ...], lines: int, large_print: bool
) -> None:
    compiled = CompiledEngine(TEMPLATES)
    for each in known:
        compiled.render(make_invoice(make_stay(each), large_print=large_print))
    made, composed = compiled.compiled, compiled.composed
    content = make_invoice(make_stay(lines), large_print=large_print)
    rendered = compiled.render(content)
    assert (compiled.compiled - made, compiled.composed - composed, compiled.fallbacks) == (0, 1, Counter())
    assert differences(rendered.pdf, engine.render(content).pdf) == []


def test_compose__same_bytes_from_a_longer_and_a_shorter_document() -> None:
    """Frames of three pages and of five are kept as the same frame."""
    content = make_invoice(make_stay(110))
    rendered = []
    for known in (60, 160):
        compiled = CompiledEngine(TEMPLATES)
        compiled.render(make_invoice(make_stay(known)))
        made = compiled.compiled
        rendered.append(compiled.render(content))
        assert compiled.compiled == made
    assert rendered[0] == rendered[1] == CompiledEngine(TEMPLATES).render(content)


def test_compose__charge_lines_add_up() -> None:
    """Bills of one page to four."""
    compiled = CompiledEngine(TEMPLATES)
    for lines in (60, *range(7, 120, 16)):
        compiled.render(make_invoice(make_stay(lines)))
    assert (compiled.compiled, compiled.fallbacks) == (2, Counter())


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(
            (
                "statement",
                "statement-of-1-visit",
                "statement-with-plan",
                "statement-with-pending-insurance",
                "statement-above-estimate",
                "statement-with-changes",
                "reminder",
                "statement-denied",
            ),
            id="statements",
        ),
        pytest.param(
            ("statement-large-print-es", "statement-with-plan-large-print-es", "reminder-large-print-es"),
            id="large-print-spanish",
        ),
    ],
)
def test_render_all__what_several_documents_lack_is_laid_out_together(
    engine: PlainEngine, names: tuple[str, ...]
) -> None:
    compiled = CompiledEngine(TEMPLATES)
    contents = [CONTENTS[name] for name in names]
    rendered = compiled.render_all(contents)
    assert compiled.compiled <= (len(contents) + 1) // 2
    assert compiled.fallbacks == Counter()
    for each, content in zip(rendered, contents, strict=True):
        assert isinstance(each, Rendered)
        assert differences(each.pdf, engine.render(content).pdf) == []


def test_render_all__document_that_cannot_be_laid_out_stops_no_other() -> None:
    """Its name has letters that no font has."""
    compiled = CompiledEngine(TEMPLATES)
    compiled.render(_statement(1, 1))
    outcomes = compiled.render_all([_statement(2, 1), _statement(3, 1, first_name="李"), make_plan_statement()])
    assert [type(each) for each in outcomes] == [Rendered, DocumentError, Rendered]


def _long_bill(lines: int, **guarantor: Any) -> Content:
    """A bill whose last charges have texts of other lengths than the first."""
    stay = make_stay(lines)
    charges = [
        replace(charge, description=f"{charge.description} and further services of the same day, as ordered")
        if number in {lines - 30, lines - 12}
        else charge
        for number, charge in enumerate(stay.charges)
    ]
    return make_invoice(replace(stay, charges=tuple(charges)), **guarantor)


def test_compose__long_bill_before_any_shorter_one_is_what_weasyprint_draws(engine: PlainEngine) -> None:
    compiled = CompiledEngine(TEMPLATES)
    content = _long_bill(170)
    rendered = compiled.render(content)
    assert (compiled.composed, compiled.fallbacks) == (1, Counter())
    assert differences(rendered.pdf, engine.render(content).pdf) == []


def test_compose__bill_of_1200_lines_is_laid_out_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """WeasyPrint would take half a minute for all of it."""
    rows: list[int] = []
    draw = PlainEngine.draw

    def count_rows(self: PlainEngine, markup: str, *rest: Any) -> Any:
        rows.append(markup.count("<tr"))
        return draw(self, markup, *rest)

    monkeypatch.setattr(PlainEngine, "draw", count_rows)
    compiled = CompiledEngine(TEMPLATES)
    rendered = compiled.render(_long_bill(1_200))
    assert rendered.pages > 25
    assert (compiled.filled, compiled.fallbacks) == (1, Counter())
    assert max(rows) < 200


def test_compose__paragraph_that_is_the_last_of_its_section_elsewhere(engine: PlainEngine) -> None:
    """It has the section's margin below it there."""
    compiled = CompiledEngine(TEMPLATES)
    terms = replace(TERMS, collection_actions=("reporting", "suit"))
    for letter_terms, lines in ((TERMS, 1), (terms, 2), (TERMS, 3)):
        compiled.render(make_letter(4, address=make_address(*STREETS[:lines]), terms=letter_terms))
    content = make_letter(4, address=make_address(*STREETS[:3]), terms=terms)
    assert differences(compiled.render(content).pdf, engine.render(content).pdf) == []
    assert compiled.composed >= 1


def test_compose__list_is_what_weasyprint_draws(engine: PlainEngine) -> None:
    """The markers of a list are painted after everything else on the page."""
    compiled = CompiledEngine(TEMPLATES)
    for visits, lines in ((3, 1), (1, 2)):
        compiled.render(_letter(visits, lines))
    content = _letter(3, 2)
    rendered = compiled.render(content)
    assert compiled.composed == 1
    assert differences(rendered.pdf, engine.render(content).pdf) == []


def test_compose__parts_are_shared_with_another_process(tmp_path: Path) -> None:
    first = CompiledEngine(TEMPLATES, tmp_path)
    for visits, lines in ((3, 1), (1, 2)):
        first.render(_statement(visits, lines))
    second = CompiledEngine(TEMPLATES, tmp_path)
    second.render(_statement(3, 2))
    assert (second.compiled, second.composed) == (0, 1)


def test_compose__waits_while_another_process_makes_the_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = CompiledEngine(TEMPLATES, tmp_path), CompiledEngine(TEMPLATES, tmp_path)
    waiting: list[Any] = []

    def draw(self: PlainEngine, markup: str, *rest: Any) -> Any:
        """While the first process lays out its document, the second has one with the same frame."""
        monkeypatch.undo()
        waiting.extend(second.render_all([_statement(1, 2)], may_wait=True))
        return self.draw(markup, *rest)

    monkeypatch.setattr(PlainEngine, "draw", draw)
    first.render_all([_statement(1, 1)], may_wait=True)
    assert [type(outcome) for outcome in waiting] == [LayoutPending]
    second.render_all([_statement(1, 1)])
    assert (second.compiled, second.filled) == (0, 1)


def test_compose__documents_that_lack_something_rare_wait_for_one_another() -> None:
    compiled = CompiledEngine(TEMPLATES)
    compiled.render_all([_statement(1, 1), _statement(2, 1)], may_wait=True)
    made = compiled.compiled
    rare = [_statement(2, 2), make_plan_statement()]
    outcomes = compiled.render_all([*rare, _statement(1, 1, first_name="Bo")], may_wait=True)
    assert [type(outcome) for outcome in outcomes] == [LayoutPending, LayoutPending, Rendered]
    assert compiled.compiled == made
    assert [type(outcome) for outcome in compiled.render_all(rare)] == [Rendered, Rendered]


def _compiled_layout(tmp_path: Path) -> Layout:
    compiled = CompiledEngine(TEMPLATES, tmp_path)
    compiled.render(make_statement())
    (layout,) = [ready._page_template.layout for ready in compiled._page_templates.values()]
    return layout


def test_require_same_drawing__moved_text_is_refused(tmp_path: Path) -> None:
    layout = _compiled_layout(tmp_path)
    (page,) = layout.pages
    first, *others = page.placeholders
    moved = replace(page, placeholders=(replace(first, y=b"%.2f" % (float(first.y) + 0.01)), *others))
    require_same_drawing(layout, layout)
    with pytest.raises(NotComposable):
        require_same_drawing(replace(layout, pages=(moved,)), layout)


_HEAD = '<html lang="en"><head></head><body>'


@pytest.mark.parametrize(
    ("body", "blocks"),
    [
        pytest.param('<div class="body"><p>a</p><p>b</p></div>', 2, id="blocks"),
        pytest.param('<div class="body"><p><a href="x">a</a></p><p>b</p></div>', 1, id="links-are-in-the-frame"),
        pytest.param('<div class="recipient"><p>a</p></div><div class="body"><p>b</p></div>', 2, id="recipient"),
        pytest.param('<div class="body"><p>a</p>text<p>b</p></div>', None, id="text-between-blocks"),
        pytest.param('<div class="body"></div>', None, id="empty"),
        pytest.param("<p>a</p>", None, id="no-flow"),
    ],
)
def test_find_segments__blocks(body: str, blocks: int | None) -> None:
    markup = f"{_HEAD}{body}</body></html>"
    segments = find_segments(markup, parse_markup(markup))
    assert (None if segments is None else len(segments.blocks)) == blocks


def test_find_segments__every_text_belongs_to_one_part() -> None:
    markup = render_markup(TEMPLATES, make_statement())
    parsed = parse_markup(markup)
    segments = find_segments(markup, parsed)
    assert segments is not None
    numbers = [*segments.frame_nodes, *(node for block in segments.blocks for node in range(block.start, block.end))]
    shown = [number for number, text in enumerate(parsed.texts) if text.strip()]
    assert len(numbers) == len(set(numbers))
    assert set(shown) <= set(numbers)
    assert len(segments.blocks) > 5
