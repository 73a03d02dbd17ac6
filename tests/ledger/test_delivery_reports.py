"""Delivery reports in any order: clocks, suppressions and redeliveries follow, each exactly once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from statement_builder.billing.selection import Channel, Kind
from statement_builder.errors import DeliveryReportError, DocumentsWithheld, InvariantError
from statement_builder.ledger import (
    DeliveryState,
    DocumentState,
    FinalVendorStatus,
    InboundFile,
    Ledger,
    NewDocument,
    SuppressionCode,
)
from tests.ledger.world import (
    AT,
    FACILITY,
    HOLD,
    MAILED_ON,
    SHA,
    claim_email,
    later,
    make_batch,
    mark_email,
    print_file,
    rendered,
)

TWO = (rendered("G1", amount=10_00), rendered("G2", amount=20_00))
MAIL = rendered("G3", channel=Channel.EMAIL)
NAME = "STMT_001"
LATER_ON = MAILED_ON + timedelta(days=9)
S = DeliveryState


def hand_off(
    ledger: Ledger, documents: tuple[NewDocument, ...] = TWO, *, reports: FinalVendorStatus = FinalVendorStatus.MAILED
) -> str:
    """A batch whose print file is at the vendor."""
    batch_id = make_batch(ledger, documents).batch_id
    put_in_file(ledger, batch_id, documents, NAME, reports)
    return batch_id


def put_in_file(
    ledger: Ledger,
    batch_id: str,
    documents: tuple[NewDocument, ...],
    name: str,
    reports: FinalVendorStatus,
    on: date = MAILED_ON,
    *,
    readdressed: dict[str, str] | None = None,
) -> None:
    file = msgspec.structs.replace(print_file(batch_id, documents, name=name), reports=reports)
    ledger.print_files.claim(file, readdressed=readdressed, at=AT)
    ledger.print_files.mark(name, S.SENT, at=AT, mailed_on=on)


def acknowledge(ledger: Ledger, *, sha256: str = SHA, records: int = 2, name: str = NAME) -> bool:
    return ledger.delivery_reports.acknowledge_print_file(
        name, sha256=sha256, records=records, on=MAILED_ON, at=later(5), why="ack.csv"
    )


def report(ledger: Ledger, state: DeliveryState, guarantor: int = 0, *, on: date = LATER_ON, file: str = "") -> bool:
    return ledger.delivery_reports.record_piece(
        TWO[guarantor].document_id, state, print_file=file, digest="d1", on=on, at=later(60), why="reports.csv"
    )


def report_death(ledger: Ledger, document: NewDocument, state: DeliveryState = S.RETURNED) -> bool:
    """The letter was returned, or not printed, because its addressee has died."""
    return ledger.delivery_reports.record_piece(
        document.document_id, state, says_deceased=True, on=LATER_ON, at=later(60), why="DEC"
    )


def bounce(ledger: Ledger, attempt: int = 1, *, is_final: bool = True) -> bool:
    return ledger.delivery_reports.record_bounce(
        MAIL.document_id, attempt, is_final=is_final, tries_max=3, on=LATER_ON, at=later(60), why="bounce.eml"
    )


def states(ledger: Ledger, document: NewDocument) -> list[str]:
    return [each.state.value for each in ledger.deliveries.for_document(document.document_id)]


def mailed_on(ledger: Ledger, guarantor: str = "G1") -> date | None:
    found = ledger.mailing_history.by_account(FACILITY, [f"A-{guarantor}"]).get(f"A-{guarantor}")
    return found.last_mailed_on if found else None


def test_figures__foot_at_every_step(ledger: Ledger) -> None:
    batch_id = hand_off(ledger)
    seen = []
    for act in (
        lambda: None,
        lambda: acknowledge(ledger),
        lambda: report(ledger, S.MAILED, 0),
        lambda: report(ledger, S.REJECTED, 1),
    ):
        act()
        counts, cents = ledger.control_totals.get(batch_id).counts, ledger.control_totals.get(batch_id).cents
        seen.append((counts.handed_off, counts.acknowledged, counts.mailed, counts.rejected))
        assert counts.rendered == counts.print + counts.email == 2
    assert seen == [(2, 0, 0, 0), (2, 2, 0, 0), (2, 2, 1, 0), (2, 2, 1, 1)]
    assert (cents.handed_off, cents.acknowledged, cents.mailed, cents.rejected) == (30_00, 30_00, 10_00, 20_00)


@pytest.mark.parametrize(
    ("reports", "figures"),
    [
        pytest.param(FinalVendorStatus.NOTHING, (2, 2), id="reports-nothing"),
        pytest.param(FinalVendorStatus.ACKNOWLEDGED, (0, 0), id="reports-acknowledgement"),
        pytest.param(FinalVendorStatus.MAILED, (0, 0), id="reports-mail"),
    ],
)
def test_figures__final_vendor_status_decides_when_a_piece_counts_as_mailed(
    ledger: Ledger, reports: FinalVendorStatus, figures: tuple[int, int]
) -> None:
    batch_id = hand_off(ledger, reports=reports)
    counts = ledger.control_totals.get(batch_id).counts
    assert (counts.acknowledged, counts.mailed) == figures
    assert mailed_on(ledger) == (MAILED_ON if reports is FinalVendorStatus.NOTHING else None)
    acknowledge(ledger)
    counts = ledger.control_totals.get(batch_id).counts
    assert counts.acknowledged == 2
    assert counts.mailed == (0 if reports is FinalVendorStatus.MAILED else 2)
    assert mailed_on(ledger) == (None if reports is FinalVendorStatus.MAILED else MAILED_ON)


def test_clocks__start_once_on_the_first_mailed_report(ledger: Ledger) -> None:
    hand_off(ledger)
    assert report(ledger, S.MAILED, on=LATER_ON)
    for state in (S.MAILED, S.DELIVERED, S.DELIVERED):
        report(ledger, state, on=LATER_ON + timedelta(days=3))
    found = ledger.mailing_history.by_account(FACILITY, ["A-G1"])["A-G1"]
    assert (found.first_statement_on, found.statements_sent, found.last_mailed_on) == (LATER_ON, 1, LATER_ON)


@pytest.mark.parametrize(
    ("first", "second", "moves"),
    [
        pytest.param(S.MAILED, S.MAILED, False, id="mailed-twice"),
        pytest.param(S.DELIVERED, S.MAILED, False, id="mailed-after-delivered"),
        pytest.param(S.RETURNED, S.MAILED, False, id="mailed-after-returned"),
        pytest.param(S.MAILED, S.RETURNED, True, id="returned-after-mailed"),
        pytest.param(S.DELIVERED, S.RETURNED, True, id="returned-after-delivered"),
    ],
)
def test_record_piece__late_or_repeated_report_changes_nothing(
    ledger: Ledger, first: DeliveryState, second: DeliveryState, moves: bool
) -> None:
    batch_id = hand_off(ledger)
    assert report(ledger, first)
    events = len(ledger.events.for_batch(batch_id))
    assert report(ledger, second) is moves
    assert states(ledger, TWO[0]) == [(second if moves else first).value]
    assert len(ledger.events.for_batch(batch_id)) == events + moves


@pytest.mark.parametrize(
    ("first", "second"), [(S.REJECTED, S.MAILED), (S.REJECTED, S.RETURNED), (S.MAILED, S.REJECTED)], ids=str
)
def test_record_piece__impossible_report_is_refused(
    ledger: Ledger, first: DeliveryState, second: DeliveryState
) -> None:
    hand_off(ledger)
    report(ledger, first)
    with pytest.raises(DeliveryReportError, match=f"is {first}: it cannot have become {second}"):
        report(ledger, second)
    assert states(ledger, TWO[0]) == [first.value]


def test_report__unknown_file_or_piece_never_handed_off_is_refused(ledger: Ledger) -> None:
    batch_id = make_batch(ledger, TWO).batch_id
    with pytest.raises(DeliveryReportError, match="not one of ours"):
        acknowledge(ledger, name="STMT_999")
    with pytest.raises(DeliveryReportError, match="never handed off on paper"):
        report(ledger, S.MAILED)
    ledger.print_files.claim(print_file(batch_id, TWO, name=NAME), at=AT)
    with pytest.raises(DeliveryReportError, match="the vendor cannot have it"):
        acknowledge(ledger)


@pytest.mark.parametrize(
    ("changed", "message"),
    [({"sha256": "0" * 64}, "different bytes"), ({"records": 1}, "the vendor counts 1")],
    ids=["bytes", "count"],
)
def test_acknowledge__of_a_different_file_is_refused(ledger: Ledger, changed: dict[str, object], message: str) -> None:
    batch_id = hand_off(ledger)
    with pytest.raises(DeliveryReportError, match=message):
        acknowledge(ledger, **changed)  # type: ignore[arg-type]
    assert ledger.control_totals.get(batch_id).counts.acknowledged == 0


def test_acknowledge__resolves_an_uncertain_file(ledger: Ledger) -> None:
    batch_id = make_batch(ledger, TWO).batch_id
    ledger.print_files.claim(print_file(batch_id, TWO, name=NAME), at=AT)
    ledger.print_files.mark(NAME, S.UNCERTAIN, receipt={"evidence": "line dropped"}, at=AT)
    assert acknowledge(ledger)
    assert ledger.print_files.for_batch(batch_id)[0].state is S.SENT
    assert [each.state for each in ledger.documents.for_batch(batch_id)] == [DocumentState.HANDED_OFF] * 2
    assert ledger.control_totals.get(batch_id).counts.uncertain == 0


def test_returned__resets_the_clocks_and_suppresses_the_address(ledger: Ledger) -> None:
    hand_off(ledger)
    report(ledger, S.MAILED)
    assert mailed_on(ledger) == LATER_ON
    assert report(ledger, S.RETURNED, on=LATER_ON + timedelta(days=8))
    assert mailed_on(ledger) is None
    ((suppression,),) = ledger.suppressions.by_guarantor(FACILITY, ["G1", "G2"]).values()
    assert (suppression.guarantor_id, suppression.code, suppression.digest) == ("G1", SuppressionCode.RETMAIL, "d1")
    assert suppression.document_id == TWO[0].document_id


def test_returned__from_two_addresses_suppresses_both(ledger: Ledger) -> None:
    batch_id = hand_off(ledger)
    report(ledger, S.RETURNED)
    ledger.redeliveries.schedule(TWO[0].document_id, readdressed=True, actor="ben", at=AT, why="new address")
    moved_to = {TWO[0].document_id: "d2"}
    put_in_file(ledger, batch_id, TWO[:1], "STMT_002", FinalVendorStatus.NOTHING, readdressed=moved_to)
    assert report(ledger, S.RETURNED, on=LATER_ON + timedelta(days=9))
    suppressions = ledger.suppressions.by_guarantor(FACILITY, ["G1"])["G1"]
    assert {(suppression.code, suppression.digest) for suppression in suppressions} == {
        (SuppressionCode.RETMAIL, "d1"),
        (SuppressionCode.RETMAIL, "d2"),
    }
    letter = rendered("G1", cycle="2026-12", kind=Kind.DUNNING, level=2)
    batch = make_batch(ledger, [letter], cycle="2026-12", kind=Kind.DUNNING)
    put_in_file(ledger, batch.batch_id, (letter,), "LTR_001", FinalVendorStatus.NOTHING)
    on = LATER_ON + timedelta(days=30)
    ledger.delivery_reports.record_piece(letter.document_id, S.RETURNED, digest="d1", on=on, at=later(99), why="nixie")
    assert {
        suppression.digest: suppression.since
        for suppression in ledger.suppressions.by_guarantor(FACILITY, ["G1"])["G1"]
    } == {
        "d1": on,
        "d2": LATER_ON + timedelta(days=9),
    }


def test_returned__keeps_the_clocks_of_other_mailings(ledger: Ledger) -> None:
    hand_off(ledger, reports=FinalVendorStatus.NOTHING)
    letter = rendered("G1", cycle="2026-12", kind=Kind.DUNNING, level=2)
    batch = make_batch(ledger, [letter], cycle="2026-12", kind=Kind.DUNNING)
    put_in_file(ledger, batch.batch_id, (letter,), "LTR_001", FinalVendorStatus.NOTHING, LATER_ON)
    assert ledger.mailing_history.by_account(FACILITY, ["A-G1"])["A-G1"].last_level == 2
    ledger.delivery_reports.record_piece(
        letter.document_id, S.RETURNED, digest="d1", on=LATER_ON, at=later(99), why="nixie"
    )
    found = ledger.mailing_history.by_account(FACILITY, ["A-G1"])["A-G1"]
    assert (found.first_statement_on, found.statements_sent) == (MAILED_ON, 1)
    assert (found.last_level, found.last_mailed_on) == (0, MAILED_ON)


@pytest.mark.parametrize("end", [S.RETURNED, S.REJECTED], ids=str)
def test_schedule__same_document_new_attempt_counted_once(ledger: Ledger, end: DeliveryState) -> None:
    batch_id = hand_off(ledger)
    with pytest.raises(DeliveryReportError, match="did not arrive"):
        ledger.redeliveries.schedule(TWO[0].document_id, readdressed=False, actor="ben", at=AT, why="lost")
    report(ledger, end)
    with pytest.raises(InvariantError, match="cannot be claimed"):
        ledger.print_files.claim(print_file(batch_id, TWO[:1], name="STMT_002"), at=AT)
    for _ in range(2):
        ledger.redeliveries.schedule(TWO[0].document_id, readdressed=True, actor="ben", at=AT, why="new address")
    assert ledger.redeliveries.due_batches(FACILITY) == [batch_id]
    (due,) = ledger.documents.pending(batch_id)
    assert (due.document_id, due.is_redelivery_due, due.readdressed) == (TWO[0].document_id, True, True)
    put_in_file(ledger, batch_id, TWO[:1], "STMT_002", FinalVendorStatus.MAILED)
    report(ledger, S.MAILED, on=LATER_ON + timedelta(days=20), file="STMT_002")
    assert states(ledger, TWO[0]) == [end.value, "mailed"]
    assert (ledger.documents.pending(batch_id), ledger.redeliveries.due_batches(FACILITY)) == ([], [])
    found = ledger.mailing_history.by_account(FACILITY, ["A-G1"])["A-G1"]
    assert (found.statements_sent, found.first_statement_on) == (1, LATER_ON + timedelta(days=20))
    assert [e.actor for e in ledger.events.for_batch(batch_id) if e.what == "resend"] == ["ben"]
    counts = ledger.control_totals.get(batch_id).counts
    assert (counts.handed_off, counts.mailed, counts.rejected, counts.returned) == (2, 1, 0, 0)


def test_schedule__new_hold_cancels_the_redelivery(ledger: Ledger) -> None:
    batch_id = hand_off(ledger)
    report(ledger, S.RETURNED)
    ledger.redeliveries.schedule(TWO[0].document_id, readdressed=True, actor="ben", at=AT, why="new address")
    assert ledger.documents.withhold(TWO[0].document_id, [HOLD], actor="service", at=AT)
    assert ledger.documents.pending(batch_id) == []
    with pytest.raises(DocumentsWithheld) as caught:
        ledger.print_files.claim(print_file(batch_id, TWO[:1], name="STMT_002"), at=AT)
    assert caught.value.document_ids == (TWO[0].document_id,)
    counts = ledger.control_totals.get(batch_id).counts
    assert (counts.handed_off, counts.withheld, counts.due_again) == (2, 0, 0)
    assert ledger.control_totals.get(batch_id).holds == {"MINBAL": 1}


def send_mail(ledger: Ledger, batch_id: str, attempt: int) -> None:
    claim = claim_email(ledger, MAIL.document_id, at=AT)
    assert claim.attempt == attempt
    mark_email(ledger, claim.delivery_id, S.SENT, at=AT, mailed_on=MAILED_ON)


def test_bounce__hard_switches_to_print_and_suppresses_email(ledger: Ledger) -> None:
    batch_id = make_batch(ledger, [MAIL]).batch_id
    send_mail(ledger, batch_id, 1)
    assert mailed_on(ledger, "G3") == MAILED_ON
    assert bounce(ledger)
    assert not bounce(ledger)
    assert mailed_on(ledger, "G3") is None
    (due,) = ledger.documents.pending(batch_id, channel=Channel.PRINT)
    assert due.is_redelivery_due
    assert [suppression.code for suppression in ledger.suppressions.by_guarantor(FACILITY, ["G3"])["G3"]] == [
        SuppressionCode.EMAIL
    ]
    counts = ledger.control_totals.get(batch_id).counts
    assert (counts.print, counts.email, counts.handed_off, counts.bounced, counts.due_again) == (1, 0, 1, 1, 1)
    put_in_file(ledger, batch_id, (MAIL,), NAME, FinalVendorStatus.NOTHING, LATER_ON)
    assert states(ledger, MAIL) == ["bounced", "sent"]
    assert mailed_on(ledger, "G3") == LATER_ON


def test_bounce__soft_is_printed_after_three_tries(ledger: Ledger) -> None:
    batch_id = make_batch(ledger, [MAIL]).batch_id
    for attempt in (1, 2, 3):
        send_mail(ledger, batch_id, attempt)
        assert bounce(ledger, attempt, is_final=False)
        (due,) = ledger.documents.pending(batch_id)
        assert due.channel is (Channel.PRINT if attempt == 3 else Channel.EMAIL)
    assert ledger.suppressions.by_guarantor(FACILITY, ["G3"]) == {}


def test_bounce__resolves_an_uncertain_email(ledger: Ledger) -> None:
    make_batch(ledger, [MAIL])
    claim = claim_email(ledger, MAIL.document_id, at=AT)
    mark_email(ledger, claim.delivery_id, S.UNCERTAIN, receipt={"evidence": "gone"}, at=AT)
    assert bounce(ledger)
    assert states(ledger, MAIL) == ["bounced"]


def test_confirm_email__resolves_only_an_uncertain_email(ledger: Ledger) -> None:
    batch_id = make_batch(ledger, [MAIL]).batch_id
    claim = claim_email(ledger, MAIL.document_id, at=AT)
    mark_email(ledger, claim.delivery_id, S.UNCERTAIN, receipt={"evidence": "gone"}, at=AT)
    confirm: dict[str, Any] = {"on": MAILED_ON, "at": later(60), "why": "event.json"}
    with pytest.raises(DeliveryReportError, match="no attempt 2 by e-mail"):
        ledger.delivery_reports.confirm_email(MAIL.document_id, 2, **confirm)
    assert ledger.delivery_reports.confirm_email(MAIL.document_id, 1, **confirm)
    assert not ledger.delivery_reports.confirm_email(MAIL.document_id, 1, **confirm)
    assert (states(ledger, MAIL), mailed_on(ledger, "G3")) == (["sent"], MAILED_ON)
    assert bounce(ledger)
    assert not ledger.delivery_reports.confirm_email(MAIL.document_id, 1, **confirm), (
        "a bounced message was accepted first"
    )
    assert states(ledger, MAIL) == ["bounced"]
    assert [each.why for each in ledger.events.for_batch(batch_id) if each.what == "sent"] == ["event.json"]


def test_find_email__by_the_mail_service_reference(ledger: Ledger) -> None:
    make_batch(ledger, [MAIL])
    claim = claim_email(ledger, MAIL.document_id, at=AT)
    mark_email(ledger, claim.delivery_id, S.SENT, receipt={"reference": "0100-aa_1", "server": "0100-aaZ1"}, at=AT)
    assert ledger.emails.find("0100-aa_1") == (MAIL.document_id, 1)
    assert ledger.emails.find("0100-aaZ1") is None
    assert ledger.emails.find("0100-aa") is None


def test_bounce__document_never_emailed_is_refused(ledger: Ledger) -> None:
    hand_off(ledger, (*TWO, MAIL))
    with pytest.raises(DeliveryReportError, match="no attempt 1 by e-mail"):
        bounce(ledger)


def test_inbound_file__is_identified_by_its_bytes(ledger: Ledger) -> None:
    taken = InboundFile(sha256=SHA, name="a.csv", form="returned", taken_at=AT, records=3, problems=0)
    assert ledger.inbound_files.find(SHA) is None
    for _ in range(2):
        ledger.inbound_files.record(taken)
    assert ledger.inbound_files.find(SHA) == taken


def test_awaiting_final_status__until_every_piece_has_its_final_status(ledger: Ledger) -> None:
    hand_off(ledger)

    def names() -> list[str]:
        return [file.name for file in ledger.print_files.awaiting_final_status(FACILITY)]

    assert names() == [NAME]
    acknowledge(ledger)
    report(ledger, S.MAILED, 0)
    assert names() == [NAME]
    report(ledger, S.REJECTED, 1)
    assert names() == []


def test_death__withholds_what_waits_in_every_batch_and_for_redelivery(ledger: Ledger) -> None:
    hand_off(ledger)
    report(ledger, S.REJECTED)
    ledger.redeliveries.schedule(TWO[0].document_id, readdressed=False, actor="ben", at=AT, why="again")
    letter = rendered("G1", cycle="2026-12", kind=Kind.DUNNING, level=2)
    email = rendered("G1", cycle="2027-01", channel=Channel.EMAIL)
    other = rendered("G2", cycle="2026-12", kind=Kind.DUNNING, level=2)
    make_batch(ledger, [letter, other], cycle="2026-12", kind=Kind.DUNNING)
    make_batch(ledger, [email], cycle="2027-01")
    assert report_death(ledger, TWO[0], S.REJECTED), "the rejection is known, and the death is news"
    assert not report_death(ledger, TWO[0], S.REJECTED)
    states = {each.document_id: ledger.documents.get(each.document_id) for each in (TWO[0], letter, email, other)}
    assert [(each.state.value, each.is_redelivery_due) for each in states.values() if each is not None] == [
        ("handed_off", False),
        ("withheld", False),
        ("withheld", False),
        ("rendered", False),
    ]
    ((suppression,),) = ledger.suppressions.by_guarantor(FACILITY, ["G1", "G2"]).values()
    assert (suppression.code, suppression.digest) == (SuppressionCode.DECEASED, "")


@pytest.mark.parametrize(
    ("dead", "expected"),
    [
        pytest.param(0, ["withheld", "withheld", "rendered"], id="the-guarantors-stops-every-recipient"),
        pytest.param(1, ["rendered", "withheld", "rendered"], id="another-recipients-stops-that-recipient"),
    ],
)
def test_death__withholds_the_waiting_mail_of_other_recipients(ledger: Ledger, dead: int, expected: list[str]) -> None:
    ids = ("G1", "G1+K1", "G10")
    mailed = [rendered(each, accounts=(f"A-{each}",)) for each in ids]
    hand_off(ledger, tuple(mailed))
    waiting = [rendered(each, accounts=(f"A-{each}",), cycle="2026-12") for each in ids]
    make_batch(ledger, waiting, cycle="2026-12")
    report_death(ledger, mailed[dead])
    found = [ledger.documents.get(each.document_id) for each in waiting]
    assert [each.state.value for each in found if each is not None] == expected


def test_death__of_a_report_that_is_refused_is_no_death(ledger: Ledger) -> None:
    """The document was e-mailed, so its letter cannot have come back."""
    send_mail(ledger, make_batch(ledger, [MAIL]).batch_id, 1)
    waiting = rendered("G3", cycle="2026-12")
    make_batch(ledger, [waiting], cycle="2026-12")
    with pytest.raises(DeliveryReportError, match="never handed off on paper"):
        report_death(ledger, MAIL)
    assert ledger.suppressions.by_guarantor(FACILITY, ["G3"]) == {}
    found = ledger.documents.get(waiting.document_id)
    assert found is not None
    assert found.state is DocumentState.RENDERED


def test_death__pieces_that_the_vendor_may_still_stop(ledger: Ledger) -> None:
    hand_off(ledger)
    december = rendered("G1", cycle="2026-12")
    batch_id = make_batch(ledger, [december], cycle="2026-12").batch_id
    put_in_file(ledger, batch_id, (december,), "STMT_002", FinalVendorStatus.MAILED)
    assert ledger.suppressions.pieces_to_deceased(FACILITY) == []
    report_death(ledger, TWO[0])
    assert [each.document_id for each in ledger.suppressions.pieces_to_deceased(FACILITY)] == [december.document_id]
    mailed: dict[str, Any] = {"on": LATER_ON, "at": later(60), "why": "reports.csv"}
    ledger.delivery_reports.record_piece(december.document_id, S.MAILED, **mailed)
    assert ledger.suppressions.pieces_to_deceased(FACILITY) == []


ASSUMED_ON = date(2026, 11, 9)
"""Three business days after `MAILED_ON`, a Wednesday."""


def hand_off_assuming(ledger: Ledger, reports: FinalVendorStatus) -> str:
    batch_id = make_batch(ledger, TWO).batch_id
    new = print_file(batch_id, TWO, name=NAME)
    ledger.print_files.claim(msgspec.structs.replace(new, reports=reports, assumed_mailing_business_days=3), at=AT)
    ledger.print_files.mark(NAME, S.COMMITTING, at=AT)
    ledger.print_files.mark(NAME, S.SENT, at=AT, mailed_on=MAILED_ON)
    return batch_id


def first_and_last(ledger: Ledger) -> tuple[date, date]:
    found = ledger.mailing_history.by_account(FACILITY, ["A-G1"])["A-G1"]
    return found.first_statement_on, found.last_mailed_on


def test_assumed_mailing__clocks_start_later_than_the_hand_off(ledger: Ledger) -> None:
    """Sent means entered the mail. 26 CFR 1.501(r)-6(c) counts from it."""
    hand_off_assuming(ledger, FinalVendorStatus.NOTHING)
    assert first_and_last(ledger) == (ASSUMED_ON, ASSUMED_ON)
    assert mailed_on(ledger) == ASSUMED_ON


def test_assumed_mailing__counts_from_the_acknowledgment(ledger: Ledger) -> None:
    hand_off_assuming(ledger, FinalVendorStatus.ACKNOWLEDGED)
    assert mailed_on(ledger) is None
    ledger.delivery_reports.acknowledge_print_file(NAME, sha256=SHA, records=2, on=MAILED_ON, at=AT, why="ack")
    assert first_and_last(ledger) == (ASSUMED_ON, ASSUMED_ON)


def test_assumed_mailing__a_mailed_report_is_a_fact(ledger: Ledger) -> None:
    hand_off_assuming(ledger, FinalVendorStatus.NOTHING)
    report(ledger, S.MAILED, on=date(2026, 11, 17))
    assert first_and_last(ledger) == (date(2026, 11, 17), date(2026, 11, 17))
    hand_off_file = ledger.print_files.for_batch("2026-11-statement")[0]
    assert hand_off_file.assumed_mailing_business_days == 3


def test_assumed_mailing__the_vendor_reports_mailings(ledger: Ledger) -> None:
    hand_off_assuming(ledger, FinalVendorStatus.MAILED)
    assert mailed_on(ledger) is None
    report(ledger, S.MAILED, on=date(2026, 11, 5))
    assert first_and_last(ledger) == (date(2026, 11, 5), date(2026, 11, 5))


def retry_file(ledger: Ledger) -> str:
    """A batch whose print file failed once and was handed off the second time, under the same name."""
    batch_id = make_batch(ledger, TWO).batch_id
    new = msgspec.structs.replace(print_file(batch_id, TWO, name=NAME), reports=FinalVendorStatus.MAILED)
    ledger.print_files.claim(new, at=AT)
    ledger.print_files.mark(NAME, S.FAILED, at=AT)
    ledger.print_files.claim(new, at=AT)
    ledger.print_files.mark(NAME, S.SENT, at=AT, mailed_on=MAILED_ON)
    return batch_id


def report_job(ledger: Ledger, pieces: int) -> bool:
    return ledger.delivery_reports.record_print_file(
        NAME, S.MAILED, on=LATER_ON, at=later(60), why="jobs.csv", pieces=pieces
    )


def test_mailed_job__counts_no_failed_attempt(ledger: Ledger) -> None:
    batch_id = retry_file(ledger)
    assert acknowledge(ledger)
    assert report_job(ledger, 2)
    counts = ledger.control_totals.get(batch_id).counts
    assert (counts.handed_off, counts.acknowledged, counts.mailed) == (2, 2, 2)


def test_mailed_job__counts_no_rejected_and_no_canceled_piece(ledger: Ledger) -> None:
    retry_file(ledger)
    report(ledger, S.REJECTED)
    ledger.delivery_reports.record_cancellation(TWO[1].document_id, actor="ben", at=AT, why="wrong")
    with pytest.raises(DeliveryReportError, match="has 0 pieces"):
        report_job(ledger, 1)


@pytest.mark.parametrize(
    ("changed", "message"),
    [({"sha256": "0" * 64}, "different bytes"), ({"records": 104}, "the vendor counts 104")],
    ids=["bytes", "count"],
)
def test_rejected_file__must_be_the_one_handed_off(ledger: Ledger, changed: dict[str, Any], message: str) -> None:
    hand_off(ledger, reports=FinalVendorStatus.NOTHING)
    right: dict[str, Any] = {"sha256": SHA, "records": 2}
    reject: dict[str, Any] = {"on": MAILED_ON, "at": later(5), "why": "ack.csv"}
    with pytest.raises(DeliveryReportError, match=message):
        ledger.delivery_reports.reject_print_file(NAME, **right | changed, **reject)
    assert mailed_on(ledger) == MAILED_ON
    assert ledger.delivery_reports.reject_print_file(NAME, **right, **reject)
    assert mailed_on(ledger) is None


def test_count_reversals__counts_each_piece_that_may_still_fail_once(ledger: Ledger) -> None:
    hand_off(ledger)
    first, second = (each.document_id for each in TWO)
    count = ledger.delivery_reports.count_reversals
    assert count([first, first, "unknown"], []) == 1
    assert count([], [NAME]) == 0, "the vendor has not mailed it: rejecting it reverses no mailing"
    report(ledger, S.MAILED, 0)
    report(ledger, S.MAILED, 1)
    assert count([first], [NAME]) == 2
    assert count([], ["STMT_999"]) == 0
    report(ledger, S.RETURNED, 0)
    assert count([first, second], [NAME]) == 1


def test_count_reversals__counts_each_death_that_is_news(ledger: Ledger) -> None:
    """A death stops all mail to the guarantor, even if the letter itself is known to have come back."""
    hand_off(ledger)
    first, second = (each.document_id for each in TWO)
    report(ledger, S.RETURNED, 0)
    count = ledger.delivery_reports.count_reversals
    assert count([first], []) == 0
    assert count([first], [], {first: LATER_ON, "unknown": LATER_ON}) == 1
    assert count([first, second], [], {first: LATER_ON, second: LATER_ON}) == 2, "each piece once"
    report_death(ledger, TWO[0])
    assert count([], [], {first: LATER_ON}) == 0, "known"
    assert count([], [], {first: LATER_ON + timedelta(days=1)}) == 1, "a later report renews it"


def test_count_reversals__of_a_letter_that_was_never_printed_is_no_death(ledger: Ledger) -> None:
    send_mail(ledger, make_batch(ledger, [MAIL]).batch_id, 1)
    assert ledger.delivery_reports.count_reversals([], [], {MAIL.document_id: LATER_ON}) == 0


@pytest.mark.parametrize("name", [NAME, NAME.lower(), "Stmt_001"])
def test_find__print_file_in_any_letter_case(ledger: Ledger, name: str) -> None:
    hand_off(ledger)
    found = ledger.print_files.find(name)
    assert found is not None
    assert found.name == NAME
    assert ledger.print_files.find("STMT_002") is None


def test_complaint__ends_email_and_moves_neither_clock_nor_document(ledger: Ledger) -> None:
    send_mail(ledger, make_batch(ledger, [MAIL]).batch_id, 1)
    report: dict[str, Any] = {"on": LATER_ON, "at": later(60), "why": "complaint.eml"}
    assert ledger.delivery_reports.record_complaint(MAIL.document_id, 1, **report)
    assert not ledger.delivery_reports.record_complaint(MAIL.document_id, 1, **report), "known"
    assert states(ledger, MAIL) == ["delivered"]
    assert mailed_on(ledger, "G3") == MAILED_ON
    assert ledger.redeliveries.due_batches(FACILITY) == []
    (suppression,) = ledger.suppressions.by_guarantor(FACILITY, ["G3"])["G3"]
    assert suppression.code is SuppressionCode.EMAIL
    with pytest.raises(DeliveryReportError, match="was delivered"):
        bounce(ledger)
