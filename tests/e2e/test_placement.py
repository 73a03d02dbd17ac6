"""Placement with collection agencies, from the list to the last report: each thing once, and every cent explained."""

from __future__ import annotations

import json
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_plan_letters import holds
from tests.hospital import Hospital, needs_other_users
from tests.kill_points import moments_to_kill_at, passed_moments, run_killed_at
from tests.placement import (
    LIST,
    READY,
    approve,
    build_placing_hospital,
    dollars,
    folder_of,
    placements,
    report,
    sent_records,
)

pytestmark = needs_other_users
DAY, NEXT_DAY, LATER = "2026-11-07", "2026-11-08", "2026-12-15"


@pytest.fixture(scope="module")
def proposed_once(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    hospital = build_placing_hospital(tmp_path_factory.mktemp("placement") / "home")
    hospital.statements("place", "--cycle", "2026-11")
    return hospital


@pytest.fixture(scope="module")
def sent_once(proposed_once: Hospital, tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    hospital = proposed_once.copy_to(tmp_path_factory.mktemp("sent") / "home")
    approve(hospital)
    hospital.statements("placement", "send")
    return hospital


@pytest.fixture
def proposed(proposed_once: Hospital, tmp_path: Path) -> Hospital:
    return proposed_once.copy_to(tmp_path / "home")


@pytest.fixture
def sent(sent_once: Hospital, tmp_path: Path) -> Hospital:
    """The visits of `READY` are with the first agency, since yesterday."""
    return sent_once.copy_to(tmp_path / "home").on_day(NEXT_DAY)


def send(hospital: Hospital, code: int = 0) -> dict[str, Any]:
    result: dict[str, Any] = hospital.statements("placement", "send", "--json", code=code).json
    return result


def collect(hospital: Hospital, code: int = 0) -> dict[str, Any]:
    result: dict[str, Any] = hospital.statements("placement", "collect", "--json", code=code).json
    return result


def status(hospital: Hospital, agency: str = "granite", code: int = 0) -> dict[str, Any]:
    found = hospital.statements("placement", "status", "--json", code=code).json
    result: dict[str, Any] = next(each for each in found["agencies"] if each["agency_id"] == agency)
    assert result["foots"]
    return result


def states(hospital: Hospital) -> dict[str, str]:
    return dict(hospital.ledger("SELECT guarantor_id, state FROM placement"))


def test_place__proposes_what_passed_and_refuses_the_rest_with_every_reason(proposed: Hospital) -> None:
    found = proposed.statements("placement", "show", LIST, "--json").json
    assert {each["guarantor_id"] for each in found["visits"]} == {*READY}
    (refused,) = (each for each in found["refused"] if each["guarantor_id"] == "G100009")
    assert [each["code"] for each in refused["reasons"]] == ["ORAL_EFFORT", "PLACE_SCREEN", "PLACE_COVERAGE"]
    assert all(each["what_to_do"] for each in refused["reasons"])
    summary = found["summary"]
    assert summary["accounts"] == len(found["visits"])
    assert summary["refused"] == len(found["refused"])
    assert not list(folder_of(proposed).glob("*")), "nothing is sent"
    seen = proposed.ledger("SELECT what, batch_id FROM access ORDER BY access_id DESC LIMIT 1")
    assert seen == [("placement show", LIST)]


def test_approve__never_by_the_person_who_proposed(proposed: Hospital) -> None:
    stopped = proposed.statements("placement", "approve", LIST, code=3)
    assert "second person" in stopped.err
    assert send(proposed)["files"] == []
    assert "waits for a decision" in proposed.statements("place", "--cycle", "2026-11", code=3).err
    approve(proposed)
    assert "already" in proposed.statements("placement", "approve", LIST, code=2).err
    assert send(proposed)["placed"] == len(READY)


def test_reject__the_visits_can_be_proposed_again(proposed: Hospital) -> None:
    other = proposed.as_user(4242)
    assert "reason" in other.statements("placement", "reject", LIST, code=2).err
    other.statements("placement", "reject", LIST, "--reason", "the agency changes next month")
    assert send(proposed)["files"] == []
    again = proposed.statements("place", "--cycle", "2026-11", "--json").json
    assert (again["batch_id"], again["accounts"]) == ("2026-11-placement-2", len(READY))


def test_placement_file__has_the_debt_and_what_changed_since_it_was_itemized(sent: Hospital) -> None:
    """12 CFR 1006.34(c)(2): the amount on the itemization date, and what changed it, give the balance."""
    records = sent_records(sent, "granite", "placement")
    assert {each[4] for each in records} == {*READY}
    assert not folder_of(sent, "summit").exists()
    names = (Path(__file__).parents[2] / "mail_house/agency/profiles/pipe.toml").read_text(encoding="utf-8")
    placement = names[names.index("placement = [") : names.index("changes = [")]
    fields = ["D", *(line.split('"')[1] for line in placement.splitlines() if "field" in line)]
    for record in records:
        each = dict(zip(fields, record, strict=True))
        cents = {name: round(float(value) * 100) for name, value in each.items() if name.endswith("cents")}
        assert each["placed_on"] == DAY
        assert each["itemized_on"] == "2026-09-23" < each["placed_on"]
        assert cents["balance_cents"] == (
            cents["itemized_cents"]
            + cents["interest_since_cents"]
            + cents["fees_since_cents"]
            + cents["charges_since_cents"]
            - cents["payments_since_cents"]
            - cents["credits_since_cents"]
        )
        assert each["actions_not_before"] == "2026-09-18", "120 days after the first statement"
    assert "Nothing new" in sent.statements("placement", "send").out


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        pytest.param(
            "INSERT INTO patient_payment SELECT 'PX', guarantor_id, account_number, '2026-11-06', 'CHECK', 5000"
            " FROM encounter WHERE guarantor_id = ?",
            "PLACE_PAID",
            id="paid",
        ),
        pytest.param(
            "INSERT INTO hold (hold_id, guarantor_id, code, placed_on) VALUES ('XX', ?, 'BANKR_STAY', '2026-11-06')",
            "BANKR_STAY",
            id="bankruptcy-11-usc-362",
        ),
        pytest.param(
            "INSERT INTO insurance_transaction SELECT 'IX', account_number, '2026-11-06', 'other', '', 100"
            " FROM encounter WHERE guarantor_id = ?",
            "PLACE_CHANGED",
            id="another-balance",
        ),
        pytest.param(
            "DELETE FROM correspondence WHERE account_number IN"
            " (SELECT account_number FROM encounter WHERE guarantor_id = ?)",
            "PLACE_NOTICE",
            id="the-final-notice-came-back-1.501r-6-c-4",
        ),
    ],
)
def test_send__drops_what_changed_after_the_approval(proposed: Hospital, statement: str, code: str) -> None:
    approve(proposed)
    proposed.sql(statement, READY[0])
    assert send(proposed)["dropped"] == 1
    assert {each[4] for each in sent_records(proposed, "granite", "placement")} == {*READY[1:]}
    found = proposed.statements("placement", "show", LIST, "--json").json
    late = [each for each in found["refused"] if each["late"]]
    assert [each["guarantor_id"] for each in late] == [READY[0]]
    reasons = [each["code"] for each in late[0]["reasons"]]
    assert code in reasons
    assert states(proposed)[READY[0]] == "dropped"


