"""Evidence packets in the console: one person prepares, an officer approves what the draft shows, each on record."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator

import pypdf
import pytest
from playwright.sync_api import Browser, expect

from tests.commands import call
from tests.e2e.test_tracking import return_mail, track
from tests.hospital import Hospital
from tests.web.browser import find_barriers, open_page, overflow_px
from tests.web.console import Visit, open_console
from tests.web.test_account import one_mailed, open_account
from tests.web.test_browser import HOSTILE
from tests.web.test_spanish_pages import english_lines

pytestmark = pytest.mark.hospital("mailed", guarantors=40)
OFFICER = "ana@desk"


@pytest.fixture
def visit(hospital: Hospital) -> Iterator[Visit]:
    """Ben, who prepares packets. Ana is an officer."""
    settings = hospital.home / "statements.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(f'{text}\n[evidence]\nofficers = ["ana"]\n', encoding="utf-8")
    with open_console(hospital) as visit:
        yield visit.sign_in()


def prepare(visit: Visit, *, kind: str = "bad-debt", reason: str = "sample of the auditor") -> str:
    """The path of a packet that Ben prepared from an account's page."""
    guarantor, account = one_mailed(visit)
    path = open_account(visit, guarantor)
    page = visit.act(f"{path}/evidence", kind=kind, account=[account], reason=reason).text
    found = re.search(r"/evidence/EV-[0-9a-f-]{36}", page)
    assert found, page
    return found[0]


def draft(visit: Visit, path: str) -> tuple[str, str]:
    """The page with the draft, and the digest of its contents as the page offers it for approval or shows it."""
    page = visit.act(f"{path}/draft").text
    found = re.search(r"<code>([0-9a-f]{64})</code>", page)
    assert found, page
    return page, found[1]


def approve(visit: Visit, path: str) -> str:
    """What Ana sees after she has approved the draft."""
    with open_console(visit.hospital, actor=OFFICER) as officer:
        officer.sign_in()
        return officer.act(f"{path}/approve", content=draft(officer, path)[1], reason="I have read it").text


def download(visit: Visit, path: str, wanted: str) -> bytes:
    """The file, at once or by the link that a page has when it is ready."""
    answer = visit.act(f"{path}/write", file=wanted)
    link = (
        re.search(r'href="([^"]+/file\?job=[^"]+)"', answer.text) if "html" in answer.headers["content-type"] else None
    )
    return visit.get(link[1]).content if link else answer.content


def events(visit: Visit) -> list[tuple[str, str]]:
    rows = visit.hospital.ledger("SELECT what, actor FROM event WHERE batch_id = 'evidence' ORDER BY event_id")
    return [(what, actor) for what, actor in rows]


def views(visit: Visit) -> list[tuple[str, str]]:
    rows = visit.hospital.ledger("SELECT what, actor FROM access WHERE what LIKE 'evidence%' ORDER BY access_id")
    return [(what, actor) for what, actor in rows]


def text_of(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text().split()) for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


@pytest.mark.parametrize("kind", ["bad-debt", "small-claims"])
def test_way__from_the_account_to_the_files(visit: Visit, kind: str) -> None:
    path = prepare(visit, kind=kind)
    packet = path.rpartition("/")[2]
    page = visit.get(path).text
    assert "waits for an officer" in page
    assert "Approve" not in page, "Ben requested it"
    assert 'name="file"' not in page, "nothing can be downloaded before the approval"
    assert "is approved" in approve(visit, path)
    pdf = download(visit, path, "pdf")
    assert "Approved by ana@desk" in text_of(pdf)
    assert one_mailed(visit)[1] in text_of(pdf)
    with zipfile.ZipFile(io.BytesIO(download(visit, path, "zip"))) as archive:
        assert archive.read(f"{packet}.pdf") == pdf
    assert events(visit) == [
        ("requested", "ben@desk"),
        ("approved", OFFICER),
        ("written", "ben@desk"),
        ("written", "ben@desk"),
    ]
    assert views(visit) == [
        ("evidence draft", OFFICER),
        ("evidence approve", OFFICER),
        ("evidence write", "ben@desk"),
        ("evidence write", "ben@desk"),
    ]


def test_packet__is_the_one_of_the_command_line(visit: Visit) -> None:
    path = prepare(visit)
    packet = path.rpartition("/")[2]
    (row,) = call(visit.hospital, "evidence", "list", "--json").json
    assert (row["packet_id"], row["requested_by"]) == (packet, "ben@desk")
    approve(visit, path)
    ((why,),) = visit.hospital.ledger("SELECT why FROM event WHERE what = 'approved'")
    call(visit.hospital, "evidence", "write", packet, "-o", str(visit.hospital.home), "--json")
    written = (visit.hospital.home / f"{packet}.pdf").read_bytes()
    assert hashlib.sha256(written).digest() == hashlib.sha256(download(visit, path, "pdf")).digest()
    assert "I have read it" in why


