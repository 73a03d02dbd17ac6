"""The compiled engine makes the same pages as the plain engine, and falls back to it where it is not certain."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from statement_builder.documents import Content
from statement_builder.rendering import CompiledEngine, DocumentError, Engine, PlainEngine, Rendered
from statement_builder.resources import languages
from tests.builders import make_address, make_facility
from tests.contents import TEMPLATES, make_letter, make_ob_notice, make_statement
from tests.night import NIGHT
from tests.pdf_text import page_texts
from tests.rendering.likeness import differences
from tests.rendering.random_contents import KINDS, make_random

DOCUMENTS = 30 if NIGHT else 6
"""Random documents of each kind and print size; 200 in the nightly run."""


@pytest.fixture(scope="module")
def compiled() -> CompiledEngine:
    return CompiledEngine(TEMPLATES)


def _require_same_result(compiled: CompiledEngine, plain: PlainEngine, content: Content) -> None:
    """Both engines render the same pages, or both raise the same error."""
    expected, rendered = _outcome(plain, content), _outcome(compiled, content)
    if isinstance(expected, str) or isinstance(rendered, str):
        assert rendered == expected
        return
    assert rendered.pages == expected.pages
    assert differences(rendered.pdf, expected.pdf) == []


def _outcome(engine: Engine, content: Content) -> Rendered | str:
    try:
        return engine.render(content)
    except DocumentError as exc:
        return str(exc)


@pytest.mark.parametrize("large_print", [pytest.param(False, id="standard"), pytest.param(True, id="large")])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", languages(TEMPLATES))
def test_render__random_documents_match_the_plain_engine(
    engine: PlainEngine, compiled: CompiledEngine, language: str, kind: str, large_print: bool
) -> None:
    random = Random(f"{kind} {large_print}")
    for _ in range(DOCUMENTS):
        _require_same_result(compiled, engine, make_random(kind, random, large_print=large_print, language=language))
    assert sum(compiled.fallbacks.values()) <= 0.02 * compiled.filled, compiled.fallbacks


@pytest.mark.parametrize("kind", ["statement", "final-notice"])
def test_render__documents_to_attorneys_match_the_plain_engine(
    engine: PlainEngine, compiled: CompiledEngine, kind: str
) -> None:
    random = Random(f"attorney {kind}")
    for client in ("Maria Lopez", "Siobhán O'Brien", "Maximiliana-Theodora Featherstonehaugh-Montgomerys"):
        person: dict[str, Any] = {"first_name": "", "last_name": "Reyes & Cole LLP", "client_name": client}
        _require_same_result(compiled, engine, make_random(kind, random, **person))


PEOPLE = [
    pytest.param("Siobhán O’Connor-Núñez", True, id="accents"),
    pytest.param("O'Brien & Söhne <b>", True, id="punctuation"),
    pytest.param("Nguyễn Thị Ánh Đặng", True, id="vietnamese"),
    pytest.param("Łukasz Żółć", True, id="polish"),
    pytest.param("Jose\u0301", True, id="composing-accent"),
    pytest.param("Жанна", False, id="cyrillic"),
    pytest.param("Αθηνά", False, id="greek"),
    pytest.param("m\u0302ara", False, id="non-composing-accent"),
    pytest.param("Maximiliana-Bartholomea-Annunziata-Wilhelmina", True, id="long"),
    pytest.param("X" * 60, True, id="sixty-letters-without-a-space"),
    pytest.param("fi ffi fl tt fj", True, id="ligatures"),
    pytest.param("AVAToWa.Y,", True, id="kerning"),
]


@pytest.mark.parametrize(("name", "is_filled"), PEOPLE)
def test_render__names_are_filled_or_fall_back(engine: PlainEngine, name: str, is_filled: bool) -> None:
    compiled = CompiledEngine(TEMPLATES)
    compiled.render(make_statement())
    _require_same_result(compiled, engine, make_statement(first_name=name))
    assert (compiled.filled == 2) == is_filled


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("李", id="chinese"),
        pytest.param("سارة", id="arabic"),
        pytest.param("Ann😀", id="emoji"),
    ],
)
def test_render__character_without_a_glyph_is_refused(engine: PlainEngine, compiled: CompiledEngine, name: str) -> None:
    outcome = _outcome(compiled, make_statement(first_name=name))
    assert isinstance(outcome, str)
    assert outcome.startswith("GLYPH: ")
    assert outcome == _outcome(engine, make_statement(first_name=name))


def test_render__hyphenated_words_break_as_in_weasyprint(engine: PlainEngine, compiled: CompiledEngine) -> None:
    for length in range(10, 40, 3):
        name = f"{'a' * length}-{'b' * 7} {'c' * 9}-{'d' * 12}"
        _require_same_result(compiled, engine, make_statement(last_name=name))


_LETTERS = st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs", "M"))
_WORDS = st.text(st.sampled_from("abcdefgijlmtAVWTY -'’./&,()$5") | _LETTERS, min_size=1, max_size=45)
_PRINTABLE = _WORDS.filter(lambda text: bool(text.strip()))


@settings(
    max_examples=200 if NIGHT else 20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(first=_PRINTABLE, last=_PRINTABLE, line=_PRINTABLE, large=st.booleans())
def test_render__any_text_matches_the_plain_engine(
    engine: PlainEngine, compiled: CompiledEngine, first: str, last: str, line: str, large: bool
) -> None:
    content = make_statement(first_name=first, last_name=last, address=make_address(line), large_print=large)
    _require_same_result(compiled, engine, content)


def test_render_all__same_results_as_one_at_a_time() -> None:
    """Mixed kinds: most reuse another's layout, one falls back to WeasyPrint, and one has an error."""
    random = Random(5)
    contents = [make_random(kind, random, large_print=number == 2) for number in range(3) for kind in KINDS]
    contents.insert(4, make_statement(first_name="Σοφία"))
    contents.insert(9, make_statement(first_name="李"))
    together, alone = CompiledEngine(TEMPLATES), CompiledEngine(TEMPLATES)
    expected: list[bytes | str] = []
    for content in contents:
        try:
            expected.append(alone.render(content).pdf)
        except DocumentError as exc:
            expected.append(exc.code)
    outcomes = together.render_all(contents)
    assert [each.pdf if isinstance(each, Rendered) else getattr(each, "code", "") for each in outcomes] == expected
    assert expected[9] == "GLYPH"
    assert together.fallbacks == alone.fallbacks
    assert together.filled == alone.filled
    assert 0 < alone.compiled < len(contents) - 1
    assert 0 < together.compiled < len(contents) - 1  # some more than alone: specimens that have no parts


