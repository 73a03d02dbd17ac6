"""Rows of agencies and payroll in quarantine: shown with their lines, corrected as the file allows, or set aside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from statement_builder.operations.quarantine import read_rows_again, require_source
from statement_builder.operations.tracking.inbound_files import describe_line, parse_line_reason
from statement_builder.operations.tracking.inbox import Inbox
from tests.hospital import Hospital
from tests.placement import READY, approve, build_placing_hospital, placements, report
from tests.web.browser import find_barriers, open_page, overflow_px
from tests.web.console import Visit, open_console
from tests.web.test_browser import HOSTILE
from tests.web.test_spanish_pages import english_lines

NEXT_DAY = "2026-11-08"


@pytest.fixture(scope="module")
def sent_once(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    hospital = build_placing_hospital(tmp_path_factory.mktemp("placed") / "home")
    hospital.statements("place", "--cycle", "2026-11")
    approve(hospital)
    hospital.statements("placement", "send")
    return hospital.on_day(NEXT_DAY)


@pytest.fixture
def sent(sent_once: Hospital, tmp_path: Path) -> Hospital:
    hospital = sent_once.copy_to(tmp_path / "home").on_day(NEXT_DAY)
    settings = hospital.home / "statements.toml"
    settings.write_text(
        settings.read_text(encoding="utf-8") + '\n[payroll]\nurl = "file:///nowhere"\n', encoding="utf-8"
    )
    return hospital


@pytest.fixture
def visit(sent: Hospital) -> Iterator[Visit]:
    with open_console(sent) as visit:
        yield visit.sign_in()


def leave(hospital: Hospital, *rows: str, total: int | None = None) -> None:
    """An agency's file, read by the service."""
    report(hospital, "week.txt", *rows, total=total)
    hospital.statements("placement", "collect", code=None)


def open_file(visit: Visit, name: str = "week.txt") -> str:
    """The path of the file's page, as Mail links it."""
    found = re.search(rf'href="(/mail/quarantine/[^"]+)">{re.escape(name)}<', visit.get("/mail").text)
    assert found
    return found[1]


def seen(visit: Visit, path: str) -> str:
    found = re.search(r'name="seen" value="([0-9a-f]{64})"', visit.get(path).text)
    assert found
    return found[1]


def read_again(visit: Visit, path: str, **corrections: str) -> str:
    """What the page says after the rows `line_2="…"` were corrected."""
    texts: dict[str, Any] = {f"text-{name.removeprefix('line_')}": text for name, text in corrections.items()}
    lines = [name.removeprefix("line_") for name in corrections]
    answer = visit.act(
        f"{path}/read-rows-again", seen=seen(visit, path), line=lines, reason="the agency called", **texts
    )
    return unescape(answer.text)


def payments(hospital: Hospital) -> list[int]:
    return [cents for (cents,) in hospital.ledger("SELECT cents FROM placement_entry WHERE what = 'payment'")]


def files(hospital: Hospital, folder: str) -> list[str]:
    return sorted(path.name for path in (hospital.home / "agency-reports" / "granite" / folder).glob("*"))


@pytest.mark.parametrize("problem", ["it has 3 columns, not 7", "a reason. With a colon: and a point"])
def test_reason__of_a_line_is_read_as_it_was_written(problem: str) -> None:
    assert parse_line_reason(describe_line(12, problem)) == (12, problem)
    assert parse_line_reason("The file has another header.") is None


def test_row__is_shown_with_its_line_and_is_on_record(visit: Visit) -> None:
    placement, _, _ = placements(visit.hospital)[READY[0]]
    row = f"payment|{placement}|11/08/2026|5.00|1.25|R1|"
    leave(visit.hospital, row)
    assert placement not in visit.get("/mail").text, "the list has nobody's data"
    path = open_file(visit)
    assert "week" not in path
    page = unescape(visit.get(path).text)
    assert row in page
    assert "on is not valid: it must be a date, such as 2026-12-18" in page
    assert visit.looked()[-1] == ("console quarantine", "ben@desk")
    assert visit.hospital.ledger(
        "SELECT guarantor_id FROM access_subject JOIN access USING (access_id) WHERE what = 'console quarantine'"
    ) == [(READY[0],)]


def test_today__counts_the_files_that_wait(visit: Visit) -> None:
    title = "files of agencies and payroll in quarantine"
    assert title not in visit.get("/").text
    leave(visit.hospital, f"payment|{placements(visit.hospital)[READY[0]][0]}|11/08/2026|5.00|1.25|R1|")
    assert f'href="/mail">\n<span class="number">1</span> <span>{title}</span>' in visit.get("/").text


