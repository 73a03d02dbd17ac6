"""Payroll deductions, from the form to payroll's answer: each is sent once, and a miss ends the hold on letters."""

from __future__ import annotations

import hashlib
import json
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from statement_builder.source.sample.distribution import ONE_OF_EACH
from tests.e2e.test_plan_letters import documents, holds, run, sent_ids
from tests.hospital import Hospital, build_hospital
from tests.kill_points import moments_to_kill_at, passed_moments, run_killed_at

KIND = "payroll-authorization"
DAY, NEXT_DAY, PAYDAY, AFTER = "2026-11-07", "2026-11-08", "2026-11-19", "2026-11-20"
HEADER = "employee_id|code|pay_date|status|amount|reason"


def build(home: Path) -> Hospital:
    hospital = build_hospital(home, guarantors=len(ONE_OF_EACH))
    settings = home / "statements.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(f'{text}\n[payroll]\nurl = "file:///{{}}"\n', encoding="utf-8")
    return hospital


def with_payroll(hospital: Hospital) -> Hospital:
    """The hospital with a folder of its own for payroll, also after it was copied."""
    folder = hospital.home / "payroll"
    folder.mkdir(exist_ok=True)
    settings = hospital.home / "statements.toml"
    lines = settings.read_text(encoding="utf-8").splitlines()
    start = lines.index("[payroll]")
    lines[start + 1] = f'url = "file://{folder}"'
    settings.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return hospital


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """A day with forms, and the day after."""
    hospital = build(tmp_path_factory.mktemp("payroll") / "home")
    run(with_payroll(hospital), KIND, DAY)
    run(hospital, KIND, NEXT_DAY)
    return hospital


@pytest.fixture
def hospital(month: Hospital, tmp_path: Path) -> Hospital:
    return with_payroll(month.copy_to(tmp_path / "home")).on_day(DAY)


def employee(hospital: Hospital, where: str) -> tuple[str, str]:
    """Guarantor and employee number of the only authorization with this condition."""
    ((guarantor, number),) = hospital.sql(f"SELECT guarantor_id, employee_id FROM payroll_deduction WHERE {where}")
    return guarantor, number


def taken_in(hospital: Hospital) -> list[str]:
    """The lines of every deduction file with a control file, without header and trailer."""
    folder, lines = hospital.home / "payroll", []
    for control in sorted(folder.glob("*.ctl")):
        facts = json.loads(control.read_text(encoding="utf-8"))
        (file,) = facts["files"]
        data = (folder / file["file"]).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (file["bytes"], file["sha256"])
        header, *rows, trailer = data.decode().splitlines()
        assert header == "employee_id|code|amount|start|end|limit"
        assert trailer.split("|")[:2] == ["TRAILER", str(len(rows))] == ["TRAILER", str(facts["records"])]
        lines += rows
    return lines


def answer(hospital: Hospital, name: str, *lines: str) -> None:
    text = "\n".join((HEADER, *lines, f"TRAILER|{len(lines)}", ""))
    inbox = hospital.home / "payroll-answers"
    inbox.mkdir(exist_ok=True)
    (inbox / name).write_text(text, encoding="utf-8")


def test_payroll_forms__each_goes_out_once(month: Hospital) -> None:
    asked, _ = employee(month, "per_pay_cents = 10000 AND work_state = 'MA' AND first_pay_on = '2026-12-05'")
    signed, _ = employee(month, "status = 'signed'")
    found = documents(month, KIND)
    assert {asked, signed} <= {guarantor for guarantor, _, _ in found}
    assert {cents for _, _, cents in found} == {0}
    assert len({cause for _, cause, _ in found}) == len(found) == len(sent_ids(month)) == len(set(sent_ids(month)))
    for guarantor, _, _ in found:
        assert "PLAN_SENT" in holds(month, f"{NEXT_DAY}-{KIND}", guarantor)


def test_payroll_forms__hold_what_nobody_should_sign(month: Hospital) -> None:
    for where, code in (("per_pay_cents = 9000", "PAYROLL_TERMS"), ("work_state = 'NY'", "PAYROLL_STATE")):
        guarantor, _ = employee(month, where)
        assert holds(month, f"{DAY}-{KIND}", guarantor) == {code}
    revoked, _ = employee(month, "status = 'revoked'")
    assert holds(month, f"{DAY}-{KIND}", revoked) == set()
    assert revoked not in {guarantor for guarantor, _, _ in documents(month, KIND)}


