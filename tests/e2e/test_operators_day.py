"""An operator's day on the command line: run, review, release, find, rerun."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import pypdf
import pytest

from tests.hospital import AS_OF, CYCLE, Hospital, build_hospital

BATCH = f"{CYCLE}-statement"


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """A statement batch that waits for its release."""
    hospital = build_hospital(
        tmp_path_factory.mktemp("waiting") / "home", workers=2, is_cold=True, layouts=Path("layouts")
    )
    hospital.statements("run", "statement", "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), code=3)
    return hospital


@pytest.fixture
def hospital(waiting: Hospital, tmp_path: Path) -> Hospital:
    return waiting.copy_to(tmp_path / "home")


@pytest.fixture(scope="module")
def closed(waiting: Hospital, tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """The same batch, handed off. Tests do not change it."""
    hospital = waiting.copy_to(tmp_path_factory.mktemp("closed") / "home")
    hospital.statements("release", BATCH)
    return hospital


def test_waiting_batch__has_sent_nothing_and_names_the_next_step(hospital: Hospital) -> None:
    summary = hospital.statements("show", BATCH, "--json").json
    assert summary["state"] == "waiting"
    assert summary["counts"]["handed_off"] == 0
    assert f"statements release {BATCH}" in summary["next"]
    assert {path.name for path in (hospital.home / "outbox").rglob("*.*")} == {".statements-installation"}


@pytest.mark.parametrize("unit", ["counts", "cents"])
def test_closed_batch__foots(closed: Hospital, unit: str) -> None:
    figures = closed.statements("show", BATCH, "--json").json[unit]
    assert figures["pulled"] == figures["selected"] + figures["held"] + figures["exceptions"]
    assert figures["selected"] == figures["rendered"] + figures["errors"]
    assert figures["rendered"] == figures["print"] + figures["email"]
    assert figures["handed_off"] == figures["rendered"]
    assert figures["pulled"] > 0
    assert figures["print"] > 0
    assert figures["email"] > 0


def test_closed_batch__manifests_and_emails_match_the_ledger(closed: Hospital) -> None:
    counts = closed.statements("show", BATCH, "--json").json["counts"]
    rows = closed.manifest_rows()
    assert len(rows) == counts["print"]
    assert len(closed.emailed()) == counts["email"]
    everything = Counter(row["document_id"] for row in rows) + Counter(closed.emailed())
    assert set(everything.values()) == {1}
    assert set(everything) == {
        row[0] for row in closed.ledger("SELECT document_id FROM document WHERE state != 'error'")
    }


def test_print_file__pages_match_the_manifest(closed: Hospital) -> None:
    for control in (closed.home / "outbox" / "print").glob("*.ctl"):
        pages = pypdf.PdfReader(control.with_suffix(".pdf")).pages
        rows = [row for row in closed.manifest_rows() if row["pdf_file"] == f"{control.stem}.pdf"]
        for row in rows:
            first = int(row["first_page"]) - 1
            assert first % 2 == 0, "a piece must start on a front side"
            for page in range(first, first + int(row["pages"])):
                assert row["document_id"] in pages[page].extract_text()
        assert rows
        assert sum(int(row["pages"]) + int(row["blank_pages"]) for row in rows) == len(pages)


def test_exceptions__have_a_message_and_a_fix(hospital: Hospital) -> None:
    rows = hospital.statements("exceptions", BATCH, "--json").json
    counts = hospital.statements("show", BATCH, "--json").json["counts"]
    assert len({row["guarantor"] for row in rows}) == counts["exceptions"] + counts["errors"]
    assert all(row["message"] and row["fix"] for row in rows)
    text = hospital.statements("exceptions", BATCH).out
    assert all(row["guarantor"] in text for row in rows)


def test_holds__have_a_reason_and_what_to_do(hospital: Hospital) -> None:
    rows = hospital.statements("holds", BATCH, "--json").json
    assert rows
    assert all(row["why"] and row["what_to_do"] for row in rows)
    summary = hospital.statements("show", BATCH, "--json").json
    assert set(summary["holds"]) == {row["code"] for row in rows}


def test_find_and_get__exact_bytes(closed: Hospital, tmp_path: Path) -> None:
    account = closed.ledger("SELECT account_number FROM document_account ORDER BY 1 LIMIT 1")[0][0]
    (found,) = closed.statements("find", account, "--json").json
    assert account in found["accounts"]
    assert found["state"] == "handed_off"
    assert [delivery["state"] for delivery in found["deliveries"]] == ["sent"]
    closed.statements("get", found["document"], "-o", str(tmp_path / "bill.pdf"))
    data = (tmp_path / "bill.pdf").read_bytes()
    assert hashlib.sha256(data).hexdigest() == found["sha256"]
    assert len(pypdf.PdfReader(tmp_path / "bill.pdf").pages) == found["pages"]


def test_rerun__finished_batch_is_unchanged(closed: Hospital, tmp_path: Path) -> None:
    hospital = closed.copy_to(tmp_path / "home")
    before = {path: path.read_bytes() for path in (hospital.home / "outbox").rglob("*.*")}
    events = hospital.ledger("SELECT count(*) FROM event")
    assert hospital.statements("rerun", BATCH, "--dry-run", "--json").json["would"] == []
    hospital.statements("rerun", BATCH, "--release")
    hospital.statements("run", "statement", "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), "--release")
    assert {path: path.read_bytes() for path in (hospital.home / "outbox").rglob("*.*")} == before
    assert hospital.ledger("SELECT count(*) FROM event") == events


def test_dry_run__selects_the_same_and_writes_nothing(waiting: Hospital, tmp_path: Path) -> None:
    hospital = build_hospital(tmp_path / "home", guarantors=40)
    run = ("run", "statement", "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), "--dry-run", "--json")
    dry_run = hospital.statements(*run).json
    real = waiting.statements("show", BATCH, "--json").json
    for unit in ("counts", "cents"):
        for name in ("pulled", "selected", "held", "exceptions"):
            assert dry_run[unit][name] == real[unit][name]
    assert dry_run["holds"] == real["holds"]
    assert hospital.statements("batches", "--json").json == []
    assert not (hospital.home / "archive").exists() or not list((hospital.home / "archive").rglob("*.*"))


def test_until__stops_after_the_step(tmp_path: Path) -> None:
    hospital = build_hospital(tmp_path / "home", guarantors=20)
    run = ("run", "ob-notice", "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), "--until", "pull", "--json")
    assert hospital.statements(*run).json["state"] == "pulled"


def test_late_payment__withholds_the_piece_and_the_batch_foots(hospital: Hospital) -> None:
    guarantor, document = hospital.ledger(
        "SELECT guarantor_id, document_id FROM document WHERE state = 'rendered' AND channel = 'print' LIMIT 1"
    )[0]
    account = hospital.ledger("SELECT account_number FROM document_account WHERE document_id = ?", document)[0][0]
    hospital.sql(
        "INSERT INTO patient_payment (payment_id, guarantor_id, account_number, posted_on, method, amount_cents)"
        " VALUES ('LATE-1', ?, ?, ?, 'card', 500)",
        guarantor,
        account,
        AS_OF.isoformat(),
    )
    hospital.statements("release", BATCH)
    summary = hospital.statements("show", BATCH, "--json").json
    assert summary["state"] == "closed"
    assert summary["counts"]["withheld"] == 1
    assert summary["counts"]["handed_off"] == summary["counts"]["rendered"] - 1
    assert document not in {row["document_id"] for row in hospital.manifest_rows()}
    (found,) = hospital.statements("find", document, "--json").json
    assert found["state"] == "withheld"


def test_release_weeks_later__mails_no_paper_after_the_date_that_it_gives(hospital: Hospital) -> None:
    """Paper of Tuesday, December 1 is in the mail by Thursday, and gives Wednesday as the date to pay by. An e-mail is
    there at once."""
    dates = "SELECT max(due_on), count(*) FROM document WHERE state = 'rendered' AND channel = ?"
    assert hospital.ledger(dates, "print")[0][0] == "2026-12-02"
    emails = hospital.ledger("SELECT document_id FROM document WHERE channel = 'email' AND due_on = '2026-12-02'")
    late = hospital.on_day("2026-12-01")
    late.statements("release", BATCH)
    assert late.manifest_rows() == []
    assert late.emailed() == sorted(document for (document,) in emails)


def test_pregnancy_loss_after_rendering__withholds_the_notice(tmp_path: Path) -> None:
    hospital = build_hospital(tmp_path / "home", guarantors=40)
    batch = f"{CYCLE}-ob-notice"
    hospital.statements("run", "ob-notice", "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), code=3)
    document, episode = hospital.ledger(
        "SELECT document_id, episode_id FROM document WHERE state = 'rendered' LIMIT 1"
    )[0]
    hospital.sql("UPDATE ob_episode SET status = 'lost' WHERE episode_id = ?", episode)
    hospital.statements("release", batch)
    (found,) = hospital.statements("find", document, "--json").json
    assert found["state"] == "withheld"
    assert document not in {row["document_id"] for row in hospital.manifest_rows()}
    assert document not in hospital.emailed()


def test_second_cycle__minimum_days_between_mailings(closed: Hospital, tmp_path: Path) -> None:
    hospital = closed.copy_to(tmp_path / "home")
    run = ("run", "statement", "--cycle", "2026-12", "--as-of", "2026-11-14", "--until", "build", "--json")
    summary = hospital.statements(*run).json
    mailed = {row[0] for row in closed.ledger("SELECT guarantor_id FROM document WHERE state = 'handed_off'")}
    second = hospital.ledger("SELECT guarantor_id FROM document WHERE batch_id = '2026-12-statement'")
    assert mailed
    assert mailed.isdisjoint(row[0] for row in second)
    assert summary["holds"]["MINDAYS"] >= len(mailed)


def test_trial__is_not_taken_for_the_full_batch(tmp_path: Path) -> None:
    hospital = build_hospital(tmp_path / "home", guarantors=20)
    run = ("run", "statement", "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), "--until", "pull", "--json")
    assert hospital.statements(*run, "--limit", "5").json["counts"]["pulled"] == 5
    assert "trial of the first 5" in hospital.statements(*run, code=2).err
    assert hospital.statements(*run, "--limit", "5").json["limit"] == 5


def test_as_of__other_date_than_the_existing_batch_is_refused(hospital: Hospital) -> None:
    answer = hospital.statements("run", "statement", "--cycle", CYCLE, "--as-of", "2026-11-08", code=2)
    assert f"opened as of {AS_OF}" in answer.err