def test_send__killed_at_any_moment_every_visit_is_placed_once(proposed: Hospital, tmp_path: Path) -> None:
    approve(proposed)
    whole = proposed.copy_to(tmp_path / "whole")
    assert run_killed_at(whole, 0, "placement", "send") == 0
    expected, moments = sent_records(whole, "granite", "placement"), passed_moments(whole)
    assert len(expected) == len(READY)
    assert moments.count("ctl-") == 1
    for moment in moments_to_kill_at(len(moments)):
        killed = proposed.copy_to(tmp_path / f"killed-{moment}")
        assert run_killed_at(killed, moment, "placement", "send") == -signal.SIGKILL
        send(killed)
        assert sent_records(killed, "granite", "placement") == expected, moment
        assert set(states(killed).values()) == {"placed"}, moment
        assert killed.ledger("SELECT DISTINCT state FROM agency_file") == [("sent",)], moment
        assert killed.ledger("SELECT state FROM placement_batch") == [("sent",)], moment
        assert send(killed)["files"] == [], moment


def test_send__another_file_under_its_name_stops_it(sent: Hospital) -> None:
    (control,) = folder_of(sent).glob("*.ctl")
    facts = json.loads(control.read_text(encoding="utf-8"))
    control.write_text(json.dumps(facts | {"records": 7}), encoding="utf-8")
    with sqlite3.connect(sent.home / "ledger.db") as connection:
        connection.execute("UPDATE agency_file SET state = 'claimed'")
    connection.close()
    (alert,) = send(sent, code=3)["alerts"]
    assert "another file" in alert["message"]


