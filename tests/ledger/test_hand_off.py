"""Hand-offs are claimed before and recorded after: nothing is sent twice, even when a process dies in between."""

from __future__ import annotations

import pytest

from statement_builder.billing.model import Correspondence
from statement_builder.billing.selection import Channel, Kind
from statement_builder.errors import DocumentsWithheld, InvariantError
from statement_builder.ledger import BatchState, DeliveryState, DocumentState, Ledger
from statement_builder.ledger.states import require_delivery_move
from statement_builder.policy.due_dates import next_letter_level
from tests.ledger.world import (
    AT,
    FACILITY,
    HOLD,
    MAILED_ON,
    claim_email,
    later,
    make_batch,
    mark_email,
    print_file,
    rendered,
)

TWO = (rendered("G1", amount=10_00), rendered("G2", amount=20_00))
MAIL = rendered("G3", channel=Channel.EMAIL)


def test_print_file__sent_hands_off_every_document_in_it(ledger: Ledger) -> None:
    batch = make_batch(ledger, TWO)
    claimed = ledger.print_files.claim(print_file(batch.batch_id, TWO), at=AT)
    assert (claimed.is_new, claimed.state, claimed.attempt) == (True, DeliveryState.CLAIMED, 1)
    ledger.print_files.mark("STMT_001.pdf", DeliveryState.COMMITTING, at=later(1))
    ledger.print_files.mark("STMT_001.pdf", DeliveryState.SENT, receipt={"file": "x"}, at=later(2), mailed_on=MAILED_ON)
    assert [document.state for document in ledger.documents.for_batch(batch.batch_id)] == [DocumentState.HANDED_OFF] * 2
    [stored] = ledger.print_files.for_batch(batch.batch_id)
    assert (stored.state, stored.receipt, stored.documents) == (
        DeliveryState.SENT,
        {"file": "x"},
        tuple(document.document_id for document in TWO),
    )
    figures = ledger.control_totals.get(batch.batch_id)
    assert (figures.counts.handed_off, figures.cents.handed_off) == (2, 30_00)


def test_print_file__second_claim_returns_the_file_unchanged(ledger: Ledger, ledger_url: str) -> None:
    batch = make_batch(ledger, TWO)
    ledger.print_files.claim(print_file(batch.batch_id, TWO), at=AT)
    ledger.print_files.mark("STMT_001.pdf", DeliveryState.COMMITTING, at=AT)
    with Ledger.open(ledger_url) as after_crash:
        found = after_crash.print_files.claim(print_file(batch.batch_id, TWO), at=later(60))
    assert (found.is_new, found.state) == (False, DeliveryState.COMMITTING)
    assert len(ledger.deliveries.for_document(TWO[0].document_id)) == 1


def test_print_file__failed_file_is_claimed_again_without_withheld_documents(ledger: Ledger) -> None:
    batch = make_batch(ledger, TWO)
    ledger.print_files.claim(print_file(batch.batch_id, TWO), at=AT)
    ledger.print_files.mark("STMT_001.pdf", DeliveryState.FAILED, at=AT)
    assert ledger.documents.withhold(TWO[1].document_id, [HOLD], actor="ana", at=AT)
    second = ledger.print_files.claim(print_file(batch.batch_id, TWO[:1]), at=later(5))
    assert (second.is_new, second.attempt, second.documents) == (True, 2, (TWO[0].document_id,))
    attempts = ledger.deliveries.for_document(TWO[0].document_id)
    assert [(one.attempt, one.state) for one in attempts] == [(1, DeliveryState.FAILED), (2, DeliveryState.CLAIMED)]
    ledger.print_files.mark("STMT_001.pdf", DeliveryState.SENT, at=later(6), mailed_on=MAILED_ON)
    states = {document.guarantor_id: document.state for document in ledger.documents.for_batch(batch.batch_id)}
    assert states == {"G1": DocumentState.HANDED_OFF, "G2": DocumentState.WITHHELD}