def test_pages__show_the_packet_and_are_on_record(visit: Visit) -> None:
    path = prepare(visit)
    guarantor, account = one_mailed(visit)
    assert visit.looked()[-1] == ("console evidence", "ben@desk")
    listed = visit.get("/evidence").text
    assert f'href="{path}"' in listed
    assert account not in listed
    assert account in visit.get(path).text
    assert f'href="{path}"' in visit.get(open_account(visit, guarantor)).text


def test_today__lists_a_packet_for_the_officers_who_may_approve_it(visit: Visit) -> None:
    card = 'href="/evidence">\n<span class="number">1</span> <span>evidence packets to approve</span>'
    path = prepare(visit)
    assert "evidence packets to approve" not in visit.get("/").text, "Ben requested it"
    with open_console(visit.hospital, actor="eve@desk") as other:
        assert "evidence packets to approve" not in other.sign_in().get("/").text, "Eve is no officer"
    with open_console(visit.hospital, actor=OFFICER) as officer:
        assert card in officer.sign_in().get("/").text
        assert officer.looked() == visit.looked(), "it names nobody"
        officer.act(f"{path}/approve", content=draft(officer, path)[1], reason="I have read it")
        assert "evidence packets to approve" not in officer.get("/").text


def test_today__lists_no_packet_without_the_role(visit: Visit) -> None:
    prepare(visit)
    settings = visit.hospital.home / "statements.toml"
    roles = '\n[roles]\nconsole = ["group:desk"]\nevidence = ["group:leads"]\n'
    settings.write_text(settings.read_text(encoding="utf-8") + roles, encoding="utf-8")
    with open_console(visit.hospital, actor=OFFICER, memberships=frozenset({"group:desk"})) as officer:
        assert "evidence packets to approve" not in officer.sign_in().get("/").text


def test_draft__has_pictures_and_the_digest_and_says_that_it_is_one(visit: Visit) -> None:
    path = prepare(visit)
    page, content = draft(visit, path)
    pictures = re.findall(r'src="([^"]+/draft/\d+\?[^"]+)"', page)
    assert visit.get(pictures[0].replace("&amp;", "&")).headers["content-type"] == "image/png"
    found = re.search(r'href="([^"]+/file\?job=[^"]+)"', page)
    assert found
    text = text_of(visit.get(found[1]).content)
    assert "DRAFT, NOT APPROVED" in text
    assert content in text.replace(" ", "")
    with open_console(visit.hospital, actor=OFFICER) as other:
        other.sign_in().get(found[1], status=404)


def test_approval__is_of_what_the_draft_showed(visit: Visit) -> None:
    path = prepare(visit)
    document = visit.hospital.ledger(
        "SELECT document_id FROM document_account WHERE account_number = ?", one_mailed(visit)[1]
    )[0][0]
    with open_console(visit.hospital, actor=OFFICER) as officer:
        officer.sign_in()
        _, content = draft(officer, path)
        return_mail(visit.hospital, document)
        track(visit.hospital)
        assert "has other contents than you name" in officer.act(f"{path}/approve", content=content, reason="x").text
    assert "approved" not in dict(events(visit))


def test_packet__that_changed_since_is_not_written(visit: Visit) -> None:
    path = prepare(visit)
    approve(visit, path)
    document = visit.hospital.ledger(
        "SELECT document_id FROM document_account WHERE account_number = ?", one_mailed(visit)[1]
    )[0][0]
    return_mail(visit.hospital, document)
    track(visit.hospital)
    assert "has changed since its approval" in visit.act(f"{path}/write", file="pdf").text
    assert "written" not in dict(events(visit))


def test_refusals__are_those_of_the_command(visit: Visit) -> None:
    path = prepare(visit)
    visit.post(f"{path}/approve", status=400, content="0" * 64)
    assert "because you requested it" in visit.act(f"{path}/approve", content="0" * 64, reason="x").text
    with open_console(visit.hospital, actor="eve@desk") as other:
        other.sign_in()
        assert "by an officer named" in other.act(f"{path}/approve", content="0" * 64, reason="x").text
    assert "waits for an officer" in visit.act(f"{path}/write", file="pdf").text
    assert "no document in this ledger" in visit.act("/evidence", kind="bad-debt", accounts="X-1", reason="x").text
    assert "1 to 200 accounts" in visit.act("/evidence", kind="bad-debt", accounts="", reason="x").text
    visit.post("/evidence", status=400, kind="bad-debt", accounts="7001", reason=" ")
    visit.post("/evidence", status=400, kind="poem", accounts="7001", reason="x")
    visit.post(f"{path}/write", status=400, file="exe")
    visit.get("/evidence/EV-none", status=404)
    assert [what for what, _ in events(visit)] == ["requested"]


