"""Closing: only when everything is accounted for, and what the vendor acknowledges has been acknowledged."""

from __future__ import annotations

import sqlite3
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from statement_builder.ledger import Ledger
from tests.commands import BATCH, RERUN, RUN, call, error_message
from tests.hospital import CLOCK, Hospital, build_hospital


@pytest.fixture(scope="module")
def half_out(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """A batch whose print file is at a vendor who acknowledges, and whose e-mails are stuck."""
    hospital = build_hospital(tmp_path_factory.mktemp("half-out") / "home", guarantors=20, workers=1)
    outbox = hospital.home / "outbox" / "email"
    outbox.parent.mkdir()
    outbox.write_text("somebody put a file where the folder belongs")
    call(hospital, *RUN, code=1)
    outbox.unlink()
    return hospital


@pytest.fixture
def hospital(half_out: Hospital, tmp_path: Path) -> Hospital:
    return half_out.copy_to(tmp_path / "home")


def test_vendor_who_acknowledges__is_waited_for(hospital: Hospital) -> None:
    with Ledger.open(f"sqlite:///{hospital.home / 'ledger.db'}") as ledger:
        (file,) = ledger.print_files.for_batch(BATCH)
        _let_vendor_report(hospital, file.name)
        stopped = call(hospital, *RERUN, code=3)
        sheet = call(hospital, "report", "control", BATCH, "--json").json
        counts = sheet["counts"]
        assert f"of {counts['handed_off']} documents handed off {counts['email']} are acknowledged" in stopped.err
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


def test_document_that_is_nowhere__keeps_the_batch_open(hospital: Hospital) -> None:
    """Damage that no step of ours makes: an attempt vanishes from the ledger. The class that lacks it is named."""
    _sql(hospital, "DELETE FROM delivery WHERE rowid = (SELECT min(rowid) FROM delivery WHERE channel = 'print')")
    message = call(hospital, *RERUN, code=3).err
    assert "Traceback" not in message
    assert f"batch {BATCH} stays open" in message
    assert "letter: claimed = in print files (documents)" in message
    assert error_message(call(hospital, "report", "control", BATCH, "--kept", code=2))
    sheet = call(hospital, "report", "control", BATCH, "--json").json
    assert sheet["foots"] is False


def _let_vendor_report(hospital: Hospital, name: str) -> None:
    _sql(hospital, "UPDATE print_file SET reports = 'acknowledged' WHERE name = ?", name)


def _sql(hospital: Hospital, statement: str, *values: object) -> None:
    connection = sqlite3.connect(hospital.home / "ledger.db")
    with connection:
        connection.execute(statement, values)
    connection.close()
