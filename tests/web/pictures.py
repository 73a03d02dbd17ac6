"""Write the pictures of docs/operate/console.md from a sample hospital.

.venv/bin/python -m tests.web.pictures
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.commands import BATCH
from tests.e2e.test_correct import pay_part
from tests.e2e.test_release import set_release
from tests.e2e.test_reprint import printed
from tests.fixtures.hospitals import SampleHospitals
from tests.hospital import ROOT, Hospital
from tests.placement import LIST, build_placing_hospital
from tests.web.browser import open_browser, open_page
from tests.web.console import open_console
from tests.web.test_evidence import OFFICER, prepare
from tests.web.test_templates import change_templates, version

FOLDER = ROOT / "docs" / "pictures"
_WINDOW = {"width": 1200, "height": 760}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, open_browser() as browser:
        hospitals = SampleHospitals(Path(folder))
        waiting = hospitals.copy_to(Path(folder) / "waiting-home", "waiting", guarantors=40)
        set_release(waiting, amount_max_cents="300000")
        with open_console(waiting) as visit, open_page(browser, visit, viewport=_WINDOW) as page:
            _save(page, "today")
            page.goto(f"{visit.origin}/batches/{BATCH}")
            _save(page, "batch")
            page.goto(f"{visit.origin}/queue")
            _save(page, "queue")
            page.get_by_role("button", name="Look again").first.click()
            page.get_by_role("heading", name="Legal clocks").wait_for()
            _save(page, "account")
            page.goto(f"{visit.origin}/policy")
            page.get_by_label("Accounts").select_option(BATCH)
            page.get_by_label("Setting 1").select_option("balance_min_cents")
            page.get_by_label("Value 1").fill("50000")
            page.get_by_role("button", name="Compare").click()
            page.get_by_role("region", name="Figures side by side").wait_for()
            page.get_by_role("region", name="Figures side by side").scroll_into_view_if_needed()
            _save(page, "policy")
            page.goto(f"{visit.origin}/reports/aging")
            page.get_by_role("button", name="Show").click()
            page.get_by_role("img", name="Plot of the figures").wait_for()
            _save(page, "report")
        with open_console(waiting) as visit:
            visit.sign_in().act("/templates/approve", version=version(visit))
        change_templates(waiting, "h1, h2 { letter-spacing: 0.5pt; }")
        with open_console(waiting) as visit, open_page(browser, visit, viewport=_WINDOW) as page:
            page.goto(f"{visit.origin}/templates/statement")
            page.get_by_role("button", name="Draw the samples").click()
            page.get_by_role("img", name="Now, page 1").first.wait_for()
            _save(page, "templates")
        mailed = hospitals.copy_to(Path(folder) / "mailed-home", "mailed", guarantors=40)
        document = printed(mailed)
        pay_part(mailed, document)
        _save_evidence(mailed, browser)
        with open_console(mailed) as visit, open_page(browser, visit, viewport=_WINDOW) as page:
            page.goto(f"{visit.origin}/documents/{document}")
            _save(page, "document")
            page.get_by_text("Correct", exact=True).click()
            page.get_by_role("button", name="Show the difference").click()
            page.get_by_role("button", name="Make and send the correction").wait_for()
            _save(page, "correction")
        placing = build_placing_hospital(Path(folder) / "placing-home")
        placing.statements("place", "--cycle", "2026-11")
        with open_console(placing) as visit, open_page(browser, visit, viewport=_WINDOW) as page:
            page.goto(f"{visit.origin}/placement/lists/{LIST}")
            _save(page, "placement")


def _save_evidence(hospital: Hospital, browser: Browser) -> None:
    """A packet as an officer reads it, who did not request it."""
    settings = hospital.home / "statements.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(f'{text}\n[evidence]\nofficers = ["ana"]\n', encoding="utf-8")
    with open_console(hospital) as visit:
        path = prepare(visit.sign_in(), reason="Sample of the contractor")
    with open_console(hospital, actor=OFFICER) as visit, open_page(browser, visit, viewport=_WINDOW) as page:
        page.goto(f"{visit.origin}{path}")
        page.get_by_role("button", name="Make the draft").click()
        page.get_by_role("img", name="Page 1 of").wait_for()
        _save(page, "evidence")


def _save(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.screenshot(path=FOLDER / f"console-{name}.png", full_page=name == "batch")


if __name__ == "__main__":
    main()
