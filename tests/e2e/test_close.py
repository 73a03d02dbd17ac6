"""A batch closes only when every document is accounted for and the vendor has acknowledged its print files."""

from __future__ import annotations

import sqlite3
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from statement_builder.ledger import Ledger
from tests.commands import BATCH, RERUN, RUN, call, error_message
from tests.fixtures.hospitals import SampleHospitals
from tests.hospital import CLOCK, Hospital


@pytest.fixture(scope="module")
def half_sent(sample_hospitals: SampleHospitals, tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """The print file is handed off, and the e-mails are blocked."""
    hospital = sample_hospitals.copy_to(tmp_path_factory.mktemp("half-sent") / "home")
    outbox = hospital.home / "outbox" / "email"
    outbox.parent.mkdir()
    outbox.write_text("a file where the folder should be")
    call(hospital, *RUN, code=1)
    outbox.unlink()
    return hospital


@pytest.fixture
def hospital(half_sent: Hospital, tmp_path: Path) -> Hospital:
    return half_sent.copy_to(tmp_path / "home")


def test_close__waits_for_the_vendors_acknowledgement(hospital: Hospital) -> None:
    with Ledger.open(f"sqlite:///{hospital.home / 'ledger.db'}") as ledger:
        (file,) = ledger.print_files.for_batch(BATCH)
        _require_acknowledgement(hospital, file.name)
        stopped = call(hospital, *RERUN, code=3)
        sheet = call(hospital, "report", "control", BATCH, "--json").json
        counts = sheet["counts"]
        assert f"{counts['email']} of {counts['handed_off']} documents handed off are acknowledged" in stopped.err
        assert sheet["state"] == "handing_off"
        gates = {gate["name"]: gate["verdict"] for gate in sheet["gates"]}
        assert gates["handed off = acknowledged"] == "open"
        assert gates["rendered = handed off + withheld"] == "foots"
        assert any("not acknowledged" in end["what"] for end in sheet["still_open"])

        acknowledged: dict[str, Any] = {"sha256": file.sha256, "records": len(file.documents)}
        at = datetime.fromisoformat(CLOCK)
        assert ledger.delivery_reports.acknowledge_print_file(
            file.name, **acknowledged, on=date(2026, 11, 8), at=at, why="ACK"
        )
    assert call(hospital, *RERUN).json["state"] == "closed"
    kept = call(hospital, "report", "control", BATCH, "--kept", "--json").json
    assert {gate["verdict"] for gate in kept["gates"]} == {"foots"}


def test_close__missing_attempt_keeps_the_batch_open(hospital: Hospital) -> None:
    """A damaged ledger: an attempt is deleted. The error names the envelope class."""
    _sql(hospital, "DELETE FROM delivery WHERE rowid = (SELECT min(rowid) FROM delivery WHERE channel = 'print')")
    message = call(hospital, *RERUN, code=3).err
    assert "Traceback" not in message
    assert f"batch {BATCH} stays open" in message
    assert "letter: claimed = in print files (documents)" in message
    assert error_message(call(hospital, "report", "control", BATCH, "--kept", code=2))
    sheet = call(hospital, "report", "control", BATCH, "--json").json
    assert sheet["foots"] is False


def _require_acknowledgement(hospital: Hospital, name: str) -> None:
    _sql(hospital, "UPDATE print_file SET reports = 'acknowledged' WHERE name = ?", name)


def _sql(hospital: Hospital, statement: str, *values: object) -> None:
    connection = sqlite3.connect(hospital.home / "ledger.db")
    with connection:
        connection.execute(statement, values)
    connection.close()
