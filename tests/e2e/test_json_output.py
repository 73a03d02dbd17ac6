"""The keys of `--json`, which scripts rely on. A key may be added; none may be renamed or removed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from statement_builder.billing.selection import Channel
from statement_builder.cli.output import print_json
from statement_builder.devtools.batch_benchmark import BatchBenchmark
from statement_builder.devtools.benchmark import BenchmarkResult
from statement_builder.operations.queries import UnresolvedHandOff
from tests.commands import BATCH, RERUN, RUN, RUN_TO_GATES, call
from tests.hospital import AS_OF, CLOCK, Hospital

FIGURES = (
    "pulled selected held exceptions rendered errors print email handed_off withheld uncertain acknowledged mailed "
    "rejected bounced unread returned due_again extra"
)
SUMMARY = "batch kind cycle as_of limit state counts cents holds foots next seconds"
DETAILS = f"{SUMMARY} questions came_back print_files extras open_hand_offs"
PRINT_FILE = "name state documents pages sheets cents sha256"
EXCEPTION = "batch guarantor document file code message fix"
DOCUMENT = (
    "document batch kind level guarantor accounts amount_cents pages sha256 state revision_of is_copy replaced_by "
    "viewed_on deliveries clocks"
)
DELIVERY = "attempt channel state at print_file receipt"
ALERT = "code subject message runbook"
TRACKED_FILE = "name form lines answers news unchanged quarantined problems put_in"
CONTROL_SHEET = (
    "batch facility kind cycle as_of source limit state drawn_up_at opened_by opened_at released_by released_at "
    "closed_at foots counts cents gates classes cycles holds exceptions print_files questions clock_basis still_open "
    "history event_seal"
)
BENCHMARK = (
    "kind documents ratio compiled_per_s plain_per_s cold_per_s first_s layouts composed fallbacks reasons "
    "bytes_per_document plain_bytes_per_document"
)
BATCH_BENCHMARK = "documents workers documents_per_s memory_mib seconds processor_ms stages elapsed floor_ms"


def keys(value: dict[str, Any]) -> str:
    return " ".join(value)


def assert_summary(summary: dict[str, Any], expected: str = SUMMARY) -> None:
    assert keys(summary) == expected
    assert keys(summary["counts"]) == keys(summary["cents"]) == FIGURES


@pytest.mark.hospital("new")
def test_run__and_its_dry_run(hospital: Hospital) -> None:
    dry_run = call(hospital, *RUN_TO_GATES, "--dry-run").json
    assert_summary(dry_run)
    assert (dry_run["state"], dry_run["as_of"], dry_run["foots"]) == ("dry-run", AS_OF.isoformat(), None)
    summary = call(hospital, *RUN).json
    assert_summary(summary)
    assert (summary["kind"], summary["state"], summary["next"]) == ("statement", "closed", "")
    assert summary["seconds"] > 0


@pytest.mark.hospital("waiting")
def test_show_and_rerun__of_a_waiting_batch(hospital: Hospital) -> None:
    assert_summary(call(hospital, "show", BATCH, "--json").json, DETAILS)
    plan = call(hospital, "rerun", BATCH, "--dry-run", "--json").json
    assert plan == {"batch": BATCH, "would": ["check the gates"]}


@pytest.mark.hospital("mailed")
class TestMailed:
    def test_batches_and_rerun(self, hospital: Hospital) -> None:
        (summary,) = call(hospital, "batches", "--json").json
        assert_summary(summary)
        assert summary["seconds"] is None
        assert_summary(call(hospital, *RERUN).json)

    def test_show__print_files_and_reissues(self, hospital: Hospital) -> None:
        document = hospital.manifest_rows()[0]["document_id"]
        call(hospital, "reprint", document, "--reason", "lost")
        details = call(hospital, "show", BATCH, "--json").json
        assert_summary(details, DETAILS)
        assert {keys(file) for file in details["print_files"]} == {PRINT_FILE}
        assert [keys(reissue) for reissue in details["extras"]] == ["document revision_of is_copy replaced_by state"]

    def test_find(self, hospital: Hospital) -> None:
        documents = call(hospital, "find", BATCH, "--json").json
        assert {keys(document) for document in documents} == {DOCUMENT}
        deliveries = [delivery for document in documents for delivery in document["deliveries"]]
        assert {keys(delivery) for delivery in deliveries} == {DELIVERY}
        assert {delivery["at"] for delivery in deliveries} == {CLOCK}

    @pytest.mark.hospital("mailed", guarantors=40)
    def test_exceptions_and_holds(self, hospital: Hospital) -> None:
        assert {keys(row) for row in call(hospital, "exceptions", BATCH, "--json").json} == {EXCEPTION}
        holds = call(hospital, "holds", BATCH, "--json").json
        assert {keys(row) for row in holds} == {"guarantor outcome code account until late why what_to_do"}
        assert {type(row["late"]) for row in holds} == {bool}

    def test_track(self, hospital: Hospital) -> None:
        (hospital.home / "inbox").mkdir(exist_ok=True)
        (hospital.home / "inbox" / "poem.txt").write_text("Shall I compare thee")
        tracked = call(hospital, "track", "--json", code=3).json
        assert keys(tracked) == "files unsettled closed alerts"
        assert [keys(file) for file in tracked["files"]] == [TRACKED_FILE]
        assert [keys(alert) for alert in tracked["alerts"]] == [ALERT]

    def test_preflight(self, hospital: Hospital) -> None:
        file = next((hospital.home / "outbox" / "print").glob("*.pdf"))
        report = call(hospital, "preflight", str(file), "--json").json
        assert keys(report) == "name pieces pages sheets profile faults"
        file.write_bytes(file.read_bytes() + b"\n")
        report = call(hospital, "preflight", str(file), "--json", code=1).json
        assert {keys(fault) for fault in report["faults"]} == {"document page what"}

    def test_doctor(self, hospital: Hospital) -> None:
        assert {keys(finding) for finding in call(hospital, "doctor", "--json").json} == {"part ok message"}

    def test_report_control(self, hospital: Hospital) -> None:
        sheet = call(hospital, "report", "control", BATCH, "--json").json
        assert keys(sheet) == CONTROL_SHEET
        assert set(FIGURES.split()) <= set(sheet["counts"])
        assert {keys(gate) for gate in sheet["gates"]} == {"name documents_in documents_out cents_in cents_out verdict"}


def printed(value: object, capsys: pytest.CaptureFixture[str]) -> Any:
    print_json(value)
    return json.loads(capsys.readouterr().out)


def test_bench__batches_only_with_stages(capsys: pytest.CaptureFixture[str]) -> None:
    batch = BatchBenchmark(
        documents=1,
        workers=1,
        documents_per_s=1.0,
        memory_mib=1,
        seconds={},
        processor_ms=1.0,
        stages={},
        elapsed={},
        floor_ms=1.0,
    )
    figures: dict[str, Any] = dict.fromkeys(BENCHMARK.split(), 1) | {"kind": "statement", "reasons": {}}
    assert keys(printed(BenchmarkResult(**figures), capsys)) == BENCHMARK
    measured = printed(BenchmarkResult(**figures, batch=batch, again=batch), capsys)
    assert keys(measured) == f"{BENCHMARK} batch again"
    assert keys(measured["batch"]) == keys(measured["again"]) == BATCH_BENCHMARK


def test_unresolved_hand_off(capsys: pytest.CaptureFixture[str]) -> None:
    row = UnresolvedHandOff(document_id="d", print_file=None, attempt=1, channel=Channel.EMAIL, evidence="")
    assert printed([row], capsys) == [
        {"document": "d", "print_file": None, "attempt": 1, "channel": "email", "evidence": ""}
    ]


def test_print_json__times_have_a_utc_offset(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed([datetime(2026, 11, 7, 15, tzinfo=UTC)], capsys) == [CLOCK]


def test_demo(tmp_path: Path) -> None:
    result = call(Hospital(tmp_path), "demo", "--guarantors", "60", "--workers", "1", "--json").json
    assert list(result) == ["batches", "places", "index"]
    for summary in result["batches"]:
        assert_summary(summary)
    assert list(result["places"]) == ["one page of each kind", "print files for the vendor", "e-mails", "archive"]