def test_sample__of_an_auditor_is_one_account_a_line(visit: Visit) -> None:
    rows = visit.hospital.ledger("SELECT DISTINCT account_number FROM document_account ORDER BY 1 LIMIT 3")
    accounts = [account for (account,) in rows]
    page = visit.act("/evidence", kind="bad-debt", accounts="\r\n".join(["account,note", *accounts, ""]), reason="x")
    (row,) = call(visit.hospital, "evidence", "list", "--json").json
    assert row["accounts"] == accounts
    assert f"/evidence/{row['packet_id']}" in page.text


def test_roles__decide_who_prepares_reads_and_writes(visit: Visit) -> None:
    path = prepare(visit)
    guarantor, account = one_mailed(visit)
    settings = visit.hospital.home / "statements.toml"
    roles = '\n[roles]\nconsole = ["group:desk", "group:leads"]\nevidence = ["group:leads"]\n'
    settings.write_text(settings.read_text(encoding="utf-8") + roles, encoding="utf-8")
    with open_console(visit.hospital, actor=OFFICER, memberships=frozenset({"group:desk"})) as other:
        other.sign_in()
        account_page = open_account(other, guarantor)
        assert "evidence packet" not in other.get(account_page).text.lower()
        assert "roles.evidence" in other.get("/evidence", status=403).text
        assert "roles.evidence" in other.get(path, status=403).text
        assert account not in other.get(path, status=403).text
        before = views(other)
        fields = {"kind": "bad-debt", "account": [account], "reason": "x"}
        assert "roles.evidence" in other.act(f"{account_page}/evidence", **fields).text
        other.post(f"{path}/draft", status=403)
        other.post(f"{path}/approve", status=403, content="0" * 64, reason="x")
        other.post(f"{path}/write", status=403, file="pdf")
        assert views(other) == before
        assert ("refused", OFFICER) in events(visit)
    with open_console(visit.hospital, actor=OFFICER, memberships=frozenset({"group:leads"})) as officer:
        officer.sign_in()
        assert "Prepare an evidence packet" in officer.get(open_account(officer, guarantor)).text
        assert "is approved" in officer.act(f"{path}/approve", content=draft(officer, path)[1], reason="x").text


def test_write__of_another_site_does_nothing(visit: Visit) -> None:
    path = prepare(visit)
    before = events(visit)
    for name in ("draft", "approve", "write"):
        answer = visit.client.post(
            f"{path}/{name}", content=f"form_token={visit.form_token()}", headers={"Origin": "https://evil.example"}
        )
        assert answer.status_code == 403
    assert events(visit) == before


def test_hostile_reason__stays_text(visit: Visit, browser: Browser) -> None:
    path = prepare(visit, reason=HOSTILE.replace("\u0007", ""))
    with open_console(visit.hospital) as other, open_page(browser, other) as page:
        for address in ("/evidence", path):
            page.goto(f"{other.origin}{address}")
            expect(page.get_by_text("alert(2)")).to_be_visible()
            assert page.locator("main img[src=x], main script").count() == 0
            assert "\u202e" not in page.locator("body").inner_text()
        page.get_by_role("button", name="Make the draft").click()
        expect(page.get_by_text(re.compile("[0-9a-f]{64}"))).to_be_visible()
        assert page.locator("main img[src=x], main script").count() == 0


@pytest.mark.parametrize("width", [320, 1920])
def test_pages__have_no_barrier_and_fit(visit: Visit, browser: Browser, width: int) -> None:
    path = prepare(visit, reason="muestra del auditor")
    window = {"width": width, "height": 800}
    with (
        open_console(visit.hospital, actor=OFFICER) as officer,
        open_page(browser, officer, viewport=window, locale="es-US") as page,
    ):
        page.goto(f"{officer.origin}{path}")
        page.get_by_role("button", name="Hacer el borrador").click()
        page.get_by_role("img").first.wait_for()
        for address in (page.url.removeprefix(officer.origin), "/evidence"):
            page.goto(f"{officer.origin}{address}")
            assert english_lines(page) == []
            page.reload()
            assert find_barriers(page) == []
            assert overflow_px(page) == 0
