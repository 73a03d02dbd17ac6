"""What the command line takes from a person or from outside, and what it prints of it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from pathlib import Path

import pytest

from statement_builder.errors import ConfigError
from statement_builder.operations.queries import write_private
from statement_builder.resources import SQL_ROOT
from tests.commands import BATCH, RUN, RUN_TO_GATES, call, error_message
from tests.hospital import Hospital

HOSTILE = "ack\x1b[2J\n[bold]:bell:\u202e.csv"


@pytest.mark.parametrize("as_json", [(), ("--json",)], ids=["text", "json"])
def test_track__shows_a_hostile_file_name_as_escapes(hospital: Hospital, as_json: tuple[str, ...]) -> None:
    inbox = hospital.home / "inbox"
    inbox.mkdir(exist_ok=True)
    (inbox / HOSTILE).write_text("nonsense\n", encoding="utf-8")
    os.utime(inbox / HOSTILE, (0, 0))

    result = call(hospital, "track", *as_json, code=None)
    listed = call(hospital, "exceptions", *as_json, code=None)

    for shown in (result.out, result.err, listed.out):
        assert not {"\x1b", "\u202e"} & set(shown)
    assert "[bold]:bell:" in result.out
    assert not any(line.startswith("[bold]") for line in result.out.splitlines())


def test_error__shows_an_argument_as_text(hospital: Hospital) -> None:
    message = error_message(call(hospital, "void", "0000\x1b[31m", "--reason", "x", code=2))
    assert "\x1b" not in message
    assert "0000\\x1b[31m" in message


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("run", "statement", "--cycle", "２０２６-11"), id="cycle"),
        pytest.param(("run", "statement", "--cycle", "2026-11", "--as-of", "２０２６-11-07"), id="as-of"),
        pytest.param(("run", "statement", "--cycle", "2026-11", "--as-of", "2026-W45-6"), id="week"),
        pytest.param(("run", "statement", "--cycle", "2026-11", "--as-of", "20261107"), id="date-without-hyphens"),
        pytest.param(("run", "statement", "--cycle", "2026-11", "--limit", "２"), id="limit"),
        pytest.param(("run", "statement", "--cycle", "2026-11", "--limit", "1_0"), id="underscore"),
        pytest.param(("run", "statement", "--cycle", "2026-11", "--limit", " 5"), id="space"),
        pytest.param(("run", "statement", "--cycle", "2026-11", "--limit", "0"), id="below-the-lowest"),
        pytest.param(("run", "statement", "--cycle", "2026-11", "--workers", "٢"), id="workers"),
        pytest.param(("demo", "--guarantors", "２００"), id="guarantors"),
    ],
)
def test_numbers_and_dates__take_ascii_digits_only(hospital: Hospital, arguments: tuple[str, ...]) -> None:
    call(hospital, *arguments, code=2)
    assert not hospital.ledger_exists() or hospital.ledger("SELECT count(*) FROM batch") == [(0,)]


def test_write_private__takes_the_place_of_a_file_that_others_can_read(tmp_path: Path) -> None:
    path, other = tmp_path / "letter.pdf", tmp_path / "other.pdf"
    path.write_bytes(b"old")
    path.chmod(0o666)
    os.link(path, other)  # who has the old file open, or another name for it, does not get the new one

    write_private(path, b"new")

    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert other.read_bytes() == b"old"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["letter.pdf", "other.pdf"]


@pytest.mark.parametrize("exists", [True, False], ids=["to-a-file", "to-nothing"])
def test_write_private__does_not_follow_a_link(tmp_path: Path, exists: bool) -> None:
    target, link = tmp_path / "target", tmp_path / "letter.pdf"
    if exists:
        target.write_bytes(b"theirs")
    link.symlink_to(target)

    with pytest.raises(ConfigError, match="link"):
        write_private(link, b"new")

    assert link.is_symlink()
    assert target.exists() is exists
    assert not exists or target.read_bytes() == b"theirs"


def test_write_private__leaves_nothing_behind_when_it_fails(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        write_private(tmp_path / "no" / "letter.pdf", b"new")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigError):
        write_private(tmp_path / "folder", b"new")
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]


SECRET = "postgresql+psycopg://billing:hunter2@127.0.0.1:1/billing"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param((*RUN, "--source-url", SECRET), id="run"),
        pytest.param((*RUN, "--dry-run", "--source-url", SECRET), id="dry-run"),
        pytest.param((*RUN, "--source-url", "postgresql+psycopg://h/d?password=hunter2"), id="in-the-query"),
        pytest.param(("source", "check", "reference", SECRET), id="check"),
        pytest.param(("source", "make-sample", SECRET), id="make-sample"),
        pytest.param(("source", "load-synthea", ".", SECRET), id="load-synthea"),
    ],
)
def test_source_url__refuses_a_password_and_does_not_repeat_it(hospital: Hospital, arguments: tuple[str, ...]) -> None:
    message = error_message(call(hospital, *arguments, code=2))
    assert "password" in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param((*RUN, "--source-url", "BILLING_URL"), id="run"),
        pytest.param(("source", "check", "reference", "BILLING_URL"), id="check"),
        pytest.param(("source", "make-sample", "BILLING_URL"), id="make-sample"),
        pytest.param(("source", "load-synthea", ".", "BILLING_URL"), id="load-synthea"),
    ],
)
def test_source_url__a_variable_may_contain_a_password(hospital: Hospital, arguments: tuple[str, ...]) -> None:
    message = error_message(call(Hospital(hospital.home, {"BILLING_URL": SECRET}), *arguments, code=None))
    assert "must not contain a password" not in message
    assert "hunter2" not in message


def test_source_url__takes_the_name_of_a_variable(hospital: Hospital) -> None:
    url = f"sqlite:///{hospital.home / 'hospital.db'}"
    named = Hospital(hospital.home, {"BILLING_URL": url, "STATEMENTS_SOURCE_URL": "sqlite:////nowhere.db"})
    assert call(named, *RUN, "--dry-run", "--source-url", "BILLING_URL", "--json").json["counts"]["pulled"] > 0
    assert "NO_SUCH" in error_message(call(named, *RUN, "--dry-run", "--source-url", "NO_SUCH", code=2))


def test_batches__lists_the_newest_and_all_on_request(hospital: Hospital) -> None:
    for day in range(1, 23):
        call(hospital, "run", "statement", "--cycle", f"2026-10-{day:02}", "--limit", "1", "--until", "pull")
    newest = call(hospital, "batches", "--json")
    assert len(newest.json) == 20
    assert newest.json[0]["cycle"] == "2026-10-22"
    assert "--all" in newest.err
    every = call(hospital, "batches", "--all", "--json")
    assert [each["batch"] for each in every.json][:20] == [each["batch"] for each in newest.json]
    assert len(every.json) == 22
    assert all(each["counts"]["pulled"] == 1 for each in every.json)


def test_run__guarantor_at_two_places_of_the_mailing_order_is_one_exception(hospital: Hospital) -> None:
    """Of a hospital's own queries: the rows of one guarantor have two values of mail_sort."""
    queries = hospital.home / "sql"
    shutil.copytree(SQL_ROOT / "reference", queries / "reference")
    guarantors = queries / "reference" / "guarantors.sql"
    text = guarantors.read_text(encoding="utf-8")
    old = "SELECT COALESCE((SELECT min(m.mail_sort) FROM mailing AS m WHERE m.guarantor_id = owned.guarantor_id), '')"
    assert old in text
    first = "(SELECT min(guarantor_id) FROM encounter)"
    new = f"SELECT CASE WHEN owned.guarantor_id = {first} THEN '99998' ELSE {old.removeprefix('SELECT ')} END"
    guarantors.write_text(text.replace(old, new), encoding="utf-8")
    settings = hospital.home / "statements.toml"
    settings.write_text(
        settings.read_text(encoding="utf-8").replace("[source]", f'[source]\nqueries = "{queries}"'), encoding="utf-8"
    )

    planned = call(hospital, *RUN, "--dry-run", "--json").json["counts"]
    call(hospital, *RUN_TO_GATES, code=None)

    (batch,) = call(hospital, "batches", "--json").json
    split = [row for row in call(hospital, "exceptions", batch["batch"], "--json").json if row["code"] == "SPLIT"]
    assert len(split) == 1
    assert batch["foots"]
    assert batch["counts"]["pulled"] == planned["pulled"]
    assert hospital.ledger(f"SELECT count(*) FROM document WHERE guarantor_id = '{split[0]['guarantor']}'") == [(0,)]


@pytest.mark.hospital("mailed", guarantors=40, final_vendor_status="mailed")
def test_rerun__dry_run_names_what_is_due_again(hospital: Hospital) -> None:
    before = call(hospital, "rerun", BATCH, "--dry-run", "--json").json["would"]
    assert not any("due again" in step for step in before)
    with sqlite3.connect(hospital.home / "ledger.db") as connection:
        connection.execute(
            "INSERT INTO redelivery (document_id, since, readdressed) SELECT document_id, '2026-11-08 12:00:00', 0 "
            "FROM document WHERE batch_id = ? AND state = 'handed_off' LIMIT 2",
            (BATCH,),
        )
    planned = call(hospital, "rerun", BATCH, "--dry-run", "--json").json["would"]
    assert any("2 documents due again" in step for step in planned)
