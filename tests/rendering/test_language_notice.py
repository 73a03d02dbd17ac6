"""The notice of language assistance: 45 CFR 92.11, in English and 15 languages, for readers of no translation."""

from __future__ import annotations

import io
import shutil
import tomllib
import unicodedata
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pikepdf
import pytest

from pdf_kit.text import remove_whitespace
from statement_builder.billing.facility import Facility
from statement_builder.documents import Content
from statement_builder.errors import ConfigError
from statement_builder.rendering import CompiledEngine, Engine, ForeignIds, PlainEngine, check_templates, make_copy
from statement_builder.rendering.engine import check_notice_style
from statement_builder.rendering.language_notice import LANGUAGES_COUNT, find_notices, load_states
from statement_builder.rendering.templating import page_label
from statement_builder.rendering.verifier import Verifier
from tests.builders import make_address, make_facility
from tests.contents import TEMPLATES, make_letter, make_ob_notice, make_statement
from tests.envelope import DOUBLE_WINDOW_10
from tests.pdf_text import page_texts

NEW_HAMPSHIRE = make_facility(return_address=make_address("1 Elm St", city="Dover", state="NH", postal_code="03820"))
NATIONAL = make_facility()
DOCUMENTS: dict[str, Callable[..., Content]] = {
    "statement": make_statement,
    "final-notice": partial(make_letter, 4),
    "estimate": make_ob_notice,
}


@pytest.fixture(params=["plain", "compiled"])
def either_engine(request: pytest.FixtureRequest, engine: PlainEngine, compiled: CompiledEngine) -> Engine:
    return engine if request.param == "plain" else compiled


def notice_text(engine: Engine, content: Content, before: int) -> str:
    """The text of the pages after the first `before` ones, without white space and in one form of each letter."""
    pages = page_texts(engine.render(content).pdf)[before:]
    return unicodedata.normalize("NFKC", remove_whitespace("".join(pages)))


@pytest.mark.parametrize("large_print", [False, True], ids=["standard", "large-print"])
@pytest.mark.parametrize("kind", DOCUMENTS)
def test_document__ends_with_the_notice_and_counts_its_pages(
    either_engine: Engine, kind: str, large_print: bool
) -> None:
    without = either_engine.render(DOCUMENTS[kind](large_print=large_print))
    content = DOCUMENTS[kind](large_print=large_print, other_language="vi")
    rendered = either_engine.render(content)
    texts = page_texts(rendered.pdf)
    assert rendered.pages == len(texts) > without.pages
    assert large_print or rendered.pages == without.pages + 1
    for number, text in enumerate(texts, start=1):
        assert f"Page {number} of {len(texts)}" in text
        assert content.document_id in text
    assert "Help in your language" in texts[without.pages]
    assert remove_whitespace("Xin gọi (413) 555-0142 (TTY: 711)") in remove_whitespace("".join(texts[without.pages :]))


@pytest.mark.parametrize("facility", [NATIONAL, NEW_HAMPSHIRE], ids=["national", "state"])
def test_notice__has_english_and_the_languages_of_the_state(engine: PlainEngine, facility: Facility) -> None:
    content = make_statement(facility=facility, other_language="so")
    text = notice_text(engine, content, before=1)
    notices = find_notices(TEMPLATES, content.facility.return_address.state)
    assert len(notices) == LANGUAGES_COUNT + 1
    for notice in notices:
        if notice.direction == "ltr" and notice.face != "devanagari":  # PDFium reads those in the order of their shapes
            beginning = unicodedata.normalize("NFKC", remove_whitespace(notice.text.partition("{phone}")[0][:40]))
            assert beginning in text, notice.code


def test_notice__a_document_in_a_language_of_its_own_has_none(engine: PlainEngine) -> None:
    assert engine.render(make_statement()).pages == engine.render(make_statement(language="es")).pages == 1


def test_notice__the_readers_language_comes_second(engine: PlainEngine) -> None:
    text = notice_text(engine, make_statement(other_language="ja"), before=1)
    assert text.index("ATTENTION:") < text.index("日本語を話される") < text.index("ATENCIÓN:")


def test_notice__compiles_and_is_filled(tmp_path: Path) -> None:
    compiled = CompiledEngine(TEMPLATES)
    for first_name in ("Maria", "Ana", "Eva"):
        compiled.render(make_statement(first_name=first_name, other_language="ar"))
    assert (compiled.filled, compiled.compiled, sum(compiled.fallbacks.values())) == (3, 1, 0)


def test_notice__same_bytes_every_time() -> None:
    content = make_statement(other_language="ar")
    assert PlainEngine(TEMPLATES).render(content) == PlainEngine(TEMPLATES).render(content)
    assert CompiledEngine(TEMPLATES).render(content) == CompiledEngine(TEMPLATES).render(content)


def test_cache__another_process_prints_no_notice_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = make_statement(other_language="ar")
    expected = CompiledEngine(TEMPLATES, tmp_path).render(content)

    def refuse(self: PlainEngine, *args: object, **options: object) -> None:
        raise AssertionError("WeasyPrint was called")

    monkeypatch.setattr(PlainEngine, "print_markup", refuse)
    monkeypatch.setattr(PlainEngine, "draw", refuse)
    assert CompiledEngine(TEMPLATES, tmp_path).render(content) == expected