def test_correction__is_recorded_once_and_the_rest_of_the_file_changes_nothing(visit: Visit) -> None:
    placed = placements(visit.hospital)
    good = f"payment|{placed[READY[1]][0]}|{NEXT_DAY}|7.00|1.75|R2|"
    leave(visit.hospital, f"payment|{placed[READY[0]][0]}|11/08/2026|5.00|1.25|R1|", good)
    assert payments(visit.hospital) == [700]
    path = open_file(visit)
    said = read_again(visit, path, line_2=f"payment|{placed[READY[0]][0]}|{NEXT_DAY}|5.00|1.25|R1|")
    assert "1 of 2 rows were recorded now, 1 were known, and 0 wait in quarantine." in said
    assert "does not wait in quarantine any more" in said
    assert sorted(payments(visit.hospital)) == [500, 700]
    assert files(visit.hospital, "quarantine") == []
    assert len(files(visit.hospital, "done")) == 2, "the file as it came is kept"
    ((actor, why),) = visit.hospital.ledger("SELECT actor, why FROM event WHERE what = 'rows_corrected'")
    assert actor == "ben@desk"
    assert why.startswith("lines 2 of ")
    assert "the agency called" in why
    assert placed[READY[0]][0] not in why


def test_correction__that_changes_the_total_is_refused_as_an_agencys_file_is(visit: Visit) -> None:
    placement = placements(visit.hospital)[READY[0]][0]
    leave(visit.hospital, f"payment|{placement}|11/08/2026|5.00|1.25|R1|")
    said = read_again(visit, open_file(visit), line_2=f"payment|{placement}|{NEXT_DAY}|4.00|1.00|R1|")
    assert "1 wait in quarantine" in said
    assert payments(visit.hospital) == []
    assert "do not add up to its last line" in visit.get(open_file(visit)).text


def test_row__that_is_right_by_now_is_recorded_without_a_correction(visit: Visit) -> None:
    placement = placements(visit.hospital)[READY[0]][0]
    leave(visit.hospital, f"payment|{placement}|2026-11-09|5.00|1.25|R1|")
    assert "its day is in the future" in visit.get(open_file(visit)).text
    assert "1 wait in quarantine" in read_again(visit, open_file(visit))
    with open_console(visit.hospital.on_day("2026-11-09")) as later:
        later.sign_in()
        assert "1 of 1 rows were recorded now" in read_again(later, open_file(later))
    assert payments(visit.hospital) == [500]
    assert visit.hospital.ledger("SELECT count(*) FROM event WHERE what = 'file_read_again'") == [(2,)]


def test_file__is_set_aside_and_kept(visit: Visit) -> None:
    placement = placements(visit.hospital)[READY[0]][0]
    leave(visit.hospital, f"payment|{placement}|11/08/2026|5.00|1.25|R1|")
    path = open_file(visit)
    visit.post(f"{path}/set-file-aside", status=400, seen=seen(visit, path))
    assert "is set aside" in visit.act(f"{path}/set-file-aside", seen=seen(visit, path), reason="it came again").text
    assert files(visit.hospital, "quarantine") == []
    assert files(visit.hospital, "done") == ["week.txt"]
    assert payments(visit.hospital) == []
    assert "Rows of agencies" not in visit.get("/mail").text
    assert "does not wait in quarantine any more" in visit.act(f"{path}/set-file-aside", seen="0" * 64, reason="x").text


def test_decision__is_about_the_bytes_that_were_seen(visit: Visit) -> None:
    placement = placements(visit.hospital)[READY[0]][0]
    leave(visit.hospital, f"payment|{placement}|11/08/2026|5.00|1.25|R1|")
    path = open_file(visit)
    for verb in ("set-file-aside", "read-rows-again"):
        assert "has changed since you saw it" in visit.act(f"{path}/{verb}", seen="0" * 64, reason="x").text
    assert files(visit.hospital, "quarantine") == ["week.txt", "week.txt.reason.txt"]


@pytest.mark.parametrize(
    ("line", "text", "message"),
    [
        pytest.param("3", "x", "does not wait in quarantine", id="a-row-that-was-recorded"),
        pytest.param("9999999", "x", "does not wait in quarantine", id="no-such-line"),
        pytest.param("2", "a\nb", "must be one line", id="two-lines"),
        pytest.param("2", "", "must be one line", id="empty"),
        pytest.param("2", "x" * 501, "must be one line", id="too-long"),
    ],
)
def test_correction__of_anything_else_than_a_waiting_row_is_refused(
    visit: Visit, line: str, text: str, message: str
) -> None:
    placed = placements(visit.hospital)
    good = f"payment|{placed[READY[1]][0]}|{NEXT_DAY}|7.00|1.75|R2|"
    leave(visit.hospital, f"payment|{placed[READY[0]][0]}|11/08/2026|5.00|1.25|R1|", good)
    assert message in read_again(visit, open_file(visit), **{f"line_{line}": text})
    assert files(visit.hospital, "quarantine") == ["week.txt", "week.txt.reason.txt"]