def test_print_file__document_in_another_file_claims_nothing(ledger: Ledger) -> None:
    batch = make_batch(ledger, TWO)
    ledger.print_files.claim(print_file(batch.batch_id, TWO[:1], name="STMT_001.pdf"), at=AT)
    with pytest.raises(InvariantError, match=TWO[0].document_id):
        ledger.print_files.claim(print_file(batch.batch_id, TWO, name="STMT_002.pdf"), at=AT)
    assert [stored.name for stored in ledger.print_files.for_batch(batch.batch_id)] == ["STMT_001.pdf"]
    assert ledger.deliveries.for_document(TWO[1].document_id) == ()


@pytest.mark.parametrize("state", [BatchState.PULLED, BatchState.BUILT], ids=str)
def test_claim__is_refused_before_the_release(ledger: Ledger, state: BatchState) -> None:
    batch = make_batch(ledger, [*TWO, MAIL], state=BatchState.BUILT)
    if state is BatchState.PULLED:
        ledger.batches.set_state(batch.batch_id, state, actor="ana", at=AT)
    with pytest.raises(InvariantError, match="nothing of it may be handed off"):
        ledger.print_files.claim(print_file(batch.batch_id, TWO), at=AT)
    with pytest.raises(InvariantError, match="nothing of it may be handed off"):
        claim_email(ledger, MAIL.document_id, at=AT)


def test_email__claim_commit_and_send(ledger: Ledger, ledger_url: str) -> None:
    batch = make_batch(ledger, [MAIL])
    claim = claim_email(ledger, MAIL.document_id, at=AT)
    assert (claim.is_new, claim.attempt) == (True, 1)
    with Ledger.open(ledger_url) as after_crash:
        second = claim_email(after_crash, MAIL.document_id, at=later(9))
    assert (second.is_new, second.delivery_id) == (False, claim.delivery_id)
    for _ in range(2):
        mark_email(
            ledger, claim.delivery_id, DeliveryState.SENT, receipt={"id": "<m>"}, at=later(10), mailed_on=MAILED_ON
        )
    assert claim_email(ledger, MAIL.document_id, at=later(11)).state is DeliveryState.SENT
    assert ledger.control_totals.get(batch.batch_id).counts.handed_off == 1
    assert ledger.mailing_history.by_account(FACILITY, ["A-G3"])["A-G3"].statements_sent == 1


def test_email__refused_document_is_printed_as_the_next_attempt(ledger: Ledger) -> None:
    batch = make_batch(ledger, [MAIL])
    claim = claim_email(ledger, MAIL.document_id, at=AT)
    with pytest.raises(InvariantError, match="on its way"):
        ledger.documents.change_channel(MAIL.document_id, Channel.PRINT, actor="service", at=AT, why="550")
    mark_email(ledger, claim.delivery_id, DeliveryState.FAILED, receipt={"code": "550"}, at=AT)
    assert ledger.control_totals.get(batch.batch_id).counts.failed == 1
    ledger.documents.change_channel(MAIL.document_id, Channel.PRINT, actor="service", at=AT, why="550")
    ledger.print_files.claim(print_file(batch.batch_id, [MAIL]), at=AT)
    assert [(one.attempt, one.channel) for one in ledger.deliveries.for_document(MAIL.document_id)] == [
        (1, Channel.EMAIL),
        (2, Channel.PRINT),
    ]
    counts = ledger.control_totals.get(batch.batch_id).counts
    assert (counts.rendered, counts.print, counts.email, counts.failed) == (1, 1, 0, 0)


