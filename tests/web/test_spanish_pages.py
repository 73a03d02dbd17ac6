"""A Spanish page has no English sentence: neither of a template, nor of a rule, nor of an operation."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

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
        for path in ("/queue", f"/queue?kind=exception&batch={BATCH}", f"/batches/{BATCH}", str(account), "/mail", "/"):
            page.goto(f"{visit.origin}{path}")
            assert page.locator("html").get_attribute("lang") == "es"
            found[path] = english_lines(page)
    assert {path: lines for path, lines in found.items() if lines} == {}


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
