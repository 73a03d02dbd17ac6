"""Real Chromium for the console's tests: every page is watched for errors, foreign addresses and dialogs."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, expect, sync_playwright

from tests.web.console import Visit

NPM = Path(__file__).parent / "npm" / "node_modules"
TIMEOUT_MS = 60_000
"""A busy machine takes its time; nothing waits longer than it must."""
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Debian's Chromium: Playwright's own would have to be downloaded."""
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None:
        raise RuntimeError("Chromium is missing: install the test requirements (`scripts/bootstrap.sh test`)")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # root has no user namespace of its own
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=sandbox)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_page(browser: Browser, visit: Visit, **options: Any) -> Iterator[Page]:
    """A page of a signed-in visitor. Fails at the end if anything in it went wrong."""
    context = browser.new_context(**options)
    problems: list[str] = []
    page = context.new_page()

    def on_console(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            problems.append(message.text)

    def on_request(request: Request) -> None:
        if not request.url.startswith((visit.origin, "data:", "blob:")):
            problems.append(f"asked another host: {request.url}")

    def on_response(response: Response) -> None:
        if response.status >= 400:
            problems.append(f"{response.status}: {response.url}: {response.text()[:400]}")

    page.on("console", on_console)
    page.on("response", on_response)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", on_request)
    page.on("dialog", lambda dialog: problems.append(f"dialog: {dialog.message}"))
    page.set_default_timeout(TIMEOUT_MS)
    expect.set_options(timeout=TIMEOUT_MS)
    try:
        page.goto(visit.links[-1])
        yield page
        assert problems == [], problems
    finally:
        context.close()


def find_barriers(page: Page) -> list[str]:
    """What axe finds on a page: rule, what it means, and where."""
    page.evaluate((NPM / "axe-core" / "axe.min.js").read_text(encoding="utf-8"))
    options = json.dumps({"runOnly": {"type": "tag", "values": _RULES}})
    found = page.evaluate(f"axe.run(document, {options})")
    assert len(found["passes"]) > 10, "axe looked at nothing"
    return [
        f"{each['id']}: {each['help']}: {[node['html'][:200] for node in each['nodes']]}"
        for each in found["violations"]
    ]


def overflow_px(page: Page) -> int:
    """How much wider the page is than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
