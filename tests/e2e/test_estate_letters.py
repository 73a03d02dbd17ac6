"""Letters about estates: one inquiry, one claim for a case, nothing else to the dead, and alerts before a deadline."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from statement_builder.operations.alerts import find_unsent, record_sent
from statement_builder.operations.tracking.estate_deadlines import find_estate_deadlines
from statement_builder.pipeline.context import open_context
from statement_builder.settings import load_settings
from statement_builder.source.sample.distribution import ONE_OF_EACH
from tests.e2e.test_plan_letters import DAY, NEXT_DAY, documents, holds, run
from tests.hospital import Hospital, build_hospital
from tests.pdf_text import page_texts

KINDS = ("estate-inquiry", "estate-claim")
MINIMUM_CENTS = 5_000


def guarantor(hospital: Hospital, condition: str) -> str:
    ((found,),) = hospital.sql(f"SELECT guarantor_id FROM estate WHERE {condition}")
    return str(found)


def near(hospital: Hospital) -> str:
    """The guarantor whose claim waits for insurance, until November 20."""
    return guarantor(hospital, "published_on = '2026-07-20'")


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """A day with both kinds and with bills, and the day after."""
    hospital = build_hospital(tmp_path_factory.mktemp("estates") / "home", guarantors=len(ONE_OF_EACH))
    for day in (DAY, NEXT_DAY):
        for kind in KINDS:
            run(hospital, kind, day)
    return hospital


def test_estate_letters__answer_each_event_once(days: Hospital) -> None:
    assert [cents for _, _, cents in documents(days, "estate-inquiry")] == [0]
    claimed = [cents for _, _, cents in documents(days, "estate-claim")]
    assert len(claimed) == 2
    assert min(claimed) >= MINIMUM_CENTS
    sent = sorted(row["document_id"] for row in days.manifest_rows())
    assert len(sent) == len(set(sent)) == 3
    for kind in KINDS:
        for found, _, _ in documents(days, kind):
            assert "EST_SENT" in holds(days, f"{NEXT_DAY}-{kind}", found), kind


HELD = [
    pytest.param("estate-inquiry", "died_on > '2026-10-08'", {"EST_WAIT"}, id="4-thirty-days"),
    pytest.param(
        "estate-claim", "published_on = '2026-07-20'", {"INS_PEND", "EST_DEADLINE"}, id="insurance-is-pending"
    ),
    pytest.param("estate-claim", "published_on = '2026-06-10'", {"EST_BARRED"}, id="UPC-3-801-too-late"),
    pytest.param("estate-claim", "court_state = 'MA'", {"EST_BY_HAND"}, id="MGL-190B-3-803-a-suit"),
    pytest.param("estate-claim", "court_state = 'OH'", {"EST_NO_RULE"}, id="no-rule-on-file"),
    pytest.param("estate-claim", "status = 'closed'", {"EST_ENDED"}, id="closed"),
]


@pytest.mark.parametrize(("kind", "condition", "codes"), HELD)
def test_estate_letters__are_held_with_the_reason(days: Hospital, kind: str, condition: str, codes: set[str]) -> None:
    found = holds(days, f"{DAY}-{kind}", guarantor(days, condition))
    assert codes <= found
    assert "DECEASED" not in found


def test_window__names_the_estate_and_its_representative(days: Hospital) -> None:
    rows = {row["document_id"]: row for row in days.manifest_rows()}
    lines = {row["address_2"].split("Estate of")[0] for row in rows.values()}
    assert lines == {"", "Personal Representative, ", "Attorney for the "}
    assert all("Estate of" in row["address_2"] for row in rows.values())
    assert all(row["scanline"] == "" for row in rows.values())
    assert {row["extra_service"] for row in rows.values()} == {""}


def test_pages__ask_no_person_to_pay(days: Hospital, tmp_path: Path) -> None:
    for number, row in enumerate(days.manifest_rows()):
        path = tmp_path / f"{number}.pdf"
        days.statements("get", row["document_id"], "--output", str(path))
        text = " ".join(" ".join(page_texts(path.read_bytes())).split())
        assert "sorry for your loss" in text
        for word in ("you owe", "amount due", "past due", "pay by", "please pay", "Pay online", "Make checks payable"):
            assert word.casefold() not in text.casefold(), word


@pytest.mark.parametrize("kind", ["statement", "dunning", "plan-reminder"])
def test_other_mail__none_to_the_dead(days: Hospital, tmp_path: Path, kind: str) -> None:
    """Nobody recorded a hold DECEASED: the estate on file says it."""
    hospital = days.copy_to(tmp_path / "home").on_day(DAY)
    dead = [found for (found,) in hospital.sql("SELECT guarantor_id FROM estate")]
    assert len(dead) >= 9
    hospital.statements("run", kind, "--cycle", DAY, "--as-of", DAY, "--until", "build", code=None)
    selected = {found for found, _, _ in documents(hospital, kind)}
    assert selected
    assert not selected & set(dead)
    if kind == "statement":
        assert all("DECEASED" in holds(hospital, f"{DAY}-{kind}", each) for each in dead)


def test_alerts__come_once_30_14_and_7_days_before(days: Hospital) -> None:
    """The claim of the near case is due on November 20; no batch runs after November 8."""
    settings = load_settings(days.environment, days.home)
    sent: list[tuple[str, str]] = []
    now = datetime(2026, 11, 8, 15, tzinfo=UTC)
    with open_context(settings, environ=days.environment, now=lambda: now, actor="track", workers=1) as context:
        for day in (*range(8, 23), 30):
            for hour in (15, 20):
                now = datetime(2026, 11, day, hour, tzinfo=UTC)
                fresh = find_unsent(context, find_estate_deadlines(context))
                record_sent(context, fresh, to="office@hospital.example")
                sent += [(f"{now:%m-%d}", each.subject) for each in fresh if each.guarantor_id == near(days)]
    assert sent == [
        ("11-08", f"{near(days)} 2026-11-20 14 days"),
        ("11-13", f"{near(days)} 2026-11-20 7 days"),
    ]


def test_work_queue__lists_the_claims_that_a_person_presents(days: Hospital) -> None:
    rows = days.on_day(NEXT_DAY).statements("exceptions", "--json").json
    found = {row["guarantor"]: row for row in rows if row["code"].startswith("EST_")}
    assert found[near(days)]["code"] == "EST_DEADLINE"
    assert "2026-11-20, 12 days from now" in found[near(days)]["message"]
    assert "claim_filed_on" in found[near(days)]["fix"]
    assert found[guarantor(days, "court_state = 'OH'")]["code"] == "EST_NO_RULE"
    assert found[guarantor(days, "published_on = '2026-06-10'")]["code"] == "EST_BARRED"


def test_presented_by_hand__ends_the_alerts(days: Hospital, tmp_path: Path) -> None:
    hospital = days.copy_to(tmp_path / "home")
    day = "2026-11-09"
    hospital.sql("UPDATE estate SET claim_filed_on = ? WHERE guarantor_id = ?", day, near(hospital))
    run(hospital, "estate-claim", day)
    rows = hospital.on_day(day).statements("exceptions", "--json").json
    assert near(hospital) not in {row["guarantor"] for row in rows if row["code"].startswith("EST_")}


def test_inquiry__returned_waits_for_an_address_and_is_due_again(days: Hospital, tmp_path: Path) -> None:
    """Returned as deceased is returned from its address: everybody knows of the death."""
    hospital = days.copy_to(tmp_path / "home")
    ((asked, _, _),) = documents(hospital, "estate-inquiry")
    ((document,),) = hospital.ledger("SELECT document_id FROM document WHERE kind = 'estate-inquiry'")
    (hospital.home / "inbox").mkdir(exist_ok=True)
    nixie = f"document_id,returned_on,return_reason\r\n{document},2026-11-09,DEC\r\n"
    (hospital.home / "inbox" / "nixie.csv").write_text(nixie, encoding="utf-8")
    hospital.on_day("2026-11-10").statements("track", code=None)
    assert hospital.ledger("SELECT code FROM suppression WHERE guarantor_id = ?", asked) == [("RETMAIL",)]
    run(hospital, "estate-inquiry", "2026-11-10")
    assert "RETMAIL" in holds(hospital, "2026-11-10-estate-inquiry", asked)
    hospital.sql(
        "UPDATE estate SET representative_name = 'Carmen Diaz', address_lines = '9 Elm St', city = 'Fort Collins',"
        " state = 'CO', postal_code = '80521' WHERE guarantor_id = ?",
        asked,
    )
    run(hospital, "estate-inquiry", "2026-11-11")
    assert [found for found, _, _ in documents(hospital, "estate-inquiry")] == [asked, asked]
    run(hospital, "estate-inquiry", "2026-11-12")
    assert len(documents(hospital, "estate-inquiry")) == 2


def test_death_report__does_not_stop_the_letters_to_the_estate(days: Hospital, tmp_path: Path) -> None:
    """A bill of before the death is returned as deceased while the inquiry waits for its release."""
    hospital = build_hospital(tmp_path / "home", guarantors=len(ONE_OF_EACH))
    code = hospital.statements("run", "estate-inquiry", "--cycle", DAY, "--as-of", DAY, code=None).code
    assert code == 3, "a person releases letters about estates"
    ((asked, _, _),) = documents(hospital, "estate-inquiry")
    _record_death(hospital, asked)
    run_release(hospital)
    assert [row["address_1"] for row in hospital.manifest_rows()] == ["Personal Representative"]
    hospital.on_day(NEXT_DAY).statements("track", code=None)
    ((state,),) = hospital.ledger("SELECT state FROM document WHERE kind = 'estate-inquiry'")
    assert state == "handed_off"


def _record_death(hospital: Hospital, guarantor_id: str) -> None:
    """As a report about another letter does."""
    with sqlite3.connect(hospital.home / "ledger.db") as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(suppression)")]
        values = {"facility_id": "MAPLE-VALLEY", "guarantor_id": guarantor_id, "code": "DECEASED", "digest": ""}
        ((facility,), *_) = connection.execute("SELECT DISTINCT facility_id FROM batch").fetchall()
        ((document,), *_) = connection.execute("SELECT document_id FROM document").fetchall()
        values |= {"facility_id": facility, "document_id": document, "since": DAY}
        names = [name for name in columns if name in values]
        marks = ", ".join("?" * len(names))
        connection.execute(
            f"INSERT INTO suppression ({', '.join(names)}) VALUES ({marks})",
            [values[name] for name in names],
        )
    connection.close()


def run_release(hospital: Hospital) -> None:
    release = ("release", f"{DAY}-estate-inquiry", "--reason", "checked")
    if "VOLUME" in hospital.statements(*release, code=None).err:
        hospital.statements(*release, "--accept", "VOLUME")


def test_claim__certified_mail_that_no_profile_names_is_an_exception(days: Hospital, tmp_path: Path) -> None:
    hospital = build_hospital(tmp_path / "home", guarantors=len(ONE_OF_EACH))
    path = hospital.home / "statements.toml"
    text = path.read_text(encoding="utf-8").replace("[policy]\n", '[policy]\ncertified_kinds = ["estate-claim"]\n')
    path.write_text(text, encoding="utf-8")
    hospital.statements("run", "estate-claim", "--cycle", DAY, "--as-of", DAY, "--until", "build", code=None)
    found = hospital.ledger("SELECT state, error_code FROM document WHERE kind = 'estate-claim'")
    assert found == [("error", "NOT_CERTIFIED"), ("error", "NOT_CERTIFIED")]
    profile = (Path(__file__).parents[2] / "mail_house" / "profiles" / "number-10-double-window.toml").read_text(
        "utf-8"
    )
    own = hospital.home / "vendor.toml"
    own.write_text(f'certified_service = "CERT-RRR"\n{profile}', encoding="utf-8")
    hospital.change_setting("print_profile", str(own))
    run(hospital, "estate-claim", NEXT_DAY)
    assert {row["extra_service"] for row in hospital.manifest_rows()} == {"CERT-RRR"}