def test_payroll__rows_are_resolved_in_the_same_way(visit: Visit) -> None:
    inbox = visit.hospital.home / "payroll-answers"
    inbox.mkdir(exist_ok=True)
    row = "E99999|HOSPITAL|2026-11-05|taken|100.00|"
    text = f"employee_id|code|pay_date|status|amount|reason\n{row}\nTRAILER|1\n"
    (inbox / "answers.txt").write_text(text, encoding="utf-8")
    visit.hospital.statements("payroll", "collect", code=None)
    path = open_file(visit, "answers.txt")
    page = unescape(visit.get(path).text)
    assert row in page
    assert "payroll has no deduction of this employee from us on this payday" in page
    assert "1 wait in quarantine" in read_again(visit, path)
    path = open_file(visit, "answers.txt")
    assert "is set aside" in visit.act(f"{path}/set-file-aside", seen=seen(visit, path), reason="left last year").text


def test_file__that_cannot_be_read_at_all_can_be_set_aside(visit: Visit) -> None:
    leave(visit.hospital, f"payment|{placements(visit.hospital)[READY[0]][0]}|{NEXT_DAY}|5.00|1.25|R1|", total=1)
    path = open_file(visit)
    page = visit.get(path).text
    assert "do not add up to its last line" in page
    assert "The other rows of the file were" not in page, "none was recorded"
    assert (
        "is set aside" in visit.act(f"{path}/set-file-aside", seen=seen(visit, path), reason="asked for it again").text
    )


def test_roles__decide_whose_rows_are_shown_and_resolved(visit: Visit) -> None:
    placement = placements(visit.hospital)[READY[0]][0]
    leave(visit.hospital, f"payment|{placement}|11/08/2026|5.00|1.25|R1|")
    digest = seen(visit, open_file(visit))
    settings = visit.hospital.home / "statements.toml"
    roles = '\n[roles]\nconsole = ["group:desk"]\nplace = ["group:leads"]\n'
    settings.write_text(settings.read_text(encoding="utf-8") + roles, encoding="utf-8")
    with open_console(visit.hospital, memberships=frozenset({"group:desk"})) as other:
        other.sign_in()
        assert "week.txt" not in other.get("/mail").text
        sealed = other.console.box.seal("quarantined file", "agency granite\x1fweek.txt", session_of(other))
        address = f"/mail/quarantine/{sealed}"
        refused = other.get(address, status=403).text
        assert "roles.place" in refused
        assert "in quarantine" not in other.get("/").text
        assert placement not in refused
        other.post(f"{address}/set-file-aside", status=403, seen=digest, reason="x")
    assert files(visit.hospital, "quarantine") == ["week.txt", "week.txt.reason.txt"]
    assert visit.hospital.ledger("SELECT count(*) FROM event WHERE what = 'refused'") == [(1,)]


def session_of(visit: Visit) -> str:
    """The id of the visitor's session, as the console knows it."""
    return next(cookie.value for cookie in visit.client.cookies.jar if cookie.value and "language" not in cookie.name)


def test_address__of_another_file_cannot_be_made_up(visit: Visit) -> None:
    for token in ("week.txt", "..%2Fdone%2Fweek.txt", "x" * 60):
        visit.get(f"/mail/quarantine/{token}", status=404)
    sealed = visit.console.box.seal("quarantined file", "agency granite\x1f../done/week.txt", session_of(visit))
    assert "does not wait in quarantine any more" in visit.get(f"/mail/quarantine/{sealed}").text


@pytest.mark.parametrize("width", [320, 1920])
def test_page__has_no_barrier_fits_and_keeps_hostile_rows_text(sent: Hospital, browser: Browser, width: int) -> None:
    leave(sent, f"payment|{HOSTILE.replace('|', '')}|x|1.00|0.00|R|", total=100)
    window = {"width": width, "height": 800}
    with open_console(sent) as visit, open_page(browser, visit, viewport=window, locale="es-US") as page:
        page.goto(f"{visit.origin}/mail")
        page.get_by_role("link", name="week.txt").click()
        page.get_by_role("heading", name="week.txt").wait_for()
        assert english_lines(page) == []
        page.reload()
        for details in page.locator("details").all():
            details.evaluate("element => element.open = true")
        assert page.locator("main img[src=x], main script").count() == 0
        assert "\u202e" not in page.locator("body").inner_text()
        assert find_barriers(page) == []
        assert overflow_px(page) == 0


class KilledError(BaseException):
    """Stands for the death of the process: no handler of an error sees it."""


def test_correction__killed_before_the_wrong_file_is_moved_counts_once(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    placement = placements(visit.hospital)[READY[0]][0]
    leave(visit.hospital, f"payment|{placement}|11/08/2026|5.00|1.25|R1|")
    context = visit.console.context
    source = require_source(context, "agency granite")
    right = {2: f"payment|{placement}|{NEXT_DAY}|5.00|1.25|R1|"}
    digest = seen(visit, open_file(visit))

    def die(*_: object, **__: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(Inbox, "move", die)
        with pytest.raises(KilledError):
            read_rows_again(context, source, "week.txt", right, "x", seen=digest)
    assert payments(visit.hospital) == []
    assert "1 of 1 rows were recorded now" in read_again(visit, open_file(visit), line_2=right[2])
    visit.hospital.statements("placement", "collect")
    assert payments(visit.hospital) == [500]
