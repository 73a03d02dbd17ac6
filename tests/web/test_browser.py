"""The clerk's day in real Chromium: from the link to the mailed batch, by mouse, by keyboard, on a phone, no script."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

import statement_builder.web.console as console_module
from tests.commands import BATCH
from tests.hospital import Hospital
from tests.web.browser import NPM, find_barriers, open_page, overflow_px
from tests.web.console import Visit, open_console

pytestmark = pytest.mark.hospital("waiting", guarantors=40)
STATIC = Path(console_module.__file__).parent / "static"


@pytest.fixture
def visit(hospital: Hospital) -> Iterator[Visit]:
    with open_console(hospital) as visit:
        yield visit


def document_ids(visit: Visit) -> list[str]:
    rows = visit.hospital.ledger("SELECT document_id FROM document WHERE sha256 <> '' ORDER BY pages DESC")
    return [row[0] for row in rows]


def test_htmx__is_the_file_of_the_package() -> None:
    packed = NPM / "htmx.org" / "dist" / "htmx.min.js"
    assert (STATIC / "htmx.min.js").read_bytes() == packed.read_bytes()


def test_day__approve_and_look_up(visit: Visit, browser: Browser) -> None:
    with open_page(browser, visit) as page:
        expect(page.get_by_role("heading", name="Waits for a person")).to_be_visible()
        page.get_by_role("link", name=f"to approve: {BATCH}").click()
        expect(page.get_by_text("The gates foot.")).to_be_visible()
        page.locator(".proof a").first.click()
        expect(page.get_by_role("img", name="Page 1 of")).to_be_visible()
        assert page.get_by_role("img", name="Page 1 of").evaluate("image => image.decode().then(() => true)")
        page.get_by_role("link", name=BATCH).click()
        expect(page.get_by_text("✓ opened")).to_be_visible()
        page.get_by_role("button", name="Release").click()
        expect(page.get_by_text(f"{BATCH} is closed")).to_be_visible()
        page.get_by_role("link", name="Today").click()
        expect(page.get_by_role("heading", name="Nothing waits for a person")).to_be_visible()

        guarantor = visit.hospital.ledger("SELECT guarantor_id FROM document WHERE channel = 'print' LIMIT 1")[0][0]
        page.get_by_role("link", name="Accounts").click()
        page.get_by_label("Account, guarantor or document id").fill(guarantor)
        page.get_by_role("button", name="Find").click()
        expect(page.get_by_role("heading", name=f"Guarantor {guarantor}")).to_be_visible()
        page.locator(".proof a").first.click()
        page.get_by_text("Reprint", exact=True).click()
        page.get_by_label("Reason").locator("visible=true").fill("the patient lost it")
        page.get_by_role("button", name="Reprint it").click()
        expect(page.get_by_text("is a copy of")).to_be_visible()
    assert visit.hospital.ledger("SELECT released_by FROM batch") == [("ben@desk",)]


def test_day__without_script(visit: Visit, browser: Browser) -> None:
    with open_page(browser, visit, java_script_enabled=False) as page:
        page.get_by_role("link", name=f"to approve: {BATCH}").click()
        page.get_by_label("Why you reject it").fill("the logo is wrong")
        page.get_by_role("button", name="Reject").click()
        expect(page.get_by_text("Rejected by ben@desk")).to_be_visible()


def test_day__by_keyboard(visit: Visit, browser: Browser) -> None:
    with open_page(browser, visit) as page:
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("Enter")
        press_until(page, page.get_by_role("link", name=f"to approve: {BATCH}"))
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/batches/{BATCH}")
        press_until(page, page.get_by_label("Why you reject it"))
        page.keyboard.type("the logo is wrong")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Rejected by ben@desk")).to_be_visible()


def press_until(page: Page, target: Locator) -> None:
    """Press Tab until the element has the focus, which must be visible on the way."""
    for _ in range(100):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", page.evaluate("document.activeElement.outerHTML")
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError("the keyboard does not reach it")


def addresses(page: Page, visit: Visit) -> list[str]:
    """One address of each page."""
    page.goto(f"{visit.origin}/queue")
    account = page.locator("tbody a[href^='/accounts/']").first.get_attribute("href")
    document = document_ids(visit)[0]
    page.goto(f"{visit.origin}{account}")
    page.get_by_role("button", name="Look again").click()
    expect(page.get_by_role("heading", name="Legal clocks")).to_be_visible()
    looked = page.url.removeprefix(visit.origin)
    decision = f"{account}/decisions/{BATCH}"
    found = [
        f"/batches/{BATCH}",
        f"/documents/{document}",
        str(account),
        looked,
        decision,
        f"/queue?kind=hold&batch={BATCH}",
    ]
    return [
        "/",
        *found,
        "/accounts",
        "/queue",
        "/mail",
        "/evidence",
        "/reports",
        make_report(page, visit),
        *make_previews(page, visit),
    ]


def make_report(page: Page, visit: Visit) -> str:
    """The address of a report with a plot and a table, made as a clerk makes it."""
    page.goto(f"{visit.origin}/reports/aging")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("img", name="Plot of the figures")).to_be_visible()
    picture = page.get_by_role("img", name="Plot of the figures")
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth > 0)")
    return page.url.removeprefix(visit.origin)


def make_previews(page: Page, visit: Visit) -> list[str]:
    """The pages of templates and of another policy, with what a clerk asks them."""
    page.goto(f"{visit.origin}/templates/refund")
    page.get_by_role("button", name="Draw the samples").click()
    expect(page.get_by_role("heading", name="es, large print")).to_be_visible()
    drawn = page.url.removeprefix(visit.origin)
    page.goto(f"{visit.origin}/policy")
    page.get_by_label("Setting 1").select_option("balance_min_cents")
    page.get_by_label("Value 1").fill("50000")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("region", name="Who changes")).to_be_visible()
    return ["/templates", drawn, page.url.removeprefix(visit.origin)]


def test_day__in_spanish_by_keyboard(visit: Visit, browser: Browser) -> None:
    with open_page(browser, visit, locale="es-MX") as page:
        expect(page.get_by_role("heading", name="Espera a una persona")).to_be_visible()
        press_until(page, page.get_by_role("link", name="Política"))
        page.keyboard.press("Enter")
        page.wait_for_url("**/policy")
        press_until(page, page.get_by_label("Ajuste 1"))
        page.keyboard.type("balance_min")
        press_until(page, page.get_by_label("Valor 1"))
        page.keyboard.type("50000")
        page.keyboard.press("Enter")
        expect(page.get_by_role("region", name="Quién cambia")).to_be_visible()
        assert find_barriers(page) == []


@pytest.mark.parametrize("width", [320, 640, 1920])
def test_pages__fit_and_have_no_barriers(visit: Visit, browser: Browser, width: int) -> None:
    """320 px is a phone, and 1,280 px at 400 % zoom; 640 px is 1,280 px at 200 %."""
    write_review_files(visit)
    found = {}
    with open_page(browser, visit, viewport={"width": width, "height": 900}) as page:
        paths = addresses(page, visit)
        for path in paths:
            page.goto(f"{visit.origin}{path}")
            for details in page.locator("details").all():
                details.evaluate("element => element.open = true")
            found[path] = [*find_barriers(page), *([f"{overflow_px(page)} px too wide"] if overflow_px(page) else [])]
    assert {path: problems for path, problems in found.items() if problems} == {}


@pytest.mark.parametrize("locale", ["en-US", "es-US"])
@pytest.mark.parametrize("width", [1100, 1200, 1920])
def test_navigation__is_one_line(hospital: Hospital, browser: Browser, width: int, locale: str) -> None:
    """Beside a long name of a user, too."""
    window = {"width": width, "height": 800}
    with (
        open_console(hospital, actor="margaret.hollister@hospital-desk-12") as visit,
        open_page(browser, visit, viewport=window, locale=locale) as page,
    ):
        tops = page.eval_on_selector_all("nav a", "links => links.map(each => each.getBoundingClientRect().top)")
        assert len(tops) == 9
        assert len(set(tops)) == 1
        assert page.eval_on_selector(".top", "each => each.getBoundingClientRect().height") < 100


def test_signed_out__fits_and_has_no_barriers(visit: Visit, browser: Browser) -> None:
    with open_page(browser, visit, viewport={"width": 320, "height": 640}) as page:
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="You are not signed in")).to_be_visible()
        assert find_barriers(page) == []
        assert overflow_px(page) == 0


def write_review_files(visit: Visit, name: str = "report.csv", reason: str = "line 3: unknown piece") -> None:
    """Something in each folder of the inbox that waits for a person."""
    for folder in ("quarantine", "unclear", "address-changes", "waiting"):
        path = visit.hospital.home / "inbox" / folder
        path.mkdir(parents=True, exist_ok=True)
        (path / name).write_text("x", encoding="utf-8")
        (path / f"{name}.reason.txt").write_text(f"{reason}\n", encoding="utf-8")


HOSTILE = (
    '<img src=x onerror="alert(1)"><script>alert(2)</script>'
    "'\"&{{ 99989*99991 }}\u202eevil\u0007</textarea></title><a href="
)


def test_hostile_data__in_every_field_does_nothing(hospital: Hospital, browser: Browser) -> None:
    """Markup, template code and direction characters from the billing system, the vendor and operators stay text."""
    settings = hospital.home / "statements.toml"
    text = settings.read_text(encoding="utf-8").replace('name = "Maple Valley', "name = '<b>Maple</b>' # ", 1)
    settings.write_text(text, encoding="utf-8")
    change_ledger(hospital)
    with open_console(hospital) as visit:
        write_review_files(visit, name="x<img src=x onerror=alert(3)>.csv", reason=HOSTILE)
        with open_page(browser, visit) as page:
            page.goto(f"{visit.origin}/batches/{BATCH}")
            page.get_by_label("Why you reject it").fill(HOSTILE.replace("\u0007", ""))
            page.get_by_role("button", name="Reject").click()
            expect(page.get_by_text("Rejected by ben@desk").first).to_be_visible()
            for path in addresses(page, visit):
                page.goto(f"{visit.origin}{path}")
                assert page.locator("main img[src=x], main script, main b").count() == 0
                shown = page.locator("body").inner_text()
                assert "\u202e" not in shown
                # A product that no hash, count or amount on the page happens to contain.
                assert str(99989 * 99991) not in shown
            page.goto(f"{visit.origin}/accounts")
            page.get_by_label("Account, guarantor or document id").fill(HOSTILE[:90])
            page.get_by_role("button", name="Find").click()
            expect(page.get_by_text("Nobody was mailed or held")).to_be_visible()


def change_ledger(hospital: Hospital) -> None:
    """Put hostile text into the ledger's fields that come from outside."""
    connection = sqlite3.connect(hospital.home / "ledger.db")
    connection.execute("PRAGMA foreign_keys=OFF")
    first = "(SELECT document_id FROM document WHERE sha256 <> '' ORDER BY pages DESC LIMIT 1)"
    for statement in (
        f"UPDATE document SET guarantor_id = ?, language = 'en' WHERE document_id = {first}",
        f"UPDATE document_account SET account_number = ? WHERE document_id = {first} AND position = 1",
        "UPDATE candidate_hold SET account_number = ? WHERE rowid = (SELECT min(rowid) FROM candidate_hold)",
        "UPDATE batch SET opened_by = ?",
    ):
        connection.execute(statement, (HOSTILE,))
    faults = '[{"result_set":"?","column":"?","row_key":"?","code":"X","message":"?","fix":"?"}]'
    query = "UPDATE candidate SET faults = replace(?, '?', ?) WHERE faults IS NOT NULL"
    connection.execute(query, (faults, HOSTILE.replace('"', '\\"').replace("\u0007", "\\u0007")))
    connection.commit()
    connection.close()


def test_progress__is_live_and_ends_by_itself(visit: Visit, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console_module, "WAIT_S", 0.0)
    with open_page(browser, visit) as page:
        page.goto(f"{visit.origin}/batches/{BATCH}")
        page.get_by_role("button", name="Release").click()
        expect(page.locator("#progress")).to_contain_text("release")
        expect(page.get_by_text(f"{BATCH} is closed")).to_be_visible()