def test_payroll_form__that_came_back_is_due_again(hospital: Hospital) -> None:
    ((guarantor, cause, _), *_) = documents(hospital, KIND)
    with sqlite3.connect(hospital.home / "ledger.db") as connection:
        mine = "document_id IN (SELECT document_id FROM document WHERE cause_id = ?)"
        connection.execute(f"UPDATE delivery SET state = 'returned' WHERE {mine}", (cause,))
        connection.execute("UPDATE document SET mailed_on = NULL WHERE cause_id = ?", (cause,))
    connection.close()
    run(hospital, KIND, "2026-11-09")
    causes = [found for each, found, _ in documents(hospital, KIND) if each == guarantor]
    assert causes == [cause, cause]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param("status = 'revoked'", "NOT_ON_FILE", id="revoked"),
        pytest.param("employee_id = 'E1'", "PAYROLL_CHANGED", id="other-terms"),
    ],
)
def test_payroll_form__changed_before_mailing_is_not_mailed(tmp_path: Path, change: str, code: str) -> None:
    hospital = build(tmp_path / "home").on_day(DAY)
    hospital.statements("run", KIND, "--cycle", DAY, "--as-of", DAY, code=3)  # a person releases the forms
    asked, _ = employee(hospital, "per_pay_cents = 10000 AND work_state = 'MA' AND first_pay_on = '2026-12-05'")
    hospital.sql(f"UPDATE payroll_deduction SET {change} WHERE guarantor_id = ?", asked)
    release = hospital.statements("release", f"{DAY}-{KIND}", "--reason", "checked", code=None)
    if "VOLUME" in release.err:
        hospital.statements("release", f"{DAY}-{KIND}", "--reason", "checked", "--accept", "VOLUME", code=None)
    made = dict(hospital.ledger("SELECT document_id, guarantor_id FROM document"))
    assert {made[each] for each in sent_ids(hospital)} == {*made.values()} - {asked}, "all but the changed form"
    assert len(made) > 1
    assert code in holds(hospital, f"{DAY}-{KIND}", asked)


def test_payroll_send__only_what_both_signed_and_each_change_once(hospital: Hospital) -> None:
    _, number = employee(hospital, "status = 'signed'")
    hospital.statements("payroll", "send")
    assert taken_in(hospital) == [f"{number}|HOSPITAL|100.00|{PAYDAY}|2027-04-19|600.00"]
    assert "Nothing changed" in hospital.statements("payroll", "send").out
    assert len(taken_in(hospital)) == 1
    hospital.sql(
        "UPDATE payroll_deduction SET status = 'revoked', ended_on = '2026-12-19' WHERE employee_id = ?", number
    )
    sent = hospital.statements("payroll", "send", "--json").json
    assert (len(sent["files"]), sent["rows"], sent["alerts"]) == (1, 1, [])
    assert taken_in(hospital)[1:] == [f"{number}|HOSPITAL|100.00|{PAYDAY}|2026-12-18|600.00"]
    hospital.statements("payroll", "send")
    assert len(taken_in(hospital)) == 2


def test_payroll_send__says_what_a_person_must_do(hospital: Hospital) -> None:
    hospital.statements("payroll", "send")
    _, number = employee(hospital, "status = 'signed'")
    hospital.sql(
        "UPDATE payroll_deduction SET per_pay_cents = 20000, pay_count = 3, last_pay_on = '2027-01-19'"
        " WHERE employee_id = ?",
        number,
    )
    refused = hospital.statements("payroll", "send", "--json", code=3).json
    assert [each["code"] for each in refused["alerts"]] == ["PAYROLL_UNSIGNED"]
    assert number not in refused["alerts"][0]["message"]
    hospital.sql("DELETE FROM payroll_deduction WHERE employee_id = ?", number)
    gone = hospital.statements("payroll", "send", "--json", code=3).json
    assert [each["code"] for each in gone["alerts"]] == ["PAYROLL_GONE"]
    assert len(taken_in(hospital)) == 1


def test_payroll_send__needs_its_folder(hospital: Hospital) -> None:
    settings = hospital.home / "statements.toml"
    text = settings.read_text(encoding="utf-8").replace(f'url = "file://{hospital.home / "payroll"}"', 'url = ""')
    settings.write_text(text, encoding="utf-8")
    assert "payroll.url" in hospital.statements("payroll", "send", code=2).err


def test_payroll_send__killed_at_any_moment_nothing_is_sent_twice(hospital: Hospital, tmp_path: Path) -> None:
    whole = with_payroll(hospital.copy_to(tmp_path / "whole"))
    assert run_killed_at(whole, 0, "payroll", "send") == 0
    expected, moments = taken_in(whole), len(passed_moments(whole))
    assert len(expected) == 1
    assert moments >= 6
    for moment in moments_to_kill_at(moments):
        killed = with_payroll(hospital.copy_to(tmp_path / f"killed-{moment}"))
        assert run_killed_at(killed, moment, "payroll", "send") == -signal.SIGKILL
        killed.statements("payroll", "send")
        assert taken_in(killed) == expected, moment
        assert killed.ledger("SELECT DISTINCT state FROM payroll_file") == [("sent",)], moment
        assert "Nothing changed" in killed.statements("payroll", "send").out


