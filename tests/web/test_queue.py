"""Work on rows of the queue in the console: chosen, assigned, set aside with a reason, and listed again."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.commands import BATCH
from tests.hospital import AS_OF, Hospital
from tests.web.console import Visit, open_console

pytestmark = pytest.mark.hospital("waiting", guarantors=40)


@pytest.fixture
def visit(hospital: Hospital) -> Iterator[Visit]:
    with open_console(hospital) as visit:
        yield visit.sign_in()


def items(visit: Visit, query: str = "") -> list[str]:
    """The item ids that the page offers."""
    return re.findall(r'name="item" value="([0-9a-f]{16})"', visit.get(f"/queue{query}").text)


def code_of(visit: Visit, item: str) -> str:
    """The code of the group in which the page lists the item."""
    before, _ = visit.get("/queue").text.split(f'value="{item}"')
    return str(re.findall(r'name="group_code" value="(\w+)"', before)[-1])


def work(visit: Visit, *chosen: str, status: int = 200, **fields: Any) -> str:
    code = code_of(visit, chosen[0]) if chosen else ""
    return visit.post("/queue/items", status=status, item=chosen, group_code=code, **fields).text


def events(visit: Visit) -> list[tuple[str, str, str, str]]:
    query = "SELECT subject, what, why, actor FROM event WHERE batch_id = 'work-queue' ORDER BY event_id"
    return visit.hospital.ledger(query)


def test_assign__is_shown_with_the_name_and_on_record(visit: Visit) -> None:
    item = items(visit)[0]
    page = work(visit, item, action="assign", assignee="ana@desk")
    assert "assigned to ana@desk" in page
    assert "<strong>ana@desk</strong>" in page
    assert events(visit) == [(item, "assigned", "assigned to ana@desk", "ben@desk")]
    assert items(visit, "?view=mine") == []
    work(visit, item, action="assign", assignee="ben@desk")
    assert items(visit, "?view=mine") == [item]


def test_snooze__hides_the_row_and_the_page_says_where_it_is(visit: Visit) -> None:
    item, *others = items(visit)
    until = (AS_OF + timedelta(days=7)).isoformat()
    page = work(visit, item, action="snooze", until=until, note="the insurer answers by then")
    assert f"set aside until {until}" in page
    assert set(items(visit)) == set(others)
    snoozed = visit.get("/queue?view=snoozed").text
    assert f"snoozed until {until}" in snoozed
    assert "the insurer answers by then" in snoozed


def test_done__is_of_all_chosen_rows_of_a_group(visit: Visit) -> None:
    first = items(visit)[0]
    group = [each for each in items(visit) if code_of(visit, each) == code_of(visit, first)]
    work(visit, *group, action="done", note="fixed in the billing system")
    assert not set(group) & set(items(visit))
    assert set(items(visit, "?view=done")) == set(group)
    assert len(events(visit)) == len(group)


def test_export__says_who_works_on_what(visit: Visit) -> None:
    item = items(visit)[0]
    work(visit, item, action="assign", assignee="ana@desk", note="=1+1")
    (row,) = [
        row for row in csv.DictReader(io.StringIO(visit.get(f"/queue/export?batch={BATCH}").text)) if row["assigned to"]
    ]
    assert row["assigned to"] == "ana@desk"
    assert row["note"].lstrip("'") == "=1+1"
    assert not row["note"].startswith("=")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param({"action": "done", "note": ""}, "Write a note", id="no-reason"),
        pytest.param({"action": "snooze", "until": "", "note": "x"}, "until which day", id="no-day"),
        pytest.param({"action": "snooze", "until": "2026-02-30", "note": "x"}, "not a date", id="no-such-day"),
        pytest.param({"action": "delete", "note": "x"}, "one of the buttons", id="no-such-action"),
    ],
)
def test_change__refused_in_words(visit: Visit, fields: dict[str, str], message: str) -> None:
    item = items(visit)[0]
    assert message in work(visit, item, status=400, **fields)
    assert events(visit) == []
    assert item in items(visit)


def test_change__nothing_chosen(visit: Visit) -> None:
    assert "Choose at least one row" in work(visit, status=400, action="done", note="x")


def test_note__is_text_and_not_markup(visit: Visit) -> None:
    item = items(visit)[0]
    page = work(visit, item, action="note", note="<script>alert(1)</script>")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_done_in_the_address__of_somebody_else_is_not_shown(visit: Visit) -> None:
    assert "all is well" not in visit.get("/queue?done=all+is+well").text


def test_change__needs_the_role(hospital: Hospital) -> None:
    settings = hospital.home / "statements.toml"
    roles = '\n[roles]\nconsole = ["group:desk"]\nwork = ["group:clerks"]\n'
    settings.write_text(settings.read_text(encoding="utf-8") + roles, encoding="utf-8")
    with open_console(hospital, memberships=frozenset({"group:desk"})) as visit:
        visit.sign_in()
        item = items(visit)[0]
        assert "roles.work" in work(visit, item, status=403, action="done", note="x")
        assert item in items(visit)
