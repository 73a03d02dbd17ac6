"""The plain engine makes reproducible, accessible, self-contained PDFs, and an error affects one document only."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import msgspec
import pikepdf
import pytest

from statement_builder.documents import Content
from statement_builder.errors import ConfigError
from statement_builder.rendering import DocumentError, PlainEngine
from tests.builders import make_address, make_encounter, make_facility
from tests.contents import TEMPLATES, make_letter, make_ob_notice, make_statement
from tests.pdf_text import page_texts

LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20"><title>Riverbend</title>{}</svg>'

EVERY_KIND = [
    pytest.param(make_statement(), id="statement"),
    pytest.param(make_statement(level=1), id="reminder"),
    pytest.param(make_ob_notice(), id="estimate"),
    pytest.param(make_letter(2), id="past-due"),
    pytest.param(make_letter(3), id="second-letter"),
    pytest.param(make_letter(4), id="final-notice"),
]


@pytest.mark.parametrize("content", EVERY_KIND)
def test_render__same_content_same_bytes_in_a_fresh_engine(engine: PlainEngine, content: Content) -> None:
    first = engine.render(content)
    assert PlainEngine(TEMPLATES).render(content).pdf == first.pdf
    assert first.sha256 == hashlib.sha256(first.pdf).hexdigest()


@pytest.mark.parametrize("content", EVERY_KIND)
def test_render__tagged_titled_and_dated_from_the_content(
    engine: PlainEngine, content: Content, tmp_path: Path
) -> None:
    path = tmp_path / "page.pdf"
    path.write_bytes(engine.render(content).pdf)
    with pikepdf.open(path) as pdf:
        assert pdf.Root.MarkInfo.Marked
        assert str(pdf.Root.Lang) == "en"
        assert pdf.Root.ViewerPreferences.DisplayDocTitle
        assert str(pdf.docinfo["/Title"]) == content.title
        assert str(pdf.docinfo["/CreationDate"]).startswith("D:20261120")
        assert bytes(pdf.trailer.ID[0]) == content.document_id.encode()
        assert b"pdfuaid" in pdf.Root.Metadata.read_bytes()
        fonts = {str(font.BaseFont) for page in pdf.pages for font in page.Resources.Font.values()}
    assert fonts
    assert all("Bill" in font or "Scanner" in font for font in fonts), fonts


def test_render__one_page_statement_is_small(engine: PlainEngine) -> None:
    rendered = engine.render(make_statement(make_encounter()))
    assert rendered.pages == 1
    assert len(rendered.pdf) < 40_000


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("<b>Bobby</b>", id="html"),
        pytest.param("{{ content.facility }}", id="braces"),
        pytest.param("{% raw %}", id="tag"),
        pytest.param("O'Brien & Söhne", id="ampersand"),
        pytest.param("100%(name)s", id="percent"),
        pytest.param("Nguyễn Łukasz Αθηνά Жанна", id="four-scripts"),
    ],
)
def test_render__name_is_printed_unchanged(engine: PlainEngine, name: str) -> None:
    content = make_statement(first_name=name)
    assert name in page_texts(engine.render(content).pdf)[0]


def test_render__combining_accents_are_composed(engine: PlainEngine) -> None:
    content = make_statement(first_name="Jose\u0301")
    assert "José Lopez" in page_texts(engine.render(content).pdf)[0]


def test_render__a_zero_width_space_is_removed(engine: PlainEngine) -> None:
    content = make_statement(first_name="Ann\u200bMarie")
    assert "AnnMarie Lopez" in page_texts(engine.render(content).pdf)[0]


@pytest.mark.parametrize(
    ("name", "code_point"),
    [
        pytest.param("李", "CJK script", id="chinese"),
        pytest.param("سارة", "ARABIC script", id="arabic"),
        pytest.param("Ann😀", "U+1F600", id="emoji"),
        pytest.param("Ann\ufffd", "U+FFFD", id="replacement-character"),
    ],
)
def test_render__character_without_a_glyph_is_named(engine: PlainEngine, name: str, code_point: str) -> None:
    with pytest.raises(DocumentError) as caught:
        engine.render(make_statement(first_name=name))
    assert caught.value.code == "GLYPH"
    assert code_point in caught.value.message
    assert name not in str(caught.value)


def test_render__language_without_a_catalog_is_refused(engine: PlainEngine) -> None:
    with pytest.raises(DocumentError) as caught:
        engine.render(make_statement(language="fr"))
    assert caught.value.code == "LANGUAGE"


def test_render__external_resources_are_refused(engine: PlainEngine) -> None:
    logo = LOGO.format('<image href="{}" width="9" height="9"/>')
    for url in ("https://example.org/x.png", "file:///etc/hostname", "x.png"):
        content = make_statement(facility=make_facility(logo_svg=logo.format(url)))
        with pytest.raises(DocumentError) as caught:
            engine.render(content)
        assert caught.value.code == "LAYOUT"


def test_render__logo_is_drawn(engine: PlainEngine) -> None:
    logo = LOGO.format('<circle cx="10" cy="10" r="9"/>')
    assert engine.render(make_statement(facility=make_facility(logo_svg=logo))).pages == 1


def _with_template(tmp_path: Path, name: str, text: str) -> Path:
    templates = tmp_path / "templates"
    shutil.copytree(TEMPLATES, templates)
    (templates / name).write_text(text, encoding="utf-8")
    return templates


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("<html lang=en><p>{{ facts.nonsense }}</p>", "TEMPLATE", id="unknown-value"),
        pytest.param("<html lang=en><p>{{ facts.__class__.__mro__ }}</p>", "TEMPLATE", id="sandbox"),
        pytest.param("<html lang=en><img alt=x src='https://example.org/x.png'>", "LAYOUT", id="network"),
        pytest.param("<html lang=en><p style='colr: red'>x</p>", "LAYOUT", id="css-warning"),
    ],
)
def test_render__template_error_fails_the_document(tmp_path: Path, text: str, code: str) -> None:
    engine = PlainEngine(_with_template(tmp_path, "statement/statement.html", text))
    with pytest.raises(DocumentError) as caught:
        engine.render(make_statement())
    assert caught.value.code == code
    assert engine.render(make_letter(2)).pages == 1


def test_render__missing_template_stops_the_batch(engine: PlainEngine) -> None:
    content = msgspec.structs.replace(make_statement(), template="statement/nowhere.html")
    with pytest.raises(ConfigError, match="nowhere"):
        engine.render(content)


def test_engine__invalid_style_sheet_stops_the_batch(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="theme"):
        PlainEngine(_with_template(tmp_path, "theme/theme.css", "p { colr: red; }")).render(make_statement())


def test_engine__missing_style_sheet_stops_the_batch(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"theme\.css"):
        PlainEngine(tmp_path).print_markup("<html lang=en><p>x</p>", identifier="page")


def test_engine__unpackaged_font_stops_the_batch(tmp_path: Path) -> None:
    face = '@font-face { font-family: Bill; src: url("font:Comic.ttf"); }'
    with pytest.raises(ConfigError, match="theme"):
        PlainEngine(_with_template(tmp_path, "theme/theme.css", face)).render(make_statement())


def test_render__long_address_fits_on_one_page(engine: PlainEngine) -> None:
    content = make_statement(
        first_name="Maximiliana-Bartholomea Annunziata",
        last_name="O’Brien-Wolfeschlegelstein",
        address=make_address(
            "c/o Riverside Assisted Living", "Building 14, Apartment 1207-B", "12345 Northwest Boulevard"
        ),
    )
    assert engine.render(content).pages == 1