def test_send__an_agency_that_cannot_be_reached_gets_its_files_later_and_once(proposed: Hospital) -> None:
    approve(proposed)
    folder_of(proposed).parent.mkdir(parents=True)
    folder_of(proposed).write_text("a file where the folder should be", encoding="utf-8")
    (alert,) = send(proposed, code=3)["alerts"]
    assert alert["code"] == "UNREACHABLE"
    assert send(proposed, code=3)["files"] == []
    folder_of(proposed).unlink()
    assert len(send(proposed)["files"]) == 1
    assert len(sent_records(proposed, "granite", "placement")) == len(READY)


def test_changes__each_payment_and_adjustment_is_told_once_and_the_agencys_own_never(sent: Hospital) -> None:
    _, account, cents = placements(sent)[READY[0]]
    pay = "INSERT INTO patient_payment VALUES (?, ?, ?, ?, ?, ?)"
    sent.sql(pay, "PX1", READY[0], account, DAY, "CHECK", 3000)
    sent.sql(pay, "PX2", READY[0], account, NEXT_DAY, "AGENCY", 700)
    sent.sql("INSERT INTO insurance_transaction VALUES ('IX', ?, ?, 'other', '', 1000)", account, NEXT_DAY)
    assert send(sent)["changes"] == 2
    changes = [each[3:6] + each[6:7] for each in sent_records(sent, "granite", "changes")]
    assert changes == [
        ["paid_direct", NEXT_DAY, "30.00", dollars(cents - 3000)],
        ["adjustment", NEXT_DAY, "10.00", dollars(cents - 4000)],
    ]
    assert send(sent)["files"] == []
    sent.sql(pay, "PX3", READY[0], account, NEXT_DAY, "CHECK", -3000)
    later = sent.on_day("2026-11-09")
    assert send(later)["changes"] == 1
    last = sent_records(later, "granite", "changes")[-1]
    assert last[3:7] == ["paid_direct", "2026-11-09", "-30.00", dollars(cents - 1000)]
    found = status(later)
    assert (found["direct_cents"], found["adjusted_cents"]) == (0, 1000)


def test_changes__killed_at_any_moment_are_told_once(sent: Hospital, tmp_path: Path) -> None:
    account = placements(sent)[READY[0]][1]
    sent.sql("INSERT INTO patient_payment VALUES ('PX1', ?, ?, ?, 'CHECK', 3000)", READY[0], account, DAY)
    sent.sql(
        "INSERT INTO hold (hold_id, guarantor_id, code, placed_on) VALUES ('XX', ?, 'BANKR_STAY', '2026-11-06')",
        READY[1],
    )
    whole = sent.copy_to(tmp_path / "whole").on_day(NEXT_DAY)
    assert run_killed_at(whole, 0, "placement", "send") == 0
    expected = sent_records(whole, "granite", "changes")
    assert sorted(each[3] for each in expected) == ["paid_direct", "recall"]
    for moment in moments_to_kill_at(len(passed_moments(whole))):
        killed = sent.copy_to(tmp_path / f"killed-{moment}").on_day(NEXT_DAY)
        assert run_killed_at(killed, moment, "placement", "send") == -signal.SIGKILL
        send(killed)
        assert sent_records(killed, "granite", "changes") == expected, moment
        assert status(killed)["open_cents"] == status(whole)["open_cents"], moment