def test_render__same_bytes_with_a_small_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random("forgotten")
    contents = [make_random(KINDS[position % 2], random) for position in range(12)] * 2
    expected = [CompiledEngine(TEMPLATES).render(content) for content in contents[:12]] * 2
    for size in (1, 50, 300):  # a document has about a hundred paragraphs
        monkeypatch.setattr("statement_builder.rendering.compiled.typesetter._CACHED_MAX", size)
        engine = CompiledEngine(TEMPLATES)
        assert engine.render_all(contents) == expected
        assert engine.compiled < len(contents)


def test_render__same_bytes_in_any_order() -> None:
    first, second = make_statement(first_name="Ann"), make_statement(first_name="Bo", guarantor_id="G2002")
    forth, back = CompiledEngine(TEMPLATES), CompiledEngine(TEMPLATES)
    assert [forth.render(each).pdf for each in (first, second)] == [back.render(each).pdf for each in (second, first)][
        ::-1
    ]
    assert forth.compiled == back.compiled == 1


def test_render__one_page_statement_is_small(compiled: CompiledEngine) -> None:
    rendered = compiled.render(make_statement())
    assert rendered.pages == 1
    assert len(rendered.pdf) <= 30_000


def test_render__drawing_is_part_of_the_layout(engine: PlainEngine) -> None:
    logo = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20"><title>{}</title><circle r="9"/></svg>'
    compiled = CompiledEngine(TEMPLATES)
    for name in ("Riverbend", "Maple Valley", "Riverbend"):
        _require_same_result(compiled, engine, make_statement(facility=make_facility(logo_svg=logo.format(name))))
    assert (compiled.filled, compiled.compiled) == (3, 2)


