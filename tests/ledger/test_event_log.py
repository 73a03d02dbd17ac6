"""The event log shows whether it was touched: it refuses changes, and its check names the first broken link."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import timedelta

import psycopg
import pytest
from alembic import command
from sqlalchemy import create_engine, make_url, text

from statement_builder.errors import InvariantError, LedgerError
from statement_builder.ledger import AccessSubject, BatchState, Ledger
from statement_builder.ledger.audit.events import write_event
from statement_builder.ledger.storage.schema import _config
from statement_builder.ledger.storage.tables import event
from tests.ledger.world import AT, as_attacker, make_batch, open_batch, rendered

WHY = "The mother of the patient called."


class _Killed(Exception):
    """A process died inside a transaction."""


@pytest.fixture
def busy(ledger: Ledger) -> Ledger:
    """A ledger in which something happened."""
    batch = make_batch(ledger, [rendered("G1"), rendered("G2")])
    for number in range(4):
        ledger.events.record(batch.batch_id, f"d{number}", what="unclear", why=WHY, actor="ana", at=AT)
    return ledger


def ids(ledger: Ledger) -> list[int]:
    with ledger._database.read() as connection:
        return list(connection.execute(text("SELECT event_id FROM event ORDER BY event_id")).scalars())


def test_chain__covers_every_event(busy: Ledger) -> None:
    report = busy.events.verify()
    assert (report.broken, report.events) == (None, len(ids(busy)))
    assert report.head == busy.events.head()
    assert report.events > 5


def test_chain__empty_log(ledger: Ledger) -> None:
    assert ledger.events.head() is None
    assert ledger.events.verify().broken is None


CHANGES: dict[str, str] = {
    "reworded": "UPDATE event SET why = 'nothing' WHERE event_id = :id",
    "erased": "UPDATE event SET why = '', data = NULL, salt = '' WHERE event_id = :id",
    "other-actor": "UPDATE event SET actor = 'ben' WHERE event_id = :id",
    "other-time": "UPDATE event SET at = '2020-01-01 00:00:00.000000' WHERE event_id = :id",
    "other-subject": "UPDATE event SET subject = 'd9' WHERE event_id = :id",
    "other-data": """UPDATE event SET data = '{"type":"released"}' WHERE event_id = :id""",
    "other-hash": "UPDATE event SET hash = 'ab' WHERE event_id = :id",
    "other-digest": "UPDATE event SET detail = '', why = '', salt = '' WHERE event_id = :id",
}


@pytest.mark.parametrize("change", [pytest.param(sql, id=name) for name, sql in CHANGES.items()])
def test_verify__names_the_event_that_was_changed(busy: Ledger, change: str) -> None:
    target = ids(busy)[-3]
    with as_attacker(busy) as connection:
        connection.execute(text(change), {"id": target})
    broken = busy.events.verify().broken
    assert broken is not None
    assert (broken.event_id, broken.what) == (target, "unclear")


@pytest.mark.parametrize("position", [pytest.param(0, id="first"), pytest.param(-3, id="middle")])
def test_verify__names_the_event_after_a_removed_one(busy: Ledger, position: int) -> None:
    before = ids(busy)
    with as_attacker(busy) as connection:
        connection.execute(text("DELETE FROM event WHERE event_id = :id"), {"id": before[position]})
    broken = busy.events.verify().broken
    assert broken is not None
    assert broken.event_id == ids(busy)[position if position == 0 else position + 1]


def test_verify__inserted_event(busy: Ledger) -> None:
    target = ids(busy)[-2]
    with as_attacker(busy) as connection:
        connection.execute(text("DELETE FROM event WHERE event_id > :id"), {"id": target})
        connection.execute(
            text(
                "INSERT INTO event (event_id, at, actor, batch_id, subject, what, why, salt, detail, hash) SELECT"
                " event_id + 1, at, 'ben', batch_id, subject, what, why, salt, detail, hash FROM event"
                " WHERE event_id = :id"
            ),
            {"id": target},
        )
    broken = busy.events.verify().broken
    assert broken is not None
    assert broken.event_id == target + 1


REFUSED = {
    "update": "UPDATE event SET actor = 'ben'",
    "update-text": "UPDATE event SET why = 'other'",
    "erase-and-more": "UPDATE event SET why = '', data = NULL, salt = '', actor = 'ben'",
    "delete": "DELETE FROM event",
    "update-access": "UPDATE access SET actor = 'ben'",
    "delete-access": "DELETE FROM access",
    "update-subject": "UPDATE access_subject SET guarantor_id = 'G2'",
    "delete-subject": "DELETE FROM access_subject",
}


@pytest.mark.parametrize("change", [pytest.param(sql, id=name) for name, sql in REFUSED.items()])
def test_database__refuses_changes(busy: Ledger, change: str) -> None:
    busy.access.record("find", [AccessSubject(guarantor_id="G1")], actor="ana", at=AT)
    with pytest.raises(InvariantError, match="insert-only"), busy._database.write() as connection:
        connection.execute(text(change))
    assert busy.events.verify().broken is None
    assert busy.access.verify() is None


def test_database__refuses_replace_and_truncate(busy: Ledger) -> None:
    sqlite = busy._database.is_sqlite
    columns = "event_id, at, actor, batch_id, subject, what, why"
    change = (
        f"REPLACE INTO event ({columns}) SELECT event_id, at, 'ben', batch_id, subject, what, why FROM event"
        if sqlite
        else "TRUNCATE event"
    )
    with pytest.raises(InvariantError, match="insert-only"), busy._database.write() as connection:
        connection.execute(text(change))


def test_postgresql__role_of_the_service_has_no_right_to_change(postgres_url: str) -> None:
    """The role that owns the tables, without being a superuser."""
    url = make_url(postgres_url).set(drivername="postgresql")
    role = f"billing_{url.database}"
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'x'")
        admin.execute(f"GRANT ALL ON SCHEMA public TO {role}")
    own = make_url(postgres_url).set(username=role, password="x")
    try:
        with Ledger.open(own.render_as_string(hide_password=False)) as ledger:
            ledger.upgrade()
            open_batch(ledger)
            ledger.access.record("find", [AccessSubject(guarantor_id="G1")], actor="ana", at=AT)
            for table in ("event", "access", "access_subject"):
                for change in (f"DELETE FROM {table}", f"TRUNCATE {table}"):
                    with pytest.raises(LedgerError, match="permission denied"), ledger._database.write() as connection:
                        connection.execute(text(change))
            with pytest.raises(LedgerError, match="permission denied"), ledger._database.write() as connection:
                connection.execute(text("UPDATE event SET actor = 'ben'"))
            assert ledger.events.redact("2026-11-statement", actor="ana", at=AT, why="purge") == 0
    finally:
        with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as admin:
            admin.execute(f"DROP OWNED BY {role} CASCADE")
            admin.execute(f"DROP ROLE {role}")


def test_redact__erases_the_text_of_documents_and_keeps_the_chain(busy: Ledger) -> None:
    erased = busy.events.redact("2026-11-statement", actor="ben", at=AT, why="purge before 2020")
    assert erased == 4
    events = busy.events.for_batch("2026-11-statement")
    assert [each.why for each in events if each.subject.startswith("d")] == [""] * 4
    assert (events[-1].what, events[-1].why, events[-1].actor) == ("redacted", "purge before 2020", "ben")
    assert busy.events.verify().broken is None


def test_redact__does_not_cover_later_events(busy: Ledger) -> None:
    busy.events.redact("2026-11-statement", actor="ben", at=AT, why="purge before 2020")
    busy.events.record("2026-11-statement", "d5", what="unclear", why=WHY, actor="ana", at=AT)
    with as_attacker(busy) as connection:
        connection.execute(text("UPDATE event SET why = '', salt = '' WHERE subject = 'd5'"))
    broken = busy.events.verify().broken
    assert broken is not None
    assert broken.event_id == ids(busy)[-1]


def test_digest__does_not_give_the_text_away(busy: Ledger) -> None:
    """The same words have another digest in each event: a guess cannot be checked once the text is erased."""
    with busy._database.read() as connection:
        digests = connection.execute(text("SELECT detail FROM event WHERE what = 'unclear'")).scalars().all()
    assert len(set(digests)) == 4


def test_chain__concurrent_writers(ledger: Ledger, ledger_url: str) -> None:
    batches = [open_batch(ledger, cycle=f"2026-0{month}").batch_id for month in range(1, 5)]

    def work(batch_id: str) -> None:
        try:
            with Ledger.open(ledger_url) as own:
                start.wait()
                for number in range(25):
                    own.events.record(batch_id, f"d{number}", what="unclear", why=WHY, actor="ana", at=AT)
        except BaseException as exc:  # noqa: BLE001 - checked by the test
            failures.append(exc)

    failures: list[BaseException] = []
    start = threading.Barrier(len(batches))
    threads = [threading.Thread(target=work, args=(batch_id,)) for batch_id in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    report = ledger.events.verify()
    assert (report.broken, report.events) == (None, 4 + 4 * 25)
    for batch_id in batches:
        assert [each.subject for each in ledger.events.for_batch(batch_id)[1:]] == [f"d{n}" for n in range(25)]


def test_chain__rolled_back_work_leaves_no_event(busy: Ledger) -> None:
    before = busy.events.head()
    with suppress(InvariantError):
        busy.batches.set_state("2026-11-statement", BatchState.OPEN, actor="ana", at=AT)

    with suppress(_Killed), busy._transactions.write() as connection:
        write_event(connection, at=AT, actor="ana", batch_id="2026-11-statement", subject="d", what="unclear")
        raise _Killed
    assert busy.events.head() == before
    busy.events.record("2026-11-statement", "d9", what="unclear", why="", actor="ana", at=AT)
    assert [each.subject for each in busy.events.for_batch("2026-11-statement")][-1] == "d9"
    assert busy.events.verify().broken is None


def test_upgrade__chains_earlier_events(ledger_url: str) -> None:
    engine = create_engine(ledger_url)
    with engine.begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0010")
        rows = [
            {"at": AT + timedelta(seconds=number), "actor": "ana", "batch_id": "b", "subject": f"d{number}"}
            for number in range(3)
        ]
        for number, row in enumerate(rows):
            connection.execute(event.insert().values(**row, what="unclear", why=WHY if number else ""))
    engine.dispose()
    with Ledger.open(ledger_url) as ledger:
        ledger.upgrade()
        ledger.events.record("b", "d", what="unclear", why="", actor="ana", at=AT)
        assert ledger.events.verify().events == 4
        with as_attacker(ledger) as connection:
            connection.execute(text("UPDATE event SET actor = 'ben' WHERE subject = 'd1'"))
        broken = ledger.events.verify().broken
        assert broken is not None
        assert broken.event_id == ids(ledger)[1]


ACCESS_CHANGES: dict[str, str] = {
    "other-actor": "UPDATE access SET actor = 'ben'",
    "other-purpose": "UPDATE access SET purpose = 'audit'",
    "other-person": "UPDATE access_subject SET guarantor_id = 'G9'",
    "person-removed": "DELETE FROM access_subject WHERE guarantor_id = 'G2'",
    "removed": "DELETE FROM access",
}


@pytest.mark.parametrize("change", [pytest.param(sql, id=name) for name, sql in ACCESS_CHANGES.items()])
def test_access__verify_finds_changes(busy: Ledger, change: str) -> None:
    people = [AccessSubject(guarantor_id="G1"), AccessSubject(guarantor_id="G2")]
    busy.access.record("holds", people, batch_id="2026-11-statement", purpose="call", actor="ana", at=AT)
    assert busy.access.verify() is None
    with as_attacker(busy) as connection:
        connection.execute(text(change))
    assert busy.access.verify() == 1


def test_access__one_row_per_command_and_person(busy: Ledger) -> None:
    documents = busy.documents.for_batch("2026-11-statement")
    subjects = [AccessSubject(document_id=each.document_id) for each in documents] * 2
    busy.access.record("exceptions", subjects, batch_id="2026-11-statement", purpose="call", actor="ana", at=AT)
    events = ids(busy)
    busy.access.record("show", [], actor="ana", at=AT)
    assert ids(busy) == events  # figures are nobody's data
    assert busy.access.verify() is None
    (mine,) = busy.access.for_guarantor("G1", since=AT)
    assert (mine.actor, mine.what, mine.purpose, mine.at) == ("ana", "exceptions", "call", AT)
    assert mine.document_ids == (documents[0].document_id,)
    assert busy.access.for_guarantor("G1", since=AT + timedelta(seconds=1)) == []
    assert busy.access.for_guarantor("G9", since=AT) == []