def test_cache__another_facility_gets_a_notice_of_its_own(tmp_path: Path) -> None:
    for facility in (NATIONAL, NEW_HAMPSHIRE, make_facility(phone="(413) 555-0199")):
        content = make_statement(facility=facility, other_language="ar")
        assert CompiledEngine(TEMPLATES, tmp_path).render(content) == CompiledEngine(TEMPLATES).render(content)


def test_cache__a_damaged_notice_is_printed_again(tmp_path: Path) -> None:
    content = make_statement(other_language="ar")
    expected = CompiledEngine(TEMPLATES, tmp_path).render(content)
    (path,) = tmp_path.rglob("*.notice")
    path.write_bytes(path.read_bytes()[:1000])
    assert CompiledEngine(TEMPLATES, tmp_path).render(content) == expected


@pytest.mark.parametrize("large_print", [False, True], ids=["standard", "large-print"])
def test_notice__each_paragraph_is_tagged_with_its_language(either_engine: Engine, large_print: bool) -> None:
    pdf_bytes = either_engine.render(make_statement(other_language="fa", large_print=large_print)).pdf
    with pikepdf.open(io.BytesIO(pdf_bytes)) as pdf:
        root = pdf.Root.StructTreeRoot
        body = root.K[0] if isinstance(root.K, pikepdf.Array) else root.K
        tagged = [element for element in body.K if "/Lang" in element]
        assert [str(element.Lang) for element in tagged][:3] == ["en", "fa", "es"]
        assert len(tagged) == LANGUAGES_COUNT + 1
        numbers = root.ParentTree.Nums
        parents = {int(numbers[n]): numbers[n + 1] for n in range(0, len(numbers), 2)}
        for element in tagged:
            own = parents[int(element.Pg.StructParents)]
            assert all(own[int(number)].objgen == element.objgen for number in element.K)


@pytest.mark.parametrize("other_language", ["ar", "ne", "zh-Hans", "ko", "so"])
@pytest.mark.parametrize("large_print", [False, True], ids=["standard", "large-print"])
def test_notice__verification_and_copies_accept_it(
    either_engine: Engine, large_print: bool, other_language: str
) -> None:
    content = make_statement(facility=NEW_HAMPSHIRE, large_print=large_print, other_language=other_language)
    pdf = either_engine.render(content).pdf
    verifier = Verifier(DOUBLE_WINDOW_10)
    for _ in range(2):
        verifier.verify(
            pdf,
            content,
            foreign=ForeignIds(accounts_by_guarantor={}),
            page_label=partial(page_label, TEMPLATES, content.language),
        )
    copy_id = "ffb3c6f1-0f3c-5d0e-9a43-0d3c6f1b7a10"
    assert make_copy(pdf, document_id=copy_id, language="en", templates=TEMPLATES).pages > 1


def test_states__list_15_languages_with_citation_and_review_date() -> None:
    states = load_states(TEMPLATES)
    assert {"US", "NH"} <= states.keys()
    for state, table in states.items():
        assert len(set(table.languages)) == LANGUAGES_COUNT, state
        assert table.citation
        assert table.reviewed.year >= 2026
        assert [notice.code for notice in find_notices(TEMPLATES, state)] == ["en", *table.languages]


def test_languages__no_notice_is_unused() -> None:
    tables = tomllib.loads((TEMPLATES / "language_notice" / "languages.toml").read_text(encoding="utf-8"))
    used = {code for table in load_states(TEMPLATES).values() for code in table.languages}
    assert tables.keys() == used | {"en"}


@pytest.mark.parametrize(
    ("file", "before", "after", "expected"),
    [
        pytest.param("languages.toml", "[ko]", "[kor]", "'ko' is missing", id="language-without-notice"),
        pytest.param("languages.toml", "Xin gọi {phone}.", "Xin gọi.", "'vi' must have", id="no-telephone-number"),
        pytest.param("languages.toml", 'face = "korean"', 'face = "hangul"', "'ko' must have", id="unknown-face"),
        pytest.param("states.toml", '"ja", "fa"', '"ja"', "15 languages", id="too-few-languages"),
        pytest.param("states.toml", "reviewed =", "# reviewed =", "cannot be read", id="no-review-date"),
        pytest.param("notice.css", "src: url", "source: url", "language_notice have errors", id="font-without-source"),
        pytest.param("notice.css", "}", "} p { edge: red }", "language_notice have errors", id="unknown-property"),
    ],
)
def test_check_templates__names_damaged_data(tmp_path: Path, file: str, before: str, after: str, expected: str) -> None:
    templates = tmp_path / "templates"
    shutil.copytree(TEMPLATES, templates)
    path = templates / "language_notice" / file
    path.write_text(path.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")
    problems = check_templates(templates)
    assert bool(problems) is bool(expected)
    assert all(expected in problem for problem in problems)


def test_check_notice_style__names_a_font_that_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("statement_builder.rendering.fonts._DEBIAN_FOLDER", tmp_path)
    with pytest.raises(ConfigError, match="fonts-"):
        check_notice_style(TEMPLATES)
