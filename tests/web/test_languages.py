"""The console in the visitor's language: complete catalogs, the browser's wish, and a choice that stays."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from babel.messages.pofile import read_po
from markupsafe import Markup

from scripts.write_console_catalog import POT, extract_texts
from statement_builder.rendering.translations import find_catalog_faults
from statement_builder.web.languages import LANGUAGES, choose_language
from statement_builder.web.templating import TEMPLATES, WEB, open_templates
from tests.commands import BATCH
from tests.hospital import Hospital
from tests.web.console import Visit, open_console

pytestmark = pytest.mark.hospital("waiting", guarantors=20)


@pytest.fixture
def visit(hospital: Hospital) -> Iterator[Visit]:
    with open_console(hospital) as visit:
        yield visit.sign_in()


def test_catalog__template_is_up_to_date() -> None:
    """`python -m scripts.write_console_catalog` writes it."""
    with POT.open("rb") as stream:
        kept = {message.id for message in read_po(stream) if message.id}
    assert len(kept) > 300
    assert kept == extract_texts()


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])
def test_catalog__has_every_text_and_none_is_fuzzy(language: str) -> None:
    assert list(find_catalog_faults(WEB, language)) == []


def test_templates__have_no_text_outside_the_catalog() -> None:
    """What is left of a template without its tags, its expressions and its code is no word."""
    found = {}
    for path in TEMPLATES.glob("*.html"):
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"\{% trans.*?endtrans %\}", "", text, flags=re.DOTALL)
        text = re.sub(r"\{[{%].*?[%}]\}", "", text, flags=re.DOTALL)
        words = re.findall(r">[^<>]*[A-Za-z]{2,}[^<>]*<", re.sub(r"<svg.*?</svg>", "", text, flags=re.DOTALL))
        if words:
            found[path.name] = words
    assert found == {}


@pytest.mark.parametrize(
    ("chosen", "accepted", "language"),
    [
        pytest.param("", "", "en", id="no-wish"),
        pytest.param("", "es-MX,es;q=0.9,en;q=0.8", "es", id="spanish-of-mexico"),
        pytest.param("", "en;q=0.5, es;q=0.9", "es", id="by-weight"),
        pytest.param("", "de, fr;q=0.9, es;q=0.1", "es", id="the-first-that-it-speaks"),
        pytest.param("", "es;q=0", "en", id="not-that-one"),
        pytest.param("", "es;q=x;;,,", "en", id="malformed"),
        pytest.param("en", "es", "en", id="a-choice-counts-more"),
        pytest.param("xx", "es", "es", id="a-choice-that-there-is-not"),
    ],
)
def test_language__is_chosen(chosen: str, accepted: str, language: str) -> None:
    assert choose_language(chosen, accepted) == language


def test_page__is_in_the_browsers_language(visit: Visit) -> None:
    visit.headers["Accept-Language"] = "es-US,es;q=0.9"
    page = visit.get("/").text
    assert '<html lang="es">' in page
    assert "Espera a una persona" in page
    assert "Los controles cuadran." in visit.get(f"/batches/{BATCH}").text
    assert "No existe ese informe." in visit.get("/reports/nothing", status=404).text


def test_choice__stays_and_leads_back(visit: Visit) -> None:
    answer = visit.post("/language", language="es", back="/queue")
    assert str(answer.url).endswith("/queue")
    assert "Pendientes" in visit.get("/queue").text
    visit.post("/language", language="en", back="/")
    assert "Work queue" in visit.get("/queue").text


@pytest.mark.parametrize(
    "path", ["//evil.example", "https://evil.example", "/a/../..//x", "javascript:alert(1)", "/\\x"]
)
def test_choice__leads_to_no_other_site(visit: Visit, path: str) -> None:
    answer = visit.post("/language", language="es", back=path)
    assert str(answer.url) == f"{visit.address}/"


def test_choice__of_a_language_that_there_is_not(visit: Visit) -> None:
    visit.post("/language", status=400, language="tlh", back="/")


@pytest.mark.parametrize("language", LANGUAGES)
def test_gettext__escapes_what_comes_from_outside(language: str) -> None:
    """A text with a value in it must not let markup or a direction character of the value through."""
    environment = open_templates("America/New_York")[language]
    shown = environment.from_string("{{ _('Guarantor %(id)s', id=value) }}").render(value="<b>\u202e%(x)s")
    assert "<b>" not in shown
    assert "\u202e" not in shown
    assert "%(x)s" in shown
    assert isinstance(Markup(shown), str)