def test_payroll_send__another_file_under_its_name_stops_it(hospital: Hospital) -> None:
    hospital.statements("payroll", "send")
    (control,) = (hospital.home / "payroll").glob("*.ctl")
    with sqlite3.connect(hospital.home / "ledger.db") as connection:
        connection.execute("UPDATE payroll_file SET state = 'claimed'")
    connection.close()
    facts = json.loads(control.read_text(encoding="utf-8"))
    control.write_text(json.dumps(facts | {"records": 7}), encoding="utf-8")
    assert "another deduction file" in hospital.statements("payroll", "send", code=1).err


def collect(hospital: Hospital, code: int = 0) -> dict[str, Any]:
    result: dict[str, Any] = hospital.statements("payroll", "collect", "--json", code=code).json
    return result


def test_payroll_collect__a_miss_ends_the_hold_on_letters(hospital: Hospital) -> None:
    guarantor, number = employee(hospital, "status = 'signed'")
    hospital.statements("payroll", "send")
    later = hospital.on_day(AFTER)
    later.statements("run", "dunning", "--cycle", AFTER, "--as-of", AFTER, code=None)
    assert "EMPLOYEE" in holds(later, f"{AFTER}-dunning", guarantor)
    answer(later, "answers.txt", f"{number}|HOSPITAL|{PAYDAY}|not_taken|0.00|short_pay")
    found = collect(later)
    assert (found["taken"], found["missed"]) == (0, 1)
    last = hospital.on_day("2026-11-21")
    last.statements("run", "dunning", "--cycle", "2026-11-21", "--as-of", "2026-11-21", code=None)
    assert "EMPLOYEE" not in holds(last, "2026-11-21-dunning", guarantor)
    assert "PLAN_OK" in holds(last, "2026-11-21-dunning", guarantor), (
        "the plan is in force until its installment is missed"
    )


def test_payroll_collect__each_answer_counts_once_and_what_is_not_clear_waits(hospital: Hospital) -> None:
    _, number = employee(hospital, "status = 'signed'")
    hospital.statements("payroll", "send")
    later = hospital.on_day(AFTER)
    answer(
        later,
        "answers.txt",
        f"{number}|HOSPITAL|{PAYDAY}|taken|100.00|",
        f"{number}|HOSPITAL|2026-12-19|taken|100.00|",
        f"E99999|HOSPITAL|{PAYDAY}|taken|100.00|",
        f"{number}|HOSPITAL|2026-11-05|not_taken|0.00|not_due",
    )
    found = collect(later, code=3)
    (file,) = found["files"]
    assert (found["taken"], found["missed"]) == (1, 0)
    assert (file["news"], file["unchanged"], file["quarantined"], file["put_in"]) == (1, 1, 2, "quarantine")
    (reason,) = (later.home / "payroll-answers" / "quarantine").glob("*.reason.txt")
    text = reason.read_text(encoding="utf-8")
    assert "Line 3" in text
    assert "Line 4" in text
    assert "E99999" not in text
    for path in (later.home / "payroll-answers" / "quarantine").iterdir():
        path.unlink()
    answer(later, "again.txt", f"{number}|HOSPITAL|{PAYDAY}|taken|100.00|")
    again = collect(later)
    assert (again["taken"], again["missed"], again["alerts"]) == (0, 0, [])
    answer(later, "contradicts.txt", f"{number}|HOSPITAL|{PAYDAY}|not_taken|0.00|late")
    assert collect(later, code=3)["missed"] == 0
    answer(later, "more.txt", f"{number}|HOSPITAL|{PAYDAY}|taken|100.01|")
    assert collect(later, code=3)["taken"] == 0
    assert later.ledger("SELECT taken_cents, is_missed FROM payroll_answer") == [(10_000, 0)]


def test_payroll_collect__killed_at_any_moment_counts_once(hospital: Hospital, tmp_path: Path) -> None:
    _, number = employee(hospital, "status = 'signed'")
    hospital.statements("payroll", "send")
    answer(hospital, "answers.txt", f"{number}|HOSPITAL|{PAYDAY}|not_taken|0.00|short_pay")
    whole = hospital.copy_to(tmp_path / "whole").on_day(AFTER)
    assert run_killed_at(whole, 0, "payroll", "collect") == 0
    for moment in moments_to_kill_at(len(passed_moments(whole))):
        killed = hospital.copy_to(tmp_path / f"killed-{moment}").on_day(AFTER)
        assert run_killed_at(killed, moment, "payroll", "collect") == -signal.SIGKILL
        killed.statements("payroll", "collect")
        assert killed.ledger("SELECT taken_cents, is_missed, reason FROM payroll_answer") == [(0, 1, "short_pay")]
        assert [path.name for path in (killed.home / "payroll-answers" / "done").iterdir()] == ["answers.txt"]
