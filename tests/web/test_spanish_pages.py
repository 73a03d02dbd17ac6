"""A Spanish page has no English sentence: neither of a template, nor of a rule, nor of an operation."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from statement_builder.billing.selection import Kind
from statement_builder.operations.console.explanation import explain_entry
from statement_builder.operations.reports.registry import REPORTS
from statement_builder.pipeline.pull.candidates import find_candidates
from statement_builder.pipeline.pull.scope import Scope
from statement_builder.rendering.translations import read_texts
from statement_builder.web.sentences import Sentences
from statement_builder.web.templating import WEB
from tests.commands import BATCH
from tests.e2e.test_release import set_release
from tests.hospital import Hospital
from tests.web.browser import open_page
from tests.web.console import Visit, open_console

pytestmark = pytest.mark.hospital("waiting", guarantors=90)
ENGLISH = re.compile(r"\b(the|is|was|were|are|been|be|with|not|this|that|has|have|and|of|to|for|from|by|an?)\b", re.I)
"""Words without which there is hardly an English sentence. "a" is Spanish too, in other places."""
SPANISH_TOO = re.compile(r"\ba\b")


@pytest.fixture
def visit(hospital: Hospital) -> Iterator[Visit]:
    set_release(hospital, amount_max_cents="100000", volume_change_max_percent="10")
    with open_console(hospital) as visit:
        yield visit


def english_lines(page: Page) -> list[str]:
    """What somebody sees, without commands and columns of the billing system in it."""
    text = page.evaluate(
        """() => {
            const copy = document.body;
            copy.querySelectorAll('code, datalist, select').forEach(each => each.remove());
            copy.querySelectorAll('details').forEach(each => { each.open = true; });
            return copy.innerText;
        }"""
    )
    lines = [line for line in text.splitlines() if line.strip()]
    assert len(lines) > 10, "the page shows nothing"
    return [line for line in lines if ENGLISH.search(SPANISH_TOO.sub("", line))]


def test_pages__have_no_english_sentence(visit: Visit, browser: Browser) -> None:
    with open_page(browser, visit, locale="es-US") as page:
        page.goto(f"{visit.origin}/queue")
        account = page.locator("tbody a[href*='/accounts/']").first.get_attribute("href")
        found = {}
        decision = f"{account}/decisions/{BATCH}"
        for path in (
            decision,
            "/queue",
            f"/queue?kind=exception&batch={BATCH}",
            f"/batches/{BATCH}",
            str(account),
            "/mail",
            "/",
        ):
            page.goto(f"{visit.origin}{path}")
            assert page.locator("html").get_attribute("lang") == "es"
            found[path] = english_lines(page)
    assert {path: lines for path, lines in found.items() if lines} == {}


ENGLISH_HEADS = {"facility", "payer class", "visits", "balance", "kind", "reason", "accounts", "batch", "amount"}
OFFICE_REPORTS = [name for name in REPORTS if not name.startswith("exhibit")]
"""The exhibits of the cost report are forms of CMS, in English."""


def test_reports__have_titles_notes_and_plots_in_spanish(visit: Visit, browser: Browser) -> None:
    found, plots, tables = {}, 0, 0
    with open_page(browser, visit, locale="es-US") as page:
        for name in OFFICE_REPORTS:
            page.goto(f"{visit.origin}/reports/{name}")
            page.get_by_role("button", name="Mostrar", exact=True).click()
            page.locator("#rows").wait_for()
            heads = [head.lower() for head in page.locator("thead th").all_inner_texts()]
            tables += bool(heads)
            text = " ".join(page.locator("section p").all_inner_texts())
            pictures = page.locator("figure img").evaluate_all("images => images.map(each => each.src)")
            for picture in pictures:
                answer = page.request.get(picture)
                text += " ".join(re.findall(r">([^<>]+)</(?:text|title)>", answer.text()))
                plots += 1
            found[name] = [*english_lines(page), *ENGLISH.findall(SPANISH_TOO.sub("", text))]
            found[name] += [head for head in heads if head in ENGLISH_HEADS]
    assert {name: lines for name, lines in found.items() if lines} == {}
    assert plots > 0
    assert tables > 3


def test_report__bars_and_texts_of_rows_are_said_and_data_is_not(visit: Visit, browser: Browser) -> None:
    with open_page(browser, visit, locale="es-US") as page:
        page.goto(f"{visit.origin}/reports/aging")
        page.get_by_role("button", name="Mostrar", exact=True).click()
        page.locator("#rows").wait_for()
        assert page.get_by_role("heading", name="Antigüedad de saldos").is_visible()
        cells = page.locator("tbody td").all_inner_texts()
        assert {"primer estado de cuenta", "no enviado"} & set(cells)
        assert any(cell in {"self_pay", "commercial", "medicare"} for cell in cells), "as the billing system has it"


def test_rules__of_every_kind_are_said_in_spanish(visit: Visit) -> None:
    """Every rule that is applied to anybody of the sample hospital."""
    context, found = visit.console.context, set()
    everybody = {guarantor for (guarantor,) in visit.hospital.sql("SELECT guarantor_id FROM guarantor")}
    for kind in Kind:
        scope = Scope(source=context.settings.source.name, kind=kind, cycle="2026-11", as_of=context.today())
        for entry in find_candidates(context, scope, only=everybody):
            explained = explain_entry(entry, kind, context.settings.policy, scope.as_of)
            found |= {rule.says for rule in explained.rules if rule.says}
    say = Sentences(read_texts(WEB, "es")).say
    assert len(found) > 40
    assert {text for text in found if say(text) == text} == set()


def test_refusal__is_said_in_spanish(visit: Visit, browser: Browser) -> None:
    """A release without the reason that a check needs, by a browser that does not insist on it."""
    with open_page(browser, visit, locale="es-US") as page:
        page.goto(f"{visit.origin}/batches/{BATCH}")
        page.locator("#release-reason").evaluate("field => field.removeAttribute('required')")
        for box in page.get_by_role("checkbox").all():
            box.check()
        page.get_by_role("button", name="Liberar").click()
        message = page.get_by_role("alert")
        message.wait_for()
        assert "Diga por qué lo acepta" in message.inner_text()
        assert not ENGLISH.search(SPANISH_TOO.sub("", message.inner_text()))
