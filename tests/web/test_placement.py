"""Placement in the console: as the commands do it, with a second person, the access log, and the roles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.hospital import Hospital
from tests.placement import LIST, READY, approve, build_placing_hospital, folder_of, placements
from tests.web.browser import find_barriers, open_page, overflow_px
from tests.web.console import Visit, open_console
from tests.web.test_spanish_pages import english_lines


@pytest.fixture(scope="module")
def proposed_once(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    hospital = build_placing_hospital(tmp_path_factory.mktemp("placement") / "home")
    hospital.statements("place", "--cycle", "2026-11")
    return hospital


@pytest.fixture
def visit(proposed_once: Hospital, tmp_path: Path) -> Iterator[Visit]:
    """Somebody else than the person who proposed the list."""
    with open_console(proposed_once.copy_to(tmp_path / "home")) as visit:
        yield visit.sign_in()


def states(visit: Visit) -> list[str]:
    return [state for (state,) in visit.hospital.ledger("SELECT state FROM placement_batch ORDER BY number")]


def test_list__shows_every_visit_and_each_refusal_in_words_and_is_on_record(visit: Visit) -> None:
    assert visit.looked() == []
    assert not any(guarantor in visit.get("/placement").text for guarantor in READY), "figures only"
    assert visit.looked() == []
    page = visit.get(f"/placement/lists/{LIST}").text
    assert all(guarantor in page for guarantor in (*READY, "G100009"))
    assert "PLACE_SCREEN</strong> Not screened for assistance" in page
    assert "Screen the guarantor" in page
    assert visit.looked() == [("console placement", "ben@desk")]
    visit.get("/placement/lists/2030-01-placement-1", status=404)


def test_way__from_the_approval_to_the_recall(visit: Visit) -> None:
    assert "is approved" in visit.act(f"/placement/lists/{LIST}/approve", reason="reviewed").text
    assert "already, so there is nothing to decide" in visit.act(f"/placement/lists/{LIST}/reject", reason="x").text
    assert not list(folder_of(visit.hospital).glob("*")), "an approval sends nothing"
    sent = visit.act("/placement/send").text
    assert "1 files were delivered, with 3 placements and 0 changes." in sent
    assert "It foots." in sent
    assert "0 files were delivered" in visit.act("/placement/send").text
    account = placements(visit.hospital)[READY[0]][1]
    visit.post("/placement/recall", status=400, account=account)
    assert "is told to give placement" in visit.act("/placement/recall", account=account, reason="paid in full").text
    assert "is recalled already" in visit.act("/placement/recall", account=account, reason="again").text
    assert "0 files of agencies were read" in visit.act("/placement/collect").text


def test_decision__never_by_the_person_who_proposed(visit: Visit) -> None:
    visit.act(f"/placement/lists/{LIST}/reject", reason="the agency changes next month")
    assert "A second person must approve it." in visit.act("/placement/propose", cycle="2026-11").text
    again = LIST.replace("placement-1", "placement-2")
    assert "must be decided by a second person" in visit.act(f"/placement/lists/{again}/approve").text
    assert states(visit) == ["rejected", "proposed"]
    approve(visit.hospital, again)
    assert states(visit) == ["rejected", "approved"]


def test_today__lists_a_list_for_everybody_but_who_proposed_it(visit: Visit) -> None:
    card = 'href="/placement">\n<span class="number">1</span> <span>placement lists to approve</span>'
    assert card in visit.get("/").text
    visit.act(f"/placement/lists/{LIST}/reject", reason="the agency changes next month")
    assert "placement lists to approve" not in visit.get("/").text
    visit.act("/placement/propose", cycle="2026-11")
    assert "placement lists to approve" not in visit.get("/").text, "the visitor proposed it"
    with open_console(visit.hospital, actor="eve@desk") as other:
        assert card in other.sign_in().get("/").text


def test_roles__decide_what_is_offered_and_what_is_done(proposed_once: Hospital, tmp_path: Path) -> None:
    hospital = proposed_once.copy_to(tmp_path / "home")
    settings = hospital.home / "statements.toml"
    text = settings.read_text(encoding="utf-8")
    roles = '\n[roles]\nconsole = ["group:desk"]\napprove_placement = ["group:leads"]\nplace = ["group:leads"]\n'
    settings.write_text(text + roles, encoding="utf-8")
    with open_console(hospital, memberships=frozenset({"group:desk"})) as visit:
        visit.sign_in()
        assert "placement lists to approve" not in visit.get("/").text
        assert "Propose a list" not in visit.get("/placement").text
        assert "Approve 3 accounts" not in visit.get(f"/placement/lists/{LIST}").text
        refused = visit.act(f"/placement/lists/{LIST}/approve").text
        assert "roles.approve_placement" in refused
        assert states(visit) == ["proposed"]


@pytest.mark.parametrize("width", [320, 1920])
def test_pages__have_no_barrier_and_fit(proposed_once: Hospital, tmp_path: Path, browser: Browser, width: int) -> None:
    window = {"width": width, "height": 800}
    with (
        open_console(proposed_once.copy_to(tmp_path / "home")) as visit,
        open_page(browser, visit, viewport=window, locale="es-US") as page,
    ):
        for path in ("/placement", f"/placement/lists/{LIST}"):
            page.goto(f"{visit.origin}{path}")
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            assert english_lines(page) == []
            page.reload()
            assert find_barriers(page) == []
            assert overflow_px(page) == 0
