"""A closed batch seals the event log, and `statements doctor` finds what was changed since."""

from __future__ import annotations

import hashlib
import hmac
import json
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from statement_builder.ledger import Ledger
from statement_builder.ledger.storage.event_chain import GENESIS, link
from tests.commands import BATCH, RUN, call
from tests.hospital import CLOCK, CYCLE, Hospital

KEY, OTHER_KEY = "k" * 32, "o" * 32
pytestmark = pytest.mark.hospital("mailed")


def check(hospital: Hospital) -> dict[str, Any]:
    """What `statements doctor` says of the event log."""
    (finding,) = [each for each in call(hospital, "doctor", "--json", code=None).json if each["part"] == "event log"]
    return dict(finding)


def attack(hospital: Hospital, *statements: str) -> sqlite3.Connection:
    """Change the ledger as somebody with the right to write its file."""
    connection = sqlite3.connect(hospital.home / "ledger.db")
    with connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
    return connection


def rechain(connection: sqlite3.Connection) -> None:
    """Calculate every hash again, as an attacker who knows the code."""
    previous = GENESIS
    columns = "event_id, at, actor, batch_id, subject, what, detail"
    with connection:
        for event_id, at, *rest in connection.execute(f"SELECT {columns} FROM event ORDER BY event_id").fetchall():
            names = ("actor", "batch_id", "subject", "what", "detail")
            moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
            previous = link(previous, at=moment, **dict(zip(names, rest, strict=True)))
            connection.execute("UPDATE event SET hash = ? WHERE event_id = ?", (previous, event_id))


def test_doctor__log_is_in_order(hospital: Hospital) -> None:
    found = check(hospital)
    assert found["ok"]
    assert "none changed or removed" in found["message"]
    assert "1 seal, 1 not signed; STATEMENTS_EVENT_KEY is not set" in found["message"]


def test_doctor__names_the_first_broken_link(hospital: Hospital) -> None:
    (event_id,) = hospital.ledger("SELECT event_id FROM event WHERE what = 'released'")[0]
    attack(hospital, "UPDATE event SET actor = 'colleague@desk' WHERE what = 'released'").close()
    found = check(hospital)
    assert not found["ok"]
    assert f"event {event_id} (released, batch {BATCH}" in found["message"]
    call(hospital, "doctor", code=1)


def test_doctor__rewritten_log_does_not_fit_the_seal(hospital: Hospital) -> None:
    connection = attack(hospital, "UPDATE event SET actor = 'colleague@desk' WHERE what = 'released'")
    rechain(connection)
    connection.close()
    found = check(hospital)
    assert not found["ok"]
    assert f"not the one that the seal of batch {BATCH} names" in found["message"]


def test_doctor__seal_is_missing(hospital: Hospital) -> None:
    (hospital.home / "archive" / "event-log" / f"{BATCH}.json").unlink()
    assert f"the seal of batch {BATCH} is missing" in check(hospital)["message"]


def test_control_sheet__prints_the_seal(hospital: Hospital) -> None:
    sheet = call(hospital, "report", "control", BATCH, "--kept", "--json").json
    seal = sheet["event_seal"]
    assert hospital.ledger("SELECT hash FROM event WHERE event_id = ?", seal["event"]) == [(seal["sha256"],)]
    archived = json.loads((hospital.home / "archive" / "event-log" / f"{BATCH}.json").read_text())
    assert archived == seal
    assert "signature" not in seal
    assert f"SHA-256 {seal['sha256']}, not signed" in call(hospital, "report", "control", BATCH).out


@pytest.mark.hospital("new")
def test_seal__is_signed_with_the_key(hospital: Hospital) -> None:
    signing = replace(hospital, environ={"STATEMENTS_EVENT_KEY": f"{KEY},{OTHER_KEY}"})
    call(signing, *RUN)
    path = hospital.home / "archive" / "event-log" / f"{BATCH}.json"
    seal = json.loads(path.read_text())
    plain = {name: value for name, value in seal.items() if name not in {"key", "signature"}}
    message = json.dumps(plain, separators=(",", ":")).encode()
    assert seal["signature"] == hmac.new(KEY.encode(), message, hashlib.sha256).hexdigest()
    assert check(signing)["ok"]
    rotated = replace(hospital, environ={"STATEMENTS_EVENT_KEY": f"{OTHER_KEY},{KEY}"})
    assert check(rotated)["ok"]
    lost = replace(hospital, environ={"STATEMENTS_EVENT_KEY": OTHER_KEY})
    assert f"is signed with key {seal['key']}" in check(lost)["message"]
    path.chmod(0o600)
    path.write_text(json.dumps({**seal, "sealed_at": "2026-11-08T15:00:00Z"}, separators=(",", ":")))
    assert "has a wrong signature" in check(signing)["message"]