@pytest.mark.parametrize(
    ("sent", "document_state"), [(True, DocumentState.HANDED_OFF), (False, DocumentState.RENDERED)]
)
def test_resolve__operator_decides_an_uncertain_email(
    ledger: Ledger, sent: bool, document_state: DocumentState
) -> None:
    batch = make_batch(ledger, [MAIL])
    claim = claim_email(ledger, MAIL.document_id, at=AT)
    mark_email(ledger, claim.delivery_id, DeliveryState.COMMITTING, at=AT)
    mark_email(ledger, claim.delivery_id, DeliveryState.UNCERTAIN, receipt={"evidence": "EOF"}, at=AT)
    assert ledger.control_totals.get(batch.batch_id).counts.uncertain == 1
    ledger.deliveries.resolve(
        MAIL.document_id, sent=sent, actor="ben", at=later(60), why="asked the patient", mailed_on=MAILED_ON
    )
    assert [document.state for document in ledger.documents.for_batch(batch.batch_id)] == [document_state]
    last = ledger.events.for_batch(batch.batch_id)[-1]
    assert (last.actor, last.why, last.subject) == ("ben", "asked the patient", MAIL.document_id)
    assert ledger.deliveries.for_document(MAIL.document_id)[0].receipt == {"evidence": "EOF"}


def test_resolve__one_piece_resolves_its_whole_print_file(ledger: Ledger) -> None:
    batch = make_batch(ledger, TWO)
    ledger.print_files.claim(print_file(batch.batch_id, TWO), at=AT)
    ledger.print_files.mark("STMT_001.pdf", DeliveryState.UNCERTAIN, at=AT)
    ledger.deliveries.resolve(
        TWO[0].document_id, sent=True, actor="ben", at=AT, why="vendor called", mailed_on=MAILED_ON
    )
    assert ledger.control_totals.get(batch.batch_id).counts.handed_off == 2
    assert ledger.print_files.for_batch(batch.batch_id)[0].state is DeliveryState.SENT


def test_resolve__without_a_date_counts_from_the_day_of_the_claim(ledger: Ledger) -> None:
    make_batch(ledger, [MAIL])
    claim = claim_email(ledger, MAIL.document_id, at=AT)
    mark_email(ledger, claim.delivery_id, DeliveryState.UNCERTAIN, at=AT)
    ledger.deliveries.resolve(MAIL.document_id, sent=True, actor="ben", at=later(60 * 24 * 9), why="asked the patient")
    assert ledger.mailing_history.by_account(FACILITY, ["A-G3"])["A-G3"].last_mailed_on == AT.date()


def test_resolve__without_an_uncertain_attempt_is_refused(ledger: Ledger) -> None:
    make_batch(ledger, [MAIL])
    with pytest.raises(InvariantError, match="nothing to resolve"):
        ledger.deliveries.resolve(MAIL.document_id, sent=True, actor="ben", at=AT, why="guess")


def test_claim__document_of_another_batch_claims_nothing(ledger: Ledger) -> None:
    older = make_batch(ledger, [rendered("G1", cycle="2026-10")], cycle="2026-10")
    batch = make_batch(ledger, TWO)
    both = [*TWO, rendered("G1", cycle="2026-10")]
    with pytest.raises(InvariantError, match="cannot be claimed"):
        ledger.print_files.claim(print_file(batch.batch_id, both), at=AT)
    pending = [*ledger.documents.pending(older.batch_id), *ledger.documents.pending(batch.batch_id)]
    assert [each.delivery_state for each in pending] == [None] * 3


def test_withhold__is_too_late_for_a_live_attempt(ledger: Ledger) -> None:
    batch = make_batch(ledger, TWO)
    ledger.print_files.claim(print_file(batch.batch_id, TWO[:1]), at=AT)
    assert not ledger.documents.withhold(TWO[0].document_id, [HOLD], actor="ana", at=AT)
    for _ in range(2):
        assert ledger.documents.withhold(TWO[1].document_id, [HOLD], actor="ana", at=AT)
    with pytest.raises(DocumentsWithheld) as caught:
        ledger.print_files.claim(print_file(batch.batch_id, TWO[1:], name="STMT_002.pdf"), at=AT)
    assert caught.value.document_ids == (TWO[1].document_id,)
    [late] = ledger.candidates.held(batch.batch_id)
    assert (late.subject, late.holds, late.late_holds) == ("G2", (), (HOLD,))
    figures = ledger.control_totals.get(batch.batch_id)
    assert (figures.counts.withheld, figures.cents.withheld, figures.holds) == (1, 20_00, {"MINBAL": 1})


