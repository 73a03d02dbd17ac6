"""A death that the post office or a vendor reports stops all mail to the guarantor at once, whatever changes on file.

A deceased guarantor without a representative never gets a bill, queued mail included.
"""

from __future__ import annotations

from typing import Any

import pytest

from statement_builder.pipeline.print import print_worker
from tests.commands import call
from tests.e2e.test_tracking import MAILED, RETURNED, acknowledge, drop, move, printed, states, track
from tests.hospital import Hospital
from tests.services.fake_lob import FakeLob

pytestmark = pytest.mark.hospital("mailed", guarantors=40, final_vendor_status="mailed")
DECEMBER = "2026-12-statement"
DECEASED = "SELECT code, digest FROM suppression WHERE guarantor_id = ?"


def guarantor_of(hospital: Hospital, document: str) -> str:
    return str(hospital.ledger("SELECT guarantor_id FROM document WHERE document_id = ?", document)[0][0])


def return_as(hospital: Hospital, document: str, reason: str, on: str = RETURNED) -> None:
    drop(hospital, f"nixies-{reason}-{on}.csv", "document_id,returned_on,return_reason", f"{document},{on},{reason}")


def reject_as(hospital: Hospital, document: str, reason: str) -> None:
    (file,) = [row["pdf_file"] for row in hospital.manifest_rows() if row["document_id"] == document]
    row = f"{document},{file.removesuffix('.pdf')},{MAILED},{reason}"
    drop(hospital, "rejects.csv", "document_id,print_file,rejected_on,reason", row)


def holds_in(hospital: Hospital, kind: str, guarantor: str) -> set[str]:
    hospital.statements("run", kind, "--cycle", "2026-12", "--as-of", "2026-12-15", "--until", "build", code=None)
    rows = hospital.statements("holds", f"2026-12-{kind}", "--json").json
    return {row["code"] for row in rows if row["guarantor"] == guarantor}


@pytest.mark.parametrize("reason", ["DEC", "dec", "Deceased", "DECEASED", "DECD", "RTS-DEC", "Addressee deceased"])
def test_returned_as_deceased__new_address_does_not_end_the_hold(hospital: Hospital, reason: str) -> None:
    document = printed(hospital)
    guarantor = guarantor_of(hospital, document)
    return_as(hospital, document, reason)
    track(hospital)
    assert states(hospital, document) == ["returned"]
    assert hospital.ledger(DECEASED, guarantor) == [("DECEASED", "")]
    move(hospital, document)
    hospital.sql("UPDATE guarantor SET last_name = 'Anders' WHERE guarantor_id = ?", guarantor)
    assert "DECEASED" in holds_in(hospital, "statement", guarantor)


@pytest.mark.parametrize("command", ["resend", "reprint", "correct"])
def test_returned_as_deceased__nothing_is_sent_again(hospital: Hospital, command: str) -> None:
    acknowledge(hospital)
    document = printed(hospital)
    return_as(hospital, document, "DEC")
    track(hospital)
    move(hospital, document)
    rows = len(hospital.manifest_rows())
    answer = hospital.statements(command, document, "--reason", "new address", code=2)
    assert "DECEASED" in answer.err
    track(hospital)
    assert len(hospital.manifest_rows()) == rows


def test_rejected_as_deceased__is_a_death_too(hospital: Hospital) -> None:
    document = printed(hospital)
    reject_as(hospital, document, "DECEASED")
    track(hospital)
    assert hospital.ledger(DECEASED, guarantor_of(hospital, document)) == [("DECEASED", "")]
    assert "DECEASED" in hospital.statements("resend", document, "--reason", "once more", code=2).err


def test_returned_twice__a_death_after_a_wrong_address_is_news(hospital: Hospital) -> None:
    document = printed(hospital)
    guarantor = guarantor_of(hospital, document)
    return_as(hospital, document, "UTF")
    track(hospital)
    return_as(hospital, document, "DEC", "2026-11-20")
    track(Hospital(hospital.home, environ={"STATEMENTS_CLOCK": "2026-11-20T15:00:00+00:00"}))
    assert ("DECEASED", "") in hospital.ledger(DECEASED, guarantor)
    assert states(hospital, document) == ["returned"]


