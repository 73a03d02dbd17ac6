"""The clerk's queue on the command line: who works on a row, what is set aside and why, and what lists it again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.commands import BATCH, call
from tests.hospital import Hospital

pytestmark = pytest.mark.hospital("waiting", guarantors=40)


def rows(hospital: Hospital, view: str = "open") -> dict[str, Any]:
    """Item id → row."""
    listed = call(hospital, "queue", "list", "--view", view, "--json").json
    return {row["item"]["item_id"]: row for row in listed}


def events(hospital: Hospital) -> list[tuple[str, str, str]]:
    return hospital.ledger("SELECT subject, what, why FROM event WHERE batch_id = 'work-queue' ORDER BY event_id")


@pytest.fixture
def item(hospital: Hospital) -> str:
    """A hold."""
    return next(id_ for id_, row in rows(hospital).items() if row["kind"] == "hold")


def test_list__has_every_exception_and_hold_of_the_batch(hospital: Hospital) -> None:
    held = call(hospital, "holds", BATCH, "--json").json
    wrong = call(hospital, "exceptions", BATCH, "--json").json
    listed = call(hospital, "queue", "list", "--json").json
    assert len(listed) == len(held) + len(wrong) > 0
    subjects = {(each["code"], each["guarantor"], each["account"]) for each in listed}
    assert len(rows(hospital)) == len(subjects), "each has an item of its own"


def test_list__as_a_table_says_what_to_do(hospital: Hospital, item: str) -> None:
    out = call(hospital, "queue", "list").out
    assert item in out
    assert "To do:" in out


def test_assign__is_listed_as_mine_by_that_person(hospital: Hospital, item: str) -> None:
    me = str(hospital.ledger("SELECT opened_by FROM batch")[0][0])
    call(hospital, "queue", "assign", item, "--to", me)
    assert list(rows(hospital, "mine")) == [item]
    assert rows(hospital)[item]["item"]["assignee"] == me
    call(hospital, "queue", "assign", item, "--to", "")
    assert rows(hospital, "mine") == {}
    assert events(hospital) == [(item, "assigned", f"assigned to {me}"), (item, "assigned", "assigned to nobody")]


def test_note__is_kept_with_who_and_when_and_every_one_is_an_event(hospital: Hospital, item: str) -> None:
    call(hospital, "queue", "note", item, "--note", "called  the\npatient")
    call(hospital, "queue", "note", item, "--note", "wrote to the insurer")
    kept = rows(hospital)[item]["item"]
    assert kept["note"] == "wrote to the insurer"
    assert kept["changed_by"]
    assert [why for _, _, why in events(hospital)] == ["called the patient", "wrote to the insurer"]


def test_snooze__is_listed_again_on_its_day(hospital: Hospital, item: str) -> None:
    call(hospital, "queue", "snooze", item, "--until", "2026-12-01", "--note", "insurer answers by then")
    assert item not in rows(hospital)
    assert list(rows(hospital, "snoozed")) == [item]
    assert item in rows(hospital, "all")
    on = [
        Hospital(hospital.home, {"STATEMENTS_CLOCK": f"{day}T15:00:00+00:00"}) for day in ("2026-11-30", "2026-12-01")
    ]
    assert [item in rows(each) for each in on] == [False, True]


def test_done__is_set_aside_with_its_reason_and_can_be_reopened(hospital: Hospital, item: str) -> None:
    before = rows(hospital)
    call(hospital, "queue", "done", item, "--note", "the hold is released in the billing system")
    assert rows(hospital).keys() == before.keys() - {item}
    assert rows(hospital, "done")[item]["item"]["note"] == "the hold is released in the billing system"
    call(hospital, "queue", "reopen", item)
    assert rows(hospital).keys() == before.keys()


def test_done__several_at_once(hospital: Hospital) -> None:
    first, second, *_ = rows(hospital)
    out = call(hospital, "queue", "done", first, second, "--note", "both are fixed").out
    assert "2 rows" in out
    assert set(rows(hospital, "done")) == {first, second}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(("snooze", "ITEM", "--until", "2020-01-01", "--note", "x"), "from tomorrow", id="day-past"),
        pytest.param(("snooze", "ITEM", "--until", "2029-01-01", "--note", "x"), "366 days", id="day-too-far"),
        pytest.param(("snooze", "ITEM", "--until", "2026-12-01", "--note", " "), "Write a note", id="no-reason"),
        pytest.param(("done", "ITEM", "--note", ""), "Write a note", id="done-without-reason"),
        pytest.param(("note", "ITEM", "--note", "x" * 2_001), "2,000", id="note-too-long"),
        pytest.param(("done", "0000000000000000", "--note", "x"), "not a row", id="no-such-row"),
        pytest.param(("assign", "ITEM", "--to", "a\x07"), "printable", id="control-character"),
    ],
)
def test_change__refused_changes_nothing(
    hospital: Hospital, item: str, arguments: tuple[str, ...], message: str
) -> None:
    result = call(hospital, "queue", *(item if each == "ITEM" else each for each in arguments), code=2)
    assert message in result.err
    assert events(hospital) == []
    assert item in rows(hospital)


def test_change__needs_the_role(hospital: Hospital, item: str) -> None:
    settings = hospital.home / "statements.toml"
    settings.write_text(settings.read_text(encoding="utf-8") + '\n[roles]\nwork = ["group:nobody-has-it"]\n')
    assert "roles.work" in call(hospital, "queue", "done", item, "--note", "x", code=2).err
    assert item in rows(hospital)