def test_key__too_short(hospital: Hospital) -> None:
    weak = replace(hospital, environ={"STATEMENTS_EVENT_KEY": "secret"})
    found = check(weak)
    assert not found["ok"]
    assert "at least 32 characters" in found["message"]
    assert "secret" not in found["message"]
    assert "at least 32 characters" in call(weak, "run", "dunning", "--cycle", CYCLE, code=2).err


@pytest.mark.hospital("new")
def test_close__killed_after_the_seal_keeps_it(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    from statement_builder.errors import ArchiveError
    from statement_builder.operations import control_sheet

    def stop(*_: object) -> bytes:
        raise ArchiveError("killed here")

    with monkeypatch.context() as patch:
        patch.setattr(control_sheet, "render_control_sheet", stop)
        call(hospital, *RUN, code=1)
    path = hospital.home / "archive" / "event-log" / f"{BATCH}.json"
    before = path.read_bytes()
    call(hospital, "holds", BATCH)  # the log goes on meanwhile
    assert call(hospital, "rerun", BATCH, "--json").json["state"] == "closed"
    assert path.read_bytes() == before
    assert check(hospital)["ok"]


def test_restored_ledger__seals_again_once_it_is_adopted(hospital: Hospital, tmp_path: Path) -> None:
    """The archive has the seal of a batch that this ledger, restored from a backup, has not closed yet."""
    restored = hospital.copy_to(tmp_path / "restored")
    with Ledger.open(f"sqlite:///{restored.home / 'ledger.db'}") as ledger:
        attack(restored, "UPDATE batch SET state = 'handing_off', closed_at = NULL").close()
        connection = attack(restored, "DELETE FROM event WHERE what IN ('closed', 'handing_off')")
        rechain(connection)
        connection.close()
        refused = call(restored, "rerun", BATCH, code=1).err
        assert "its seal in the archive does not fit this ledger's event log" in refused
        at = datetime.fromisoformat(CLOCK)
        ledger.events.record("ledger", "ledger", what="adopted", why="backup of today", actor="ana", at=at)
    call(restored, "rerun", BATCH)
    assert (restored.home / "archive" / "event-log" / f"{BATCH}-2.json").is_file()
    assert check(restored)["ok"]


@pytest.mark.hospital("new")
def test_doctor__a_seal_whose_signature_was_removed(hospital: Hospital) -> None:
    signing = replace(hospital, environ={"STATEMENTS_EVENT_KEY": KEY})
    call(signing, *RUN)
    connection = attack(signing, "UPDATE event SET actor = 'colleague@desk' WHERE what = 'released'")
    rechain(connection)
    connection.close()
    path = signing.home / "archive" / "event-log" / f"{BATCH}.json"
    seal = json.loads(path.read_text())
    ((rewritten,),) = signing.ledger("SELECT hash FROM event WHERE event_id = ?", seal["event"])
    path.chmod(0o600)
    path.write_text(json.dumps({**seal, "sha256": rewritten, "key": "", "signature": ""}))
    found = check(signing)
    assert not found["ok"]
    assert f"the seal of batch {BATCH} is not signed, although" in found["message"]


@pytest.mark.hospital("new")
def test_doctor__the_seal_of_another_batch(hospital: Hospital) -> None:
    signing = replace(hospital, environ={"STATEMENTS_EVENT_KEY": KEY})
    call(signing, *RUN)
    path = signing.home / "archive" / "event-log" / f"{BATCH}.json"
    seal = json.loads(path.read_text())
    path.chmod(0o600)
    path.write_text(json.dumps({**seal, "batch": "2026-10-statement"}))
    assert "is another batch's" in check(signing)["message"]


def test_doctor__an_event_about_the_batch_cannot_be_erased_by_a_redaction(hospital: Hospital) -> None:
    with Ledger.open(f"sqlite:///{hospital.home / 'ledger.db'}") as ledger:
        at = datetime(2026, 12, 1, tzinfo=UTC)
        ledger.events.record(BATCH, BATCH, what="redacted", why="purge", actor="ben", at=at)
    attack(hospital, "UPDATE event SET why = '', data = NULL, salt = '' WHERE what = 'released'").close()
    assert not check(hospital)["ok"]