def test_render__many_documents_share_few_layouts(engine: PlainEngine) -> None:
    compiled = CompiledEngine(TEMPLATES)
    for number in range(50):
        compiled.render(make_statement(first_name=f"Ann{number}", guarantor_id=f"G{number}"))
    assert (compiled.filled, compiled.compiled, compiled.fallbacks) == (50, 1, Counter())


EVERY_KIND = [
    pytest.param(make_statement(), id="statement"),
    pytest.param(make_ob_notice(), id="estimate"),
    pytest.param(make_letter(4), id="final-notice"),
]


@pytest.mark.parametrize("content", EVERY_KIND)
def test_cache__another_process_compiles_no_layout_again(tmp_path: Path, content: Content) -> None:
    first = CompiledEngine(TEMPLATES, tmp_path)
    expected = first.render(content).pdf
    second = CompiledEngine(TEMPLATES, tmp_path)
    assert second.render(content).pdf == expected
    assert (first.compiled, second.compiled, second.filled) == (1, 0, 1)


def test_cache__contains_no_document_text(tmp_path: Path) -> None:
    name = "Wolfeschlegelsteinhausenbergerdorff"
    CompiledEngine(TEMPLATES, tmp_path).render(make_statement(last_name=name, address=make_address("98765 Elm Street")))
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) >= 2
    assert not [path for path in files if name.encode() in path.read_bytes() or b"98765" in path.read_bytes()]


def test_cache__layouts_of_other_templates_are_deleted(tmp_path: Path) -> None:
    old = tmp_path / "0123456789abcdef"
    old.mkdir()
    (old / "a.layout").write_bytes(b"x")
    CompiledEngine(TEMPLATES, tmp_path).render(make_statement())
    assert not old.exists()


def test_cache__damaged_layout_is_compiled_again(tmp_path: Path) -> None:
    expected = CompiledEngine(TEMPLATES, tmp_path).render(make_statement()).pdf
    for damaged, compiled, composed in (("*.layout", 0, 1), ("*.*", 1, 0)):
        for path in tmp_path.rglob(damaged):
            path.write_bytes(path.read_bytes()[:100])
        again = CompiledEngine(TEMPLATES, tmp_path)
        assert again.render(make_statement()).pdf == expected
        assert (again.compiled, again.composed) == (compiled, composed)


def _with_template(tmp_path: Path, body: str) -> Path:
    (tmp_path / "theme").mkdir(parents=True)
    for name in ("theme.css", "large_print.css"):
        (tmp_path / "theme" / name).write_bytes((TEMPLATES / "theme" / name).read_bytes())
    page = f"<!DOCTYPE html><html lang=en><head><title>T</title></head><body>{body}</body></html>"
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(
            "<p style='float: left'>{{ content.guarantor_id }}</p>", "float (<p>, templates/page.html:2)", id="float"
        ),
        pytest.param(
            "<table class=wild style='table-layout: auto'><tr><td>{{ content.guarantor_id }}</td></tr></table>",
            'table without table-layout: fixed and a width (<table class="wild">, templates/page.html:2)',
            id="auto-table",
        ),
        pytest.param(
            "<div style='position: absolute'>{{ content.guarantor_id }}</div>",
            "absolute position without a width (<div>, templates/page.html:2)",
            id="shrink-to-fit",
        ),
        pytest.param(
            "<p class=full style='text-align: justify'>{{ content.guarantor_id }}</p>",
            'text alignment (<p class="full">, templates/page.html:2)',
            id="justified",
        ),
        pytest.param(
            "<p>See <u style='text-decoration: underline'>{{ content.guarantor_id }}</u></p>",
            "text decoration line (<p>, templates/page.html:2)",
            id="underlined",
        ),
    ],
)
def test_render__fallback_reason_names_the_template_line(tmp_path: Path, body: str, reason: str) -> None:
    templates = _with_template(tmp_path / "templates", f"\n{body}")
    compiled, plain = CompiledEngine(templates), PlainEngine(templates)
    for content in (make_statement(), make_statement(guarantor_id="G-LONGER-THAN-BEFORE")):
        page = msgspec.structs.replace(content, template="page.html")
        assert compiled.render(page).pdf == plain.render(page).pdf
    assert compiled.fallbacks == Counter({reason: 2})