def test_returned_as_deceased__in_a_line_that_is_refused_stops_nothing(hospital: Hospital) -> None:
    """The document was e-mailed, so its letter cannot have come back."""
    document = hospital.emailed()[0]
    guarantor = guarantor_of(hospital, document)
    queued = queue_december(hospital, guarantor)
    return_as(hospital, document, "DEC")
    (file,) = track(hospital)["files"]
    assert (file["put_in"], file["news"], file["quarantined"]) == ("quarantine", 0, 1)
    (reason,) = (hospital.home / "inbox" / "quarantine").glob("*.reason.txt")
    assert "never handed off on paper" in reason.read_text(encoding="utf-8")
    assert hospital.ledger(DECEASED, guarantor) == []
    assert hospital.statements("find", queued, "--json").json[0]["state"] == "rendered"


def test_returned_as_deceased__many_in_one_file_wait_for_a_person(hospital: Hospital) -> None:
    """Even letters that are known to have come back: each line stops all mail to a guarantor."""
    documents = [row["document_id"] for row in hospital.manifest_rows()][:6]
    for document in documents[:5]:
        return_as(hospital, document, "UTF")
        (hospital.home / "inbox" / f"nixies-UTF-{RETURNED}.csv").rename(hospital.home / "inbox" / f"{document}.csv")
    track(hospital)
    rows = [f"{document},{RETURNED},DEC" for document in documents]
    drop(hospital, "deaths.csv", "document_id,returned_on,return_reason", *rows)
    (file,) = track(hospital)["files"]
    assert (file["put_in"], file["quarantined"]) == ("waiting", 6)
    assert hospital.ledger("SELECT 1 FROM suppression WHERE code = 'DECEASED'") == []


def test_other_reasons__are_no_death(hospital: Hospital) -> None:
    document = printed(hospital)
    return_as(hospital, document, "REF")
    track(hospital)
    ((code, digest),) = hospital.ledger(DECEASED, guarantor_of(hospital, document))
    assert code == "RETMAIL"
    assert digest


def queue_december(hospital: Hospital, guarantor: str) -> str:
    """The guarantor's document in a December batch that waits for its release."""
    hospital.statements("run", "statement", "--cycle", "2026-12", "--as-of", "2026-12-15", code=3)
    ((queued,),) = hospital.ledger(
        "SELECT document_id FROM document WHERE guarantor_id = ? AND batch_id = '2026-12-statement'", guarantor
    )
    return str(queued)


def test_queued_mail__is_withheld_at_once(hospital: Hospital) -> None:
    document = printed(hospital)
    queued = queue_december(hospital, guarantor_of(hospital, document))
    return_as(hospital, document, "DEC")
    track(hospital)
    (found,) = hospital.statements("find", queued, "--json").json
    assert found["state"] == "withheld"
    hospital.statements("release", "2026-12-statement", code=None)
    assert queued not in {row["document_id"] for row in hospital.manifest_rows()}
    rows = hospital.statements("holds", "2026-12-statement", "--json").json
    assert "DECEASED" in {row["code"] for row in rows if row["late"]}


