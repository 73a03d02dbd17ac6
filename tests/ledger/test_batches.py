"""Batches from open to closed: legal moves, refused moves, shards, documents and control totals."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from statement_builder.billing.selection import Channel, Hold, Kind
from statement_builder.errors import InvariantError, LedgerError
from statement_builder.ledger import (
    BatchState,
    DeliveryState,
    DocumentState,
    Ledger,
    NewCandidate,
    NewDocument,
    NewShard,
    Outcome,
    ShardState,
)
from statement_builder.ledger.states import BATCH_MOVES, require_batch_move
from statement_builder.ledger.storage.sql_compat import IDS_MAX
from tests.ledger.world import (
    AS_OF,
    AT,
    FACILITY,
    FAULT,
    HOLD,
    SHA,
    build,
    faulty,
    held,
    in_error,
    later,
    make_batch,
    open_batch,
    print_file,
    pull,
    rendered,
    selected,
)

LEGAL = {
    "open": {"pulled"},
    "pulled": {"built"},
    "built": {"pulled", "waiting", "released"},
    "waiting": {"pulled", "released"},
    "released": {"handing_off"},
    "handing_off": {"closed"},
    "closed": set(),
}


@pytest.mark.parametrize("then", list(BatchState), ids=str)
@pytest.mark.parametrize("now", list(BatchState), ids=str)
def test_batch_moves(now: BatchState, then: BatchState) -> None:
    if then in LEGAL[now]:
        require_batch_move("b", now, then)
    else:
        with pytest.raises(InvariantError, match=f"batch b is {now}: it cannot become {then}"):
            require_batch_move("b", now, then)


def test_batch_moves__every_state_is_reachable() -> None:
    assert set(BATCH_MOVES) == set(BatchState)
    assert {then for moves in BATCH_MOVES.values() for then in moves} == set(BatchState) - {BatchState.OPEN}


def test_open_batch__existing_batch_is_returned_unchanged(ledger: Ledger) -> None:
    first = open_batch(ledger)
    pull(ledger, first.batch_id, [held("G1")])
    reopened = ledger.batches.open(
        batch_id=first.batch_id,
        facility_id=first.facility_id,
        kind=first.kind,
        cycle=first.cycle,
        as_of=AS_OF + timedelta(days=9),
        source="other",
        limit=5,
        actor="ben",
        at=later(60),
    )
    assert (reopened.state, reopened.as_of, reopened.source, reopened.limit) == (
        BatchState.PULLED,
        AS_OF,
        "reference",
        None,
    )
    assert (reopened.opened_by, reopened.opened_at) == ("ana", AT)
    assert [batch.batch_id for batch in ledger.batches.all()] == ["2026-11-statement"]


def test_open_batch__one_per_facility_kind_and_cycle(ledger: Ledger) -> None:
    open_batch(ledger, kind=Kind.STATEMENT)
    open_batch(ledger, kind=Kind.DUNNING)
    open_batch(ledger, cycle="2026-12")
    ids = [batch.batch_id for batch in ledger.batches.all()]
    assert ids == ["2026-12-statement", "2026-11-dunning", "2026-11-statement"]


def test_pull__attempts_count_up_and_only_the_first_snapshot_is_recorded(ledger: Ledger) -> None:
    batch = open_batch(ledger)
    assert [ledger.batches.next_pull_attempt(batch.batch_id) for _ in range(3)] == [1, 2, 3]
    pull(ledger, batch.batch_id, [held("G1")], [held("G2"), held("G3")])
    assert [(shard.sequence, shard.candidates, shard.state) for shard in ledger.shards.for_batch(batch.batch_id)] == [
        (1, 1, ShardState.PULLED),
        (2, 2, ShardState.PULLED),
    ]
    with pytest.raises(InvariantError, match="cannot become pulled"):
        pull(ledger, batch.batch_id, [held("G1")])


def test_pull__empty_snapshot_is_legal(ledger: Ledger) -> None:
    batch = open_batch(ledger)
    ledger.batches.record_pull(batch.batch_id, [], actor="ana", at=AT)
    ledger.batches.set_state(batch.batch_id, BatchState.BUILT, actor="ana", at=AT)
    assert ledger.control_totals.get(batch.batch_id).counts.pulled == 0


def test_set_state__same_state_writes_no_event(ledger: Ledger) -> None:
    batch = make_batch(ledger, [rendered("G1")])
    before = ledger.events.for_batch(batch.batch_id)
    ledger.batches.set_state(batch.batch_id, BatchState.HANDING_OFF, actor="ben", at=later(1))
    assert ledger.events.for_batch(batch.batch_id) == before


def test_set_state__not_built_while_a_shard_is_not_built(ledger: Ledger) -> None:
    batch = open_batch(ledger)
    pull(ledger, batch.batch_id, [held("G1")], [held("G2")])
    build(ledger, batch.batch_id, [held("G1")], [])
    with pytest.raises(InvariantError, match="shard 2 is not built yet"):
        ledger.batches.set_state(batch.batch_id, BatchState.BUILT, actor="ana", at=AT)


def test_set_state__unknown_batch(ledger: Ledger) -> None:
    with pytest.raises(InvariantError, match="2026-99-statement is not in the ledger"):
        ledger.batches.set_state("2026-99-statement", BatchState.BUILT, actor="ana", at=AT)
    assert ledger.batches.get("2026-99-statement") is None


def test_events__record_who_did_what_when_and_why(ledger: Ledger) -> None:
    batch = make_batch(ledger, [rendered("G1")], state=BatchState.BUILT)
    ledger.batches.set_state(batch.batch_id, BatchState.WAITING, actor="ana", at=later(1), why="volume")
    ledger.batches.release(batch.batch_id, actor="ben", at=later(2), why="looked at it")
    recorded = [
        (event.actor, event.what, event.subject, event.why) for event in ledger.events.for_batch(batch.batch_id)
    ]
    assert recorded == [
        ("ana", "open", batch.batch_id, ""),
        ("ana", "pulled", batch.batch_id, ""),
        ("service", "built", "shard 1", ""),
        ("ana", "built", batch.batch_id, ""),
        ("ana", "waiting", batch.batch_id, "volume"),
        ("ben", "released", batch.batch_id, "looked at it"),
    ]
    released = ledger.batches.get(batch.batch_id)
    assert released is not None
    assert (released.released_by, released.released_at) == ("ben", later(2))
    ledger.batches.set_state(batch.batch_id, BatchState.HANDING_OFF, actor="ben", at=later(3))
    ledger.batches.set_state(batch.batch_id, BatchState.CLOSED, actor="ben", at=later(4))
    assert [found.closed_at for found in ledger.batches.all()] == [later(4)]


SELECTED = selected("G1")


@pytest.mark.parametrize(
    ("candidates", "documents"),
    [
        pytest.param([SELECTED], [rendered("G1")], id="missing-candidate"),
        pytest.param([SELECTED, held("G2"), held("G3")], [rendered("G1")], id="extra-candidate"),
        pytest.param([SELECTED, SELECTED], [rendered("G1"), rendered("G1")], id="duplicate-candidate"),
        pytest.param([SELECTED, held("G2")], [], id="missing-document"),
        pytest.param([SELECTED, held("G2")], [rendered("G2")], id="document-of-held-candidate"),
        pytest.param([SELECTED, held("G2")], [rendered("G1"), rendered("G1")], id="duplicate-document"),
    ],
)
def test_record_built__missing_or_duplicate_rows_are_refused(
    ledger: Ledger, candidates: list[NewCandidate], documents: list[NewDocument]
) -> None:
    batch = open_batch(ledger)
    pull(ledger, batch.batch_id, [selected("G1"), held("G2")])
    with pytest.raises(InvariantError):
        build(ledger, batch.batch_id, candidates, documents)
    assert [shard.state for shard in ledger.shards.for_batch(batch.batch_id)] == [ShardState.PULLED]
    assert ledger.control_totals.get(batch.batch_id).counts.selected == 0


def test_record_built__same_guarantor_in_two_shards_records_nothing(ledger: Ledger) -> None:
    batch = open_batch(ledger)
    pull(ledger, batch.batch_id, [selected("G1")], [selected("G2"), selected("G1")])
    build(ledger, batch.batch_id, [selected("G1")], [rendered("G1")])
    with pytest.raises(InvariantError, match="breaks its rules"):
        build(ledger, batch.batch_id, [selected("G2"), selected("G1")], [rendered("G2"), rendered("G1")], sequence=2)
    assert [document.guarantor_id for document in ledger.documents.for_batch(batch.batch_id)] == ["G1"]


def test_record_built__twice_is_refused(ledger: Ledger) -> None:
    batch = make_batch(ledger, [rendered("G1")])
    with pytest.raises(InvariantError, match="shard 1 is built already"):
        build(ledger, batch.batch_id, [selected("G1")], [rendered("G1")])


def test_documents__are_read_as_recorded_in_mailing_order(ledger: Ledger) -> None:
    batch = open_batch(ledger)
    first = [selected("G9"), selected("G1"), selected("G5")]
    pull(ledger, batch.batch_id, first, [selected("G3")])
    new = [rendered("G9", accounts=("B2", "B1", "B3")), in_error("G1"), rendered("G5", channel=Channel.EMAIL)]
    build(ledger, batch.batch_id, [selected("G3")], [rendered("G3")], sequence=2)
    build(ledger, batch.batch_id, first, new)
    found = ledger.documents.for_batch(batch.batch_id)
    assert [document.guarantor_id for document in found] == ["G9", "G1", "G5", "G3"]
    assert [(document.sequence, document.position) for document in found] == [(1, 1), (1, 2), (1, 3), (2, 1)]
    assert found[0].accounts == ("B2", "B1", "B3")
    same = [name for name in new[0].__struct_fields__ if name != "accounts"]
    assert [getattr(found[1], name) for name in same] == [getattr(new[1], name) for name in same]
    assert (found[0].pack_key, found[0].template_version) == ("packs/2026-11-statement/00001.zip", "t1")
    assert [
        document.guarantor_id for document in ledger.documents.for_batch(batch.batch_id, channel=Channel.EMAIL)
    ] == ["G5"]
    assert [one.guarantor_id for one in ledger.documents.for_batch(batch.batch_id, state=DocumentState.ERROR)] == ["G1"]
    assert [document.guarantor_id for document in ledger.documents.for_batch(batch.batch_id, sequence=2)] == ["G3"]
    assert ledger.documents.get(found[0].document_id) == found[0]
    assert ledger.documents.get("none") is None


def test_control_totals__foot_to_the_cent_and_count_holds_by_code(ledger: Ledger) -> None:
    batch = open_batch(ledger)
    credit = Hold(code="CREDIT", account_number="A7")
    candidates = [
        selected("G1", amount=100_00, balance=70_00, holds=[credit]),  # a credit of 30.00 is held, not offset
        selected("G2", amount=50_00, balance=65_00, holds=[Hold(code="INS_PEND", account_number="A8")]),
        selected("G3", amount=9_99),
        held("G4", balance=3_00, holds=[HOLD, Hold(code="BANKRUPT")]),
        held("G5", balance=-4_00, holds=[Hold(code="CREDIT", account_number="A9"), Hold(code="CREDIT")]),
        faulty("row:charges:7", balance=40_01),
    ]
    pull(ledger, batch.batch_id, candidates)
    documents = [rendered("G1", amount=100_00), rendered("G2", amount=50_00, channel=Channel.EMAIL)]
    build(ledger, batch.batch_id, candidates, [*documents, in_error("G3", amount=9_99)])
    totals = ledger.control_totals.get(batch.batch_id)
    counts, cents = totals.counts, totals.cents
    assert (counts.pulled, counts.selected, counts.held, counts.exceptions) == (6, 3, 2, 1)
    assert cents.pulled == 7000 + 6500 + 999 + 300 - 400 + 4001
    assert (cents.selected, cents.held, cents.exceptions) == (15_999, -3000 + 1500 + 300 - 400, 4001)
    assert cents.pulled == cents.selected + cents.held + cents.exceptions
    assert (counts.rendered, counts.errors, counts.print, counts.email) == (2, 1, 1, 1)
    assert (cents.rendered, cents.errors, cents.print, cents.email) == (15_000, 999, 10_000, 5000)
    assert cents.selected == cents.rendered + cents.errors
    assert totals.holds == {"BANKRUPT": 1, "CREDIT": 2, "INS_PEND": 1, "MINBAL": 1}
    assert totals.largest_cents == 100_00


def test_work_lists__every_hold_and_exception_with_its_reason(ledger: Ledger) -> None:
    batch = open_batch(ledger)
    candidates = [selected("G3"), held("G4", holds=[HOLD, Hold(code="BANKRUPT", until=AS_OF)]), faulty("G6")]
    pull(ledger, batch.batch_id, candidates)
    build(ledger, batch.batch_id, candidates, [in_error("G3")])
    [line] = ledger.candidates.held(batch.batch_id)
    assert (line.subject, line.outcome, line.held_cents) == ("G4", Outcome.HELD, 3_00)
    assert line.holds == (HOLD, Hold(code="BANKRUPT", until=AS_OF))
    row, page = ledger.candidates.exceptions(batch.batch_id)
    assert (row.subject, row.document_id, row.code, row.column, row.fix) == ("G6", None, "DATE", "service_from", "add")
    assert (row.result_set, row.row_key, row.message) == (FAULT.result_set, FAULT.row_key, FAULT.message)
    assert (page.guarantor_id, page.document_id, page.code) == ("G3", in_error("G3").document_id, "GLYPH")
    assert (page.message, page.fix) == ("no font has U+4E00", "use a transliteration")


def test_reopen_shard__discards_everything_it_was_built_into(ledger: Ledger) -> None:
    batch = open_batch(ledger)
    candidates = [selected("G1"), held("G2")]
    pull(ledger, batch.batch_id, candidates)
    build(ledger, batch.batch_id, candidates, [in_error("G1")])
    for state in (BatchState.BUILT, BatchState.WAITING):
        ledger.batches.set_state(batch.batch_id, state, actor="ana", at=AT)
    for _ in range(2):
        ledger.shards.reopen(batch.batch_id, 1, actor="ana", at=AT)
    reopened = ledger.batches.get(batch.batch_id)
    assert reopened is not None
    assert reopened.state is BatchState.PULLED
    assert (ledger.documents.for_batch(batch.batch_id), ledger.candidates.held(batch.batch_id)) == ([], [])
    build(ledger, batch.batch_id, candidates, [rendered("G1")])
    assert ledger.control_totals.get(batch.batch_id).counts.rendered == 1


def test_reopen_shard__is_refused_after_release(ledger: Ledger) -> None:
    batch = make_batch(ledger, [rendered("G1")], state=BatchState.RELEASED)
    with pytest.raises(LedgerError, match="is released: its shards can no longer be built again"):
        ledger.shards.reopen(batch.batch_id, 1, actor="ana", at=AT)
    assert len(ledger.documents.for_batch(batch.batch_id)) == 1


def test_open_kinds__of_other_unfinished_batches(ledger: Ledger) -> None:
    mine = make_batch(ledger, [rendered("G1"), rendered("G2"), rendered("G3")])
    letters = [rendered(name, kind=Kind.DUNNING, level=2) for name in ("G1", "G2", "G3")]
    other = make_batch(ledger, letters, kind=Kind.DUNNING)
    ledger.documents.withhold(letters[1].document_id, [HOLD], actor="ana", at=AT)
    ledger.print_files.claim(print_file(other.batch_id, letters[2:]), at=AT)
    found = ledger.documents.open_kinds("LAKESIDE", ["G1", "G2", "G3", "G4"], excluding_batch=mine.batch_id)
    assert found == {"G1": (Kind.DUNNING,), "G3": (Kind.DUNNING,)}
    assert ledger.documents.open_kinds("OTHER", ["G1"], excluding_batch=mine.batch_id) == {}
    ledger.batches.set_state(other.batch_id, BatchState.CLOSED, actor="ana", at=AT)
    assert ledger.documents.open_kinds("LAKESIDE", ["G1"], excluding_batch=mine.batch_id) == {}


def test_open_kinds__many_ids_and_special_characters(ledger: Ledger) -> None:
    odd = ["G'1", 'G"2', "G\\3", "G,4", "{G5}", "G 6", "Gé7", "null", "NULL", "8", "%s", ":ids", "G😀"]
    ids = [*odd, *(f"H{n}" for n in range(2 * IDS_MAX))]
    make_batch(ledger, [rendered(each, kind=Kind.DUNNING, level=2) for each in ids], kind=Kind.DUNNING)
    found = ledger.documents.open_kinds("LAKESIDE", ["G", *ids, "I"], excluding_batch="another")
    assert found == dict.fromkeys(ids, (Kind.DUNNING,))
    assert ledger.documents.open_kinds("LAKESIDE", [], excluding_batch="another") == {}


def test_find__by_document_prefix_guarantor_account_and_batch(ledger: Ledger) -> None:
    old, new = rendered("G1", cycle="2026-10"), rendered("G1")
    make_batch(ledger, [old], cycle="2026-10")
    batch = make_batch(ledger, [new, rendered("G2", accounts=("A-G1", "A-9"))])
    ledger.print_files.claim(print_file(batch.batch_id, [new]), at=AT)
    both = {old.document_id, new.document_id}

    def ids(text: str, limit: int = 50) -> set[str]:
        return {found.document.document_id for found in ledger.documents.find(text, limit)}

    assert ids(new.document_id) == ids(new.document_id[:8]) == ids(new.document_id[:8].upper()) == {new.document_id}
    assert ids(new.document_id[:7]) == set()
    assert ids("G1") == both
    assert ids("A-9") == {rendered("G2").document_id}
    assert ids("A-G1") == both | {rendered("G2").document_id}
    assert len(ids(batch.batch_id)) == 2
    assert len(ids("A-G1", limit=2)) == 2
    assert ids("G_") == ids("%") == ids("") == set()
    [found] = ledger.documents.find(new.document_id)
    assert [attempt.print_file for attempt in found.deliveries] == ["STMT_001.pdf"]


def test_find__by_guarantor_includes_other_recipients(ledger: Ledger) -> None:
    ids = ("G1", "G1+K1", "G1+Ké", "G10", "G10+K1", "G1-K1", "G1,K1")
    documents = {each: rendered(each, accounts=(f"A-{number}",)) for number, each in enumerate(ids)}
    make_batch(ledger, list(documents.values()))

    def recipients(text: str) -> set[str]:
        return {found.document.guarantor_id for found in ledger.documents.find(text)}

    assert recipients("G1") == {"G1", "G1+K1", "G1+Ké"}
    assert recipients("G1+K1") == {"G1+K1"}
    assert recipients("G10") == {"G10", "G10+K1"}


def test_mailing_history__of_one_recipient(ledger: Ledger) -> None:
    """What the guarantor got does not start the clocks of a patient with a confidential address."""
    parent = rendered("G1", cycle="2026-10", accounts=("A-1",))
    patient = rendered("G1+K1", accounts=("A-1",))
    for each, cycle in ((parent, "2026-10"), (patient, "2026-11")):
        batch = make_batch(ledger, [each], cycle=cycle)
        ledger.print_files.claim(print_file(batch.batch_id, [each], name=f"STMT_{cycle}.pdf"), at=AT)
        ledger.print_files.mark(f"STMT_{cycle}.pdf", DeliveryState.COMMITTING, at=AT)
        ledger.print_files.mark(f"STMT_{cycle}.pdf", DeliveryState.SENT, receipt={}, at=AT, mailed_on=AT.date())
    history = ledger.mailing_history
    assert history.by_account("LAKESIDE", ["A-1"])["A-1"].statements_sent == 2
    assert history.by_account("LAKESIDE", ["A-1"], recipient="G1+K1")["A-1"].statements_sent == 1
    assert history.by_account("LAKESIDE", ["A-1"], recipient="G1+K9") == {}
    assert history.by_account("LAKESIDE", ["A-1"], recipient="G1+K1", excluding_batch="2026-11-statement") == {}


def test_record_pull__unknown_batch(ledger: Ledger) -> None:
    shard = NewShard(sequence=1, snapshot_key="k", snapshot_sha256=SHA, candidates=1, cents=1)
    with pytest.raises(InvariantError, match="not in the ledger"):
        ledger.batches.record_pull("none", [shard], actor="ana", at=AT)
    with pytest.raises(InvariantError, match="not in the ledger"):
        ledger.batches.next_pull_attempt("none")


def test_all__a_month_is_among_its_days(ledger: Ledger) -> None:
    for cycle, as_of in (
        ("2026-11-01", date(2026, 11, 1)),
        ("2026-11", date(2026, 11, 2)),
        ("2026-11-03", date(2026, 11, 3)),
    ):
        ledger.batches.open(
            batch_id=f"{cycle}-statement",
            facility_id=FACILITY,
            kind=Kind.STATEMENT,
            cycle=cycle,
            as_of=as_of,
            source="reference",
            limit=None,
            actor="ana",
            at=AT,
        )
    assert [batch.cycle for batch in ledger.batches.all(limit=2)] == ["2026-11-03", "2026-11"]