@pytest.mark.parametrize(
    ("code", "is_recalled"),
    [
        pytest.param("BANKR_STAY", True, id="11-usc-362"),
        pytest.param("DISPUTE", True, id="dispute"),
        pytest.param("PPDR", True, id="45-cfr-149.620-c"),
        pytest.param("ATTY", True, id="15-usc-1692c-a-2"),
        pytest.param("RETMAIL", False, id="our-returned-mail-is-no-reason"),
        pytest.param("AGENCY", False, id="the-billing-system-knows-that-it-is-placed"),
    ],
)
def test_recall__a_hold_that_stops_collection_takes_the_visit_back(
    sent: Hospital, code: str, *, is_recalled: bool
) -> None:
    sent.sql("INSERT INTO hold (hold_id, guarantor_id, code, placed_on) VALUES ('XX', ?, ?, ?)", READY[0], code, DAY)
    send(sent)
    recalls = [each[1] for each in sent_records(sent, "granite", "changes") if each[3] == "recall"]
    assert recalls == ([placements(sent)[READY[0]][0]] if is_recalled else [])
    assert states(sent)[READY[0]] == ("recalling" if is_recalled else "placed")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        pytest.param("attorney", "Alder Law", id="15-usc-1692c-a-2"),
        pytest.param("confidential", None, id="45-cfr-164.522-b"),
    ],
)
def test_recall__mail_that_goes_to_somebody_else_takes_the_visit_back(
    sent: Hospital, kind: str, name: str | None
) -> None:
    """The agency has the guarantor's address."""
    placement, account, _ = placements(sent)[READY[0]]
    sent.sql(
        "INSERT INTO contact (contact_id, guarantor_id, account_number, kind, name, address_lines, city, state,"
        " postal_code, large_print, delivery) VALUES ('CX', ?, ?, ?, ?, '5 Alder Way', 'Keene', 'NH', '03431', 0,"
        " 'paper')",
        READY[0],
        account,
        kind,
        name,
    )
    send(sent)
    assert [each[1] for each in sent_records(sent, "granite", "changes") if each[3] == "recall"] == [placement]


def test_recall__by_a_person_holds_letters_until_the_agency_confirms(sent: Hospital) -> None:
    placement, account, cents = placements(sent)[READY[0]]
    day = sent.on_day(NEXT_DAY)
    day.statements("run", "dunning", "--cycle", NEXT_DAY, "--as-of", NEXT_DAY, code=None)
    assert "PLACED" in holds(day, f"{NEXT_DAY}-dunning", READY[0])
    assert "reason" in day.statements("placement", "recall", account, code=2).err
    day.statements("placement", "recall", account, "--reason", "the patient complained")
    assert "recalled already" in day.statements("placement", "recall", account, "--reason", "again", code=2).err
    (recall,) = sent_records(day, "granite", "changes")
    assert recall[1:4] == [placement, account, "recall"]
    later = day.on_day("2026-11-09")
    later.statements("run", "dunning", "--cycle", "2026-11-09", "--as-of", "2026-11-09", code=None)
    assert "PLACED" in holds(later, "2026-11-09-dunning", READY[0])
    report(later, "confirm.txt", f"recalled|{placement}|2026-11-09|{dollars(cents)}|0.00||")
    assert collect(later)["rows"] == {"recalled": 1}
    last = later.on_day("2026-11-10")
    last.statements("run", "dunning", "--cycle", "2026-11-10", "--as-of", "2026-11-10", code=None)
    assert "PLACED" not in holds(last, "2026-11-10-dunning", READY[0])
    assert "No agency has" in last.statements("placement", "recall", account, "--reason", "again", code=2).err


