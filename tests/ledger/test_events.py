"""Events: code reads their typed data, so a reworded or empty `why` changes nothing."""

from __future__ import annotations

from datetime import date

import pytest
from alembic import command
from sqlalchemy import create_engine, insert, select, text, update

from statement_builder.billing.selection import Hold
from statement_builder.ledger import (
    VOIDED,
    AddressChanged,
    ArchivedControlSheet,
    BatchState,
    DocumentState,
    EventData,
    Ledger,
    Withheld,
)
from statement_builder.ledger.storage.schema import _config
from statement_builder.ledger.storage.tables import event
from tests.ledger.world import AT, as_attacker, build, make_batch, open_batch, pull, rendered, selected

SHEET = ArchivedControlSheet(json_key="control-sheets/b/1.json", pdf_key="control-sheets/b/2.pdf")
MOVE = AddressChanged(move_type="family", moved_on=date(2026, 11, 1))


def reword_all(ledger: Ledger, why: str) -> None:
    with as_attacker(ledger) as connection:
        connection.execute(update(event).values(why=why))


@pytest.mark.parametrize("why", ["", "MINBAL is not the code", "VOIDED"])
def test_rebuilt_shard__keeps_voids_when_the_event_text_is_reworded(ledger: Ledger, why: str) -> None:
    batch = open_batch(ledger)
    candidates, documents = [selected("G1"), selected("G2")], [rendered("G1"), rendered("G2")]
    pull(ledger, batch.batch_id, candidates)
    build(ledger, batch.batch_id, candidates, documents)
    ledger.documents.withhold(documents[0].document_id, [Hold(code=VOIDED)], actor="ben", at=AT, why="wrong person")
    ledger.shards.reopen(batch.batch_id, 1, actor="ben", at=AT)
    reword_all(ledger, why)
    build(ledger, batch.batch_id, candidates, documents)
    states = [document.state for document in ledger.documents.for_batch(batch.batch_id)]
    assert states == [DocumentState.WITHHELD, DocumentState.RENDERED]
    (held,) = ledger.candidates.held(batch.batch_id)
    assert (held.subject, held.late_holds) == ("G1", (Hold(code=VOIDED),))
    last = ledger.events.for_batch(batch.batch_id, subject=documents[0].document_id)[-1]
    assert (last.why, last.data) == ("VOIDED wrong person", Withheld(codes=(VOIDED,), reason="wrong person"))


def test_data__does_not_depend_on_the_text(ledger: Ledger) -> None:
    batch = make_batch(ledger, [rendered("G1")])
    ledger.batches.set_state(batch.batch_id, BatchState.CLOSED, actor="ana", at=AT, why="done", data=SHEET)
    ledger.events.record(batch.batch_id, "d", what="address change", why="moved", data=MOVE, actor="ana", at=AT)
    ledger.events.record(batch.batch_id, "d", what="unclear", why="b.eml", actor="ana", at=AT)
    reword_all(ledger, "")
    assert [each.data for each in ledger.events.for_batch(batch.batch_id)[-3:]] == [SHEET, MOVE, None]


@pytest.mark.parametrize(
    ("what", "why", "data"),
    [
        pytest.param("withheld", "VOIDED wrong person", Withheld(codes=(VOIDED,), reason="wrong person"), id="void"),
        pytest.param("withheld", "MINBAL", Withheld(codes=("MINBAL",)), id="late-hold"),
        pytest.param("closed", "control-sheets/b/1.json control-sheets/b/2.pdf", SHEET, id="closed"),
        pytest.param("closed", "", None, id="closed-without-a-sheet"),
        pytest.param("address change", "family move of 2026-11-01 (moves.csv, line 2)", MOVE, id="address-change"),
        pytest.param("resend", "VOIDED", None, id="other"),
    ],
)
def test_upgrade__fills_the_data_of_old_events_from_their_text(
    ledger_url: str, what: str, why: str, data: EventData | None
) -> None:
    engine = create_engine(ledger_url)
    with engine.begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
        columns = {"actor": "ben", "batch_id": "b", "subject": "d", "what": what, "why": why}
        connection.execute(insert(event).values(at=AT, **columns))
    engine.dispose()
    with Ledger.open(ledger_url) as ledger:
        ledger.upgrade()
        assert [each.data for each in ledger.events.for_batch("b")] == [data]


def test_upgrade__keeps_suppressions_and_redeliveries(ledger_url: str) -> None:
    engine = create_engine(ledger_url)
    with engine.begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
        for statement in _OLD_ROWS:
            connection.execute(text(statement))
    engine.dispose()
    with Ledger.open(ledger_url) as ledger:
        ledger.upgrade()
        assert [each.digest for each in ledger.suppressions.by_guarantor("L", ["G"])["G"]] == ["e"]
        with ledger._database.read() as connection:
            assert connection.execute(select(text("document_id, readdressed FROM redelivery"))).all() == [("d", True)]


@pytest.mark.parametrize(
    ("why", "codes"),
    [
        pytest.param("DEC (nixies.csv, line 2)", ["DECEASED", "RETMAIL"], id="deceased"),
        pytest.param("UTF (DEC (x).csv, line 2)", ["RETMAIL"], id="other-reason"),
    ],
)
def test_upgrade__earlier_returns_as_deceased_suppress_the_guarantor(
    ledger_url: str, why: str, codes: list[str]
) -> None:
    """Earlier releases took them for a wrong address, which the next address on file ends."""
    engine = create_engine(ledger_url)
    with engine.begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
        for statement in _OLD_ROWS:
            connection.execute(text(statement))
        columns = {"actor": "ben", "batch_id": "b", "subject": "d", "what": "returned", "why": why}
        connection.execute(insert(event).values(at=AT, **columns))
    engine.dispose()
    with Ledger.open(ledger_url) as ledger:
        ledger.upgrade()
        assert [each.code.value for each in ledger.suppressions.by_guarantor("L", ["G"])["G"]] == codes


_OLD_ROWS = (
    "INSERT INTO batch (batch_id, facility_id, kind, cycle, as_of, source, state, opened_by, opened_at, released_by,"
    " looked_at, pull_attempts) VALUES ('b', 'L', 'statement', '2026-11', '2026-11-02', 'r', 'closed', 'ana',"
    " '2026-11-02 08:00:00', '', '2026-11-02 09:00:00', 1)",
    "INSERT INTO shard (batch_id, sequence, snapshot_key, snapshot_sha256, candidates, cents, state, template_version,"
    " is_extra) VALUES ('b', 1, 'k', 'h', 1, 1, 'built', 't', true)",
    "INSERT INTO document (document_id, batch_id, sequence, position, guarantor_id, kind, revision, level, channel,"
    " language, episode_id, amount_cents, issued_on, state, error_code, error_message, error_fix, sha256, pages,"
    " pack_key, \"offset\", length, postal_key, template_version) VALUES ('d', 'b', 1, 1, 'G', 'statement', 1, 0,"
    " 'print', 'en', '', 100, '2026-11-02', 'error', 'GLYPH', 'm', 'f', '', 0, '', 0, 0, '', 't')",
    "INSERT INTO mail_stop (facility_id, guarantor_id, code, digest, document_id, since)"
    " VALUES ('L', 'G', 'RETMAIL', 'e', 'd', '2026-11-09')",
    "INSERT INTO follow_up (document_id, since, readdressed) VALUES ('d', '2026-11-09 08:00:00', true)",
)