def test_clocks__start_once_when_sent(ledger: Ledger) -> None:
    batch = make_batch(ledger, TWO)
    ledger.print_files.claim(print_file(batch.batch_id, TWO), at=AT)
    ledger.print_files.mark("STMT_001.pdf", DeliveryState.COMMITTING, at=AT)
    assert ledger.mailing_history.by_account(FACILITY, ["A-G1", "A-G2"]) == {}
    for _ in range(2):
        ledger.print_files.mark("STMT_001.pdf", DeliveryState.SENT, at=AT, mailed_on=MAILED_ON)
    once = Correspondence(first_statement_on=MAILED_ON, statements_sent=1, last_level=0, last_mailed_on=MAILED_ON)
    assert ledger.mailing_history.by_account(FACILITY, ["A-G1", "A-G2", "A-NONE"]) == {"A-G1": once, "A-G2": once}
    assert ledger.mailing_history.by_account("OTHER", ["A-G1"]) == {}


def test_clocks__letter_raises_the_level_and_keeps_the_first_statement_date(ledger: Ledger) -> None:
    letter = rendered("G1", cycle="2026-12", kind=Kind.DUNNING, level=2)
    for documents, cycle, kind, on in (
        (TWO[:1], "2026-11", Kind.STATEMENT, MAILED_ON),
        ([letter], "2026-12", Kind.DUNNING, MAILED_ON.replace(month=12)),
    ):
        batch = make_batch(ledger, documents, cycle=cycle, kind=kind)
        ledger.print_files.claim(print_file(batch.batch_id, documents, name=cycle), at=AT)
        ledger.print_files.mark(cycle, DeliveryState.SENT, at=AT, mailed_on=on)
    assert ledger.mailing_history.by_account(FACILITY, ["A-G1"]) == {
        "A-G1": Correspondence(
            first_statement_on=MAILED_ON,
            statements_sent=1,
            last_level=2,
            last_mailed_on=MAILED_ON.replace(month=12),
            highest_level=2,
        )
    }


@pytest.mark.parametrize("in_order", [True, False], ids=["receipts-in-order", "late-receipt-of-the-letter"])
def test_clocks__statement_after_a_letter_does_not_set_the_ladder_back(ledger: Ledger, in_order: bool) -> None:
    """A statement about a payment plan follows a letter. When the plan ends, the next letter is the next level."""
    letter = rendered("G1", cycle="2026-11", kind=Kind.DUNNING, level=2)
    mailings = [
        ([letter], "2026-11", Kind.DUNNING, MAILED_ON),
        ([rendered("G1", cycle="2026-12", level=1)], "2026-12", Kind.STATEMENT, MAILED_ON.replace(month=12)),
    ]
    for documents, cycle, kind, on in mailings if in_order else mailings[::-1]:
        batch = make_batch(ledger, documents, cycle=cycle, kind=kind)
        ledger.print_files.claim(print_file(batch.batch_id, documents, name=cycle), at=AT)
        ledger.print_files.mark(cycle, DeliveryState.SENT, at=AT, mailed_on=on)
    read = ledger.mailing_history.by_account
    for mailed in (read(FACILITY, ["A-G1"]), read(FACILITY, ["A-G1"], recipient="G1")):
        found = mailed["A-G1"]
        assert (found.last_level, found.last_mailed_on) == (1, MAILED_ON.replace(month=12))
        assert next_letter_level(found) == 3


