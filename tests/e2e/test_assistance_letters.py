"""Letters about applications for financial assistance, from the status on file to the letter about late payment that
waits for them: each status is answered once (26 CFR 1.501(r)-6(c)(5), (6), (8))."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from statement_builder.source.sample.distribution import ONE_OF_EACH
from tests.e2e.test_plan_letters import documents, holds, run, sent_ids
from tests.hospital import Hospital, build_hospital
from tests.kill_points import moments_to_kill_at, passed_moments, run_killed_at

DAY, NEXT_DAY = "2026-11-07", "2026-11-08"
KINDS = ("assistance-incomplete", "assistance-decision")
INCOMPLETE = "missing_items IS NOT NULL AND respond_by IS NULL"
DENIED = "basis = 'income_too_high'"


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """A day with both kinds, and the day after."""
    hospital = build_hospital(tmp_path_factory.mktemp("assistance") / "home", guarantors=len(ONE_OF_EACH))
    for day in (DAY, NEXT_DAY):
        for kind in KINDS:
            run(hospital, kind, day)
    return hospital


def applicant(hospital: Hospital, where: str) -> str:
    ((guarantor,),) = hospital.sql(f"SELECT guarantor_id FROM assistance WHERE {where}")
    return str(guarantor)


def test_assistance_letters__answer_each_status_once(days: Hospital) -> None:
    asked = [(guarantor, cents) for guarantor, _, cents in documents(days, "assistance-incomplete")]
    assert asked == [(applicant(days, INCOMPLETE), 0)]
    decided = {guarantor: cents > 0 for guarantor, _, cents in documents(days, "assistance-decision")}
    assert decided == {
        applicant(days, DENIED): False,
        applicant(days, "valid_until IS NOT NULL"): False,
        applicant(days, "discount_percent = 60"): True,
        applicant(days, "kind = 'presumptive'"): True,
    }
    sent = sent_ids(days)
    assert len(sent) == len(set(sent)) == 1 + len(decided)
    for kind, where in ((KINDS[0], INCOMPLETE), (KINDS[1], DENIED)):
        assert holds(days, f"{NEXT_DAY}-{kind}", applicant(days, where)) == {"FAP_SENT"}


@pytest.mark.parametrize(
    ("kind", "where", "code"),
    [
        pytest.param(KINDS[0], "respond_by IS NOT NULL", "FAP_SHORT", id="26-cfr-1.501r-6-c-5-ii-too-short"),
        pytest.param(KINDS[1], "basis = 'program'", "FAP_APPROVED", id="26-cfr-1.501r-5-a-not-posted"),
        pytest.param(KINDS[1], "basis = 'no_answer'", "FAP_NO_NOTICE", id="26-cfr-1.501r-6-c-5-no-letter"),
        pytest.param(KINDS[1], "status = 'denied' AND basis IS NULL", "FAP_TERMS", id="no-basis"),
        pytest.param(KINDS[1], "notified_on IS NOT NULL", "FAP_SENT", id="the-office-wrote-itself"),
    ],
)
def test_assistance_letters__say_why_there_is_none(days: Hospital, kind: str, where: str, code: str) -> None:
    assert holds(days, f"{DAY}-{kind}", applicant(days, where)) == {code}


def test_dunning__waits_for_the_decision_letter_and_its_date(days: Hospital, tmp_path: Path) -> None:
    untold = build_hospital(tmp_path / "untold", guarantors=len(ONE_OF_EACH))
    guarantor = applicant(untold, DENIED)
    untold.statements("run", "dunning", "--cycle", DAY, "--as-of", DAY, code=3)
    assert holds(untold, f"{DAY}-dunning", guarantor) == {"FAP_LETTER"}
    hospital = days.copy_to(tmp_path / "told")
    for day, waits in (("2026-12-07", True), ("2026-12-15", False)):
        hospital.on_day(day).statements("run", "dunning", "--cycle", day, "--as-of", day, code=3)
        assert ("FAP_LETTER" in holds(hospital, f"{day}-dunning", guarantor)) == waits


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param("status = 'complete'", "NOT_ON_FILE", id="completed"),
        pytest.param("missing_items = 'form'", "FAP_CHANGED", id="lacks-something-else"),
    ],
)
def test_assistance_incomplete__changed_in_the_meantime_is_not_mailed(tmp_path: Path, change: str, code: str) -> None:
    """Changed between rendering and hand-off: the recheck finds it."""
    hospital = build_hospital(tmp_path / "home", guarantors=len(ONE_OF_EACH))
    guarantor = applicant(hospital, INCOMPLETE)
    assert hospital.statements("run", KINDS[0], "--cycle", DAY, "--as-of", DAY, code=None).code == 3
    hospital.sql(f"UPDATE assistance SET {change} WHERE guarantor_id = ?", guarantor)
    hospital.statements("release", f"{DAY}-{KINDS[0]}", "--reason", "checked", code=None)
    assert sent_ids(hospital) == []
    assert code in holds(hospital, f"{DAY}-{KINDS[0]}", guarantor)


def test_assistance_incomplete__voided_before_it_left_is_due_again(tmp_path: Path) -> None:
    hospital = build_hospital(tmp_path / "home", guarantors=len(ONE_OF_EACH))
    assert hospital.statements("run", KINDS[0], "--cycle", DAY, "--as-of", DAY, code=None).code == 3
    ((document_id,),) = hospital.ledger("SELECT document_id FROM document WHERE kind = ?", KINDS[0])
    hospital.statements("void", document_id, "--reason", "wrong day")
    run(hospital, KINDS[0], NEXT_DAY)
    assert len(sent_ids(hospital)) == 1


def test_assistance_decision__returned_is_due_again_and_dunning_waits_again(days: Hospital, tmp_path: Path) -> None:
    hospital = days.copy_to(tmp_path / "home")
    guarantor = applicant(hospital, DENIED)
    ((document,),) = hospital.ledger(
        "SELECT document_id FROM document WHERE kind = ? AND guarantor_id = ?", KINDS[1], guarantor
    )
    (hospital.home / "inbox").mkdir(exist_ok=True)
    nixie = f"document_id,returned_on,return_reason\r\n{document},2026-11-20,ANK\r\n"
    (hospital.home / "inbox" / "nixie.csv").write_text(nixie, encoding="utf-8")
    hospital.on_day("2026-12-15").statements("track", code=None)
    hospital.sql("UPDATE guarantor SET address_lines = '9 Elm St' WHERE guarantor_id = ?", guarantor)
    hospital.on_day("2026-12-15").statements("run", "dunning", "--cycle", "2026-12-15", "--as-of", "2026-12-15", code=3)
    assert "FAP_LETTER" in holds(hospital, "2026-12-15-dunning", guarantor), "nobody got the letter"
    run(hospital, KINDS[1], "2026-12-16")
    causes = [cause for each, cause, _ in documents(hospital, KINDS[1]) if each == guarantor]
    assert len(causes) == 2
    assert len(set(causes)) == 1


def told(hospital: Hospital) -> list[tuple[str, str, int]]:
    return documents(hospital, KINDS[1])


def test_killed_anywhere__every_decision_is_told_once(tmp_path: Path) -> None:
    fresh = build_hospital(tmp_path / "fresh", guarantors=len(ONE_OF_EACH))
    command = ("run", KINDS[1], "--cycle", DAY, "--as-of", DAY, "--release")
    whole = fresh.copy_to(tmp_path / "whole")
    assert run_killed_at(whole, 0, *command) == 0
    expected, moments = told(whole), len(passed_moments(whole))
    assert len(expected) == 4
    for moment in moments_to_kill_at(moments):
        killed = fresh.copy_to(tmp_path / f"killed-{moment}")
        assert run_killed_at(killed, moment, *command) == -signal.SIGKILL
        run(killed, KINDS[1], DAY)
        run(killed, KINDS[1], NEXT_DAY)
        assert told(killed) == expected, f"killed at {moment}"
        sent = sent_ids(killed)
        assert len(sent) == len(set(sent)) == len(expected), f"killed at {moment}"