def test_whole_life__placed_accepted_paid_closed_and_returned_foots(sent: Hospital) -> None:
    placed = placements(sent)
    (first, _, first_cents), (second, _, second_cents), (third, _, third_cents) = (placed[each] for each in READY)
    report(
        sent,
        "ack.txt",
        f"accepted|{first}|{NEXT_DAY}|{dollars(first_cents)}|0.00||",
        f"accepted|{second}|{NEXT_DAY}|{dollars(second_cents)}|0.00||",
        f"rejected|{third}|{NEXT_DAY}|{dollars(third_cents)}|0.00||duplicate",
    )
    assert collect(sent)["rows"] == {"accepted": 2, "rejected": 1}
    assert status(sent)["not_answered"] == 0
    day = sent.on_day(LATER)
    report(
        day,
        "week.txt",
        f"payment|{first}|2026-12-01|{dollars(first_cents)}|25.00|R1|",
        f"payment|{second}|2026-12-02|40.00|10.00|R2|",
        f"payment|{second}|2026-12-09|-15.00|-3.75|R3|",
        f"closed|{first}|2026-12-10|0.00|0.00||paid",
        f"returned|{second}|2026-12-14|{dollars(second_cents - 2500)}|0.00||uncollectible",
    )
    assert collect(day)["rows"] == {"closed": 1, "payment": 3, "returned": 1}
    found = status(day)
    assert found["collected_cents"] == first_cents + 2500
    assert found["fee_cents"] == 2500 + 1000 - 375
    assert (found["refused"], found["closed"], found["returned"], found["open"]) == (1, 1, 1, 0)
    assert found["placed_cents"] == found["refused_cents"] + found["collected_cents"] + found["ended_cents"]
    assert [path.name for path in sorted((day.home / "agency-reports" / "granite" / "done").iterdir())] == [
        "ack.txt",
        "week.txt",
    ]
    day.sql("UPDATE assistance SET occurred_on = '2026-12-01' WHERE kind = 'coverage_check'")
    again = day.statements("place", "--cycle", "2026-12", "--json").json
    assert {each["agency_id"] for each in again["agencies"]} == {"granite", "summit"}, "returned goes to the second"
    shown = day.statements("placement", "show", "2026-12-placement-1", "--json").json
    assert {each["guarantor_id"]: each["agency_id"] for each in shown["visits"]}[READY[1]] == "summit"


def test_collect__what_is_not_clear_waits_with_its_line_and_counts_nothing(sent: Hospital) -> None:
    placed = placements(sent)
    first, _, cents = placed[READY[0]]
    rows = [
        f"accepted|{first}|{NEXT_DAY}|{dollars(cents)}|0.00||",
        f"accepted|{placed[READY[1]][0]}|{NEXT_DAY}|1.00|0.00||",
        f"payment|{first}|2026-11-30|5.00|0.00|R1|",
        f"payment|{first}|2026-11-06|5.00|0.00|R2|",
        f"payment|{first}|{NEXT_DAY}|{dollars(cents + 1)}|0.00|R3|",
        f"payment|{first}|{NEXT_DAY}|5.00|6.00|R4|",
        f"payment|{first}|{NEXT_DAY}|-5.00|0.00|R5|",
        f"returned|{first}|{NEXT_DAY}|{dollars(cents - 1)}|0.00||gone",
        f"recalled|{first}|{NEXT_DAY}|{dollars(cents)}|0.00||",
        f"payment|PNOTOURS|{NEXT_DAY}|5.00|0.00|R6|",
        f"payment|{first}|{NEXT_DAY}|5.00|1.25|R7|",
    ]
    report(sent, "mixed.txt", *rows)
    found = collect(sent, code=3)
    (file,) = found["files"]
    assert (file["lines"], file["news"], file["unchanged"], file["quarantined"]) == (11, 2, 0, 9)
    assert found["rows"] == {"accepted": 1, "payment": 1}
    (reason,) = (sent.home / "agency-reports" / "granite" / "quarantine").glob("*.reason.txt")
    text = reason.read_text(encoding="utf-8")
    for line in range(3, 12):
        assert f"Line {line}:" in text
    assert "PNOTOURS" not in text
    found = status(sent)
    assert (found["collected_cents"], found["fee_cents"]) == (500, 125)