def test_clocks__late_receipt_does_not_reset_them(ledger: Ledger) -> None:
    letter = rendered("G1", cycle="2026-12", kind=Kind.DUNNING, level=2)
    for documents, cycle, kind, on in (
        ([letter], "2026-12", Kind.DUNNING, MAILED_ON.replace(month=12)),
        (TWO[:1], "2026-11", Kind.STATEMENT, MAILED_ON),
    ):
        batch = make_batch(ledger, documents, cycle=cycle, kind=kind)
        ledger.print_files.claim(print_file(batch.batch_id, documents, name=cycle), at=AT)
        ledger.print_files.mark(cycle, DeliveryState.SENT, at=AT, mailed_on=on)
    mailed = ledger.mailing_history.by_account(FACILITY, ["A-G1"])["A-G1"]
    assert (mailed.first_statement_on, mailed.last_level) == (MAILED_ON, 2)
    assert mailed.last_mailed_on == MAILED_ON.replace(month=12)


def test_clocks__obstetric_notice_counts_for_its_episode_only(ledger: Ledger) -> None:
    notice = rendered("G1", kind=Kind.OB_NOTICE, accounts=(), episode="EP1")
    batch = make_batch(ledger, [notice], kind=Kind.OB_NOTICE)
    ledger.print_files.claim(print_file(batch.batch_id, [notice]), at=AT)
    ledger.print_files.mark("STMT_001.pdf", DeliveryState.SENT, at=AT, mailed_on=MAILED_ON)
    assert ledger.mailing_history.by_episode(FACILITY, ["EP1", "EP2"]) == {"EP1": (1, MAILED_ON)}
    assert ledger.mailing_history.by_account(FACILITY, ["EP1", "A-G1"]) == {}


LEGAL = {
    ("claimed", "committing"),
    ("claimed", "sent"),
    ("claimed", "failed"),
    ("claimed", "uncertain"),
    ("committing", "sent"),
    ("committing", "failed"),
    ("committing", "uncertain"),
    ("uncertain", "sent"),
    ("uncertain", "failed"),
    ("sent", "acknowledged"),
    ("sent", "mailed"),
    ("sent", "delivered"),
    ("sent", "rejected"),
    ("sent", "recalled"),
    ("sent", "returned"),
    ("sent", "bounced"),
    ("sent", "unread"),
    ("acknowledged", "mailed"),
    ("acknowledged", "delivered"),
    ("acknowledged", "rejected"),
    ("acknowledged", "recalled"),
    ("acknowledged", "returned"),
    ("mailed", "delivered"),
    ("mailed", "returned"),
    ("delivered", "returned"),
    ("delivered", "unread"),
    ("unread", "delivered"),
}


@pytest.mark.parametrize("then", list(DeliveryState), ids=str)
@pytest.mark.parametrize("now", list(DeliveryState), ids=str)
def test_delivery_moves(now: DeliveryState, then: DeliveryState) -> None:
    if (now.value, then.value) in LEGAL:
        require_delivery_move("delivery d.1", now, then)
    else:
        with pytest.raises(InvariantError, match=rf"delivery d\.1 is {now}: it cannot become {then}"):
            require_delivery_move("delivery d.1", now, then)


def test_mark__sent_and_failed_are_final(ledger: Ledger) -> None:
    batch = make_batch(ledger, [*TWO, MAIL])
    ledger.print_files.claim(print_file(batch.batch_id, TWO), at=AT)
    ledger.print_files.mark("STMT_001.pdf", DeliveryState.SENT, at=AT, mailed_on=MAILED_ON)
    claim = claim_email(ledger, MAIL.document_id, at=AT)
    mark_email(ledger, claim.delivery_id, DeliveryState.FAILED, at=AT)
    for state in (DeliveryState.CLAIMED, DeliveryState.COMMITTING, DeliveryState.UNCERTAIN):
        with pytest.raises(InvariantError, match=r"print file STMT_001\.pdf is sent"):
            ledger.print_files.mark("STMT_001.pdf", state, at=AT)
        with pytest.raises(InvariantError, match="is failed"):
            mark_email(ledger, claim.delivery_id, state, at=AT)
    assert ledger.control_totals.get(batch.batch_id).counts.handed_off == 2