_RUNNING = """
<style>p { width: 2.1in; margin: 3pt 0; overflow-wrap: anywhere } .r { text-align: right } .c { text-align: center }
.n { white-space: nowrap }</style>
{% set a, b, c, d = content.recipient.lines %}
<p>{{ a }} pays <b>{{ b }}</b>. Then {{ c }} went to {{ d }}, and that was all.</p>
<p><b>{{ c }}</b> {{ d }}<b>{{ a }}</b>/{{ b }} more</p>
<p class=r>{{ b }} · {{ d }} · <span class=n>Account {{ a }}</span></p>
<p class=c>See {{ a }}<b>, {{ b }}</b> (<span class=n>{{ c }}</span>) or {{ d }}.</p>
<p>{{ a }} {{ b }} {{ c }} {{ d }} {{ a }}-{{ b }} {{ c }}-{{ d }} <b>{{ a }}</b></p>
"""
_SYLLABLES = (
    "a",
    "Wal",
    "to",
    "fi",
    "ver",
    "mi",
    "AV",
    "l",
    "ster",
    "qu",
    "1",
    "23",
    "$4.50",
    "-",
    " ",
    " ",
    "’",
    ".",
    ",",
)


def test_render__word_across_two_elements_matches_weasyprint(tmp_path: Path) -> None:
    """WeasyPrint ends the line before such a word early, so documents with such words share no layout."""
    templates = _with_template(tmp_path, _RUNNING)
    compiled, plain = CompiledEngine(templates), PlainEngine(templates)
    for words in (
        ("qulto $4.50", "1-23a1,", "vera WalWalWalmi1", "tofiAV"),
        (",Wal-quster’a", "’.", "lsterfisterWalAV’$4.50", "mi"),
    ):
        document = make_statement()
        recipient = msgspec.structs.replace(document.recipient, lines=words)
        page = msgspec.structs.replace(document, recipient=recipient, template="page.html")
        assert differences(compiled.render(page).pdf, plain.render(page).pdf) == []


def test_render__running_text_breaks_as_in_weasyprint(tmp_path: Path) -> None:
    templates = _with_template(tmp_path, _RUNNING)
    compiled, plain, random = CompiledEngine(templates), PlainEngine(templates), Random("running text")
    for _ in range(12 * DOCUMENTS):
        words = ["".join(random.choices(_SYLLABLES, k=random.randint(1, 9))).strip() or "x" for _ in range(4)]
        document = make_statement()
        recipient = msgspec.structs.replace(document.recipient, lines=tuple(words))
        page = msgspec.structs.replace(document, recipient=recipient, template="page.html")
        assert differences(compiled.render(page).pdf, plain.render(page).pdf) == [], words
    assert compiled.compiled < compiled.filled + sum(compiled.fallbacks.values())


def test_render__pages_are_numbered(engine: PlainEngine, compiled: CompiledEngine) -> None:
    content = make_random("statement", Random(3), large_print=True)
    texts = page_texts(compiled.render(content).pdf)
    assert len(texts) > 1
    assert [f"Page {number} of {len(texts)}" in text for number, text in enumerate(texts, 1)] == [True] * len(texts)