@pytest.mark.parametrize(
    ("agency", "total"),
    [pytest.param("granite", 1, id="amounts-do-not-add-up"), pytest.param("summit", None, id="another-agencys-folder")],
)
def test_collect__a_file_that_may_be_wrong_changes_nothing(sent: Hospital, agency: str, total: int | None) -> None:
    placement, _, cents = placements(sent)[READY[0]]
    report(sent, "a.txt", f"accepted|{placement}|{NEXT_DAY}|{dollars(cents)}|0.00||", agency=agency, total=total)
    assert collect(sent, code=3)["rows"] == {}
    assert states(sent)[READY[0]] == "placed"


def test_collect__the_same_rows_in_another_file_count_once(sent: Hospital) -> None:
    placement, _, cents = placements(sent)[READY[0]]
    rows = [
        f"accepted|{placement}|{NEXT_DAY}|{dollars(cents)}|0.00||",
        f"payment|{placement}|{NEXT_DAY}|5.00|1.25|R1|",
    ]
    report(sent, "a.txt", *rows)
    report(sent, "b.txt", *reversed(rows))
    found = collect(sent)
    assert found["rows"] == {"accepted": 1, "payment": 1}
    assert status(sent)["collected_cents"] == 500
    report(sent, "c.txt", f"payment|{placement}|{NEXT_DAY}|6.00|1.25|R1|")
    assert collect(sent, code=3)["rows"] == {}


def test_collect__killed_at_any_moment_counts_once(sent: Hospital, tmp_path: Path) -> None:
    placement, _, cents = placements(sent)[READY[0]]
    report(
        sent,
        "a.txt",
        f"accepted|{placement}|{NEXT_DAY}|{dollars(cents)}|0.00||",
        f"payment|{placement}|{NEXT_DAY}|5.00|1.25|R1|",
        f"returned|{placement}|{NEXT_DAY}|{dollars(cents - 500)}|0.00||uncollectible",
    )
    whole = sent.copy_to(tmp_path / "whole").on_day(NEXT_DAY)
    assert run_killed_at(whole, 0, "placement", "collect") == 0
    for moment in moments_to_kill_at(len(passed_moments(whole))):
        killed = sent.copy_to(tmp_path / f"killed-{moment}").on_day(NEXT_DAY)
        assert run_killed_at(killed, moment, "placement", "collect") == -signal.SIGKILL
        collect(killed)
        assert states(killed)[READY[0]] == "returned", moment
        assert status(killed)["collected_cents"] == 500, moment
        done = [path.name for path in (killed.home / "agency-reports" / "granite" / "done").iterdir()]
        assert done == ["a.txt"], moment


def test_status__an_agency_that_does_not_answer_is_an_alert(sent: Hospital) -> None:
    day = sent.on_day("2026-11-13")
    assert [each["code"] for each in collect(day, code=3)["alerts"]] == ["AGENCY_LATE"]
    day.statements("placement", "recall", placements(day)[READY[0]][1], "--reason", "complaint")
    later = day.on_day("2026-11-20")
    assert {each["code"] for each in collect(later, code=3)["alerts"]} == {"AGENCY_LATE", "RECALL_LATE"}


def test_place__needs_an_agency(proposed: Hospital) -> None:
    settings = proposed.home / "statements.toml"
    text = settings.read_text(encoding="utf-8")
    start, end = text.index("[[placement.agencies]]"), text.index("# [policy] sets")
    settings.write_text(text[:start] + text[end:], encoding="utf-8")
    assert "placement.agencies" in proposed.statements("place", "--cycle", "2026-11", code=2).err


def test_place__a_dispute_that_an_operator_recorded_keeps_the_visit_from_the_agency(proposed: Hospital) -> None:
    """Recorded after the list was proposed: the gates are passed again before anything is sent."""
    guarantor = READY[0]
    (account,) = proposed.ledger("SELECT account_number FROM placement WHERE guarantor_id = ?", guarantor)[0]
    proposed.statements("request", "verification", account)
    approve(proposed)
    send(proposed)
    assert states(proposed)[guarantor] == "dropped"
    assert guarantor not in placements(proposed)
    assert READY[1] in placements(proposed)