def test_reported_between_planning_and_claim__that_document_is_left_out(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report arrives while the print files are built: after the recheck, before the claim."""
    document = printed(hospital)
    queued = queue_december(hospital, guarantor_of(hospital, document))
    before = call(hospital, "show", DECEMBER, "--json").json["counts"]
    return_as(hospital, document, "DEC")
    build = vars(print_worker)["build_print_file"]

    def report_and_build(**arguments: Any) -> Any:
        monkeypatch.setattr(print_worker, "build_print_file", build)
        built = build(**arguments)
        track(hospital)
        return built

    monkeypatch.setattr(print_worker, "build_print_file", report_and_build)
    counts = call(hospital, "release", DECEMBER, "--json", code=None).json["counts"]
    assert (counts["handed_off"], counts["withheld"]) == (before["rendered"] - 1, 1)
    assert counts["uncertain"] == 0
    mailed = [row["document_id"] for row in hospital.manifest_rows()]
    assert queued not in mailed
    assert len(mailed) == len(set(mailed))
    assert call(hospital, "show", DECEMBER, "--json").json["foots"] is True


@pytest.mark.hospital("mailed", guarantors=40)
def test_letter_at_lob__is_cancelled_when_the_death_is_reported(hospital: Hospital, fake_lob: FakeLob) -> None:
    """The November letter comes back as deceased while the December letter can still be cancelled."""
    document = printed(hospital)
    guarantor = guarantor_of(hospital, document)
    at_lob = Hospital(hospital.home, environ={"STATEMENTS_PRINT": fake_lob.url, **fake_lob.environ})
    queued = queue_december(at_lob, guarantor)
    at_lob.statements("release", DECEMBER)
    everything = fake_lob.documents()
    assert queued in everything
    return_as(at_lob, document, "DEC")
    alerts = track(at_lob)["alerts"]
    assert fake_lob.documents() == [each for each in everything if each != queued]
    assert "DECEASED_MAIL" not in {alert["code"] for alert in alerts}
    assert states(at_lob, queued) == ["recalled"]
    assert at_lob.statements("show", DECEMBER, "--json").json["foots"] is True
    assert at_lob.ledger("SELECT why FROM event WHERE subject = ? AND why LIKE '%has died%'", queued)
    track(at_lob)
    assert fake_lob.documents() == [each for each in everything if each != queued]


@pytest.mark.hospital("mailed", guarantors=40)
def test_letter_at_lob__too_late_to_cancel_is_an_alert(hospital: Hospital, fake_lob: FakeLob) -> None:
    document = printed(hospital)
    at_lob = Hospital(hospital.home, environ={"STATEMENTS_PRINT": fake_lob.url, **fake_lob.environ})
    queued = queue_december(at_lob, guarantor_of(hospital, document))
    at_lob.statements("release", DECEMBER)
    fake_lob.cancellable = False
    return_as(at_lob, document, "DEC")
    alerts = {alert["subject"]: alert for alert in track(at_lob)["alerts"] if alert["code"] == "DECEASED_MAIL"}
    assert set(alerts) == {queued}
    assert "ask the vendor to pull the piece" in alerts[queued]["message"]
    assert queued in fake_lob.documents()


def _end_by(hospital: Hospital, guarantor: str, *, placed_on: str, expires_on: str | None) -> None:
    hospital.sql(
        "INSERT INTO hold (hold_id, guarantor_id, code, placed_on, expires_on) VALUES ('H-9', ?, 'DECEASED', ?, ?)",
        guarantor,
        placed_on,
        expires_on,
    )


@pytest.mark.parametrize(
    ("placed_on", "expires_on", "held"),
    [
        pytest.param("2026-11-20", "2026-12-01", False, id="hold-recorded-after-the-report-has-ended"),
        pytest.param("2026-11-20", "2026-12-15", False, id="ends-today"),
        pytest.param("2026-11-20", "2026-12-16", True, id="ends-tomorrow"),
        pytest.param("2026-11-20", None, True, id="hold-without-an-end"),
        pytest.param("2026-11-01", "2026-11-10", True, id="hold-of-before-the-report"),
    ],
)
def test_wrong_report__only_the_billing_system_ends_it(
    hospital: Hospital, placed_on: str, expires_on: str | None, held: bool
) -> None:
    document = printed(hospital)
    guarantor = guarantor_of(hospital, document)
    return_as(hospital, document, "DEC")
    track(hospital)
    _end_by(hospital, guarantor, placed_on=placed_on, expires_on=expires_on)
    assert ("DECEASED" in holds_in(hospital, "statement", guarantor)) is held


def test_piece_at_the_vendor__is_an_alert_until_it_is_reported_as_mailed(hospital: Hospital) -> None:
    document = printed(hospital)
    queued = queue_december(hospital, guarantor_of(hospital, document))
    hospital.statements("release", "2026-12-statement", code=None)
    assert states(hospital, queued) == ["sent"]
    return_as(hospital, document, "DEC")
    alerts = {alert["subject"]: alert for alert in track(hospital)["alerts"] if alert["code"] == "DECEASED_MAIL"}
    assert set(alerts) == {queued}
    assert "pull the piece" in alerts[queued]["message"]
    (file,) = [row["pdf_file"] for row in hospital.manifest_rows() if row["document_id"] == queued]
    row = f"{queued},{file.removesuffix('.pdf')},{MAILED},J-2"
    drop(hospital, "mailed-2.csv", "document_id,print_file,mailed_on,job_id", row)
    assert "DECEASED_MAIL" not in {alert["code"] for alert in track(hospital)["alerts"]}
