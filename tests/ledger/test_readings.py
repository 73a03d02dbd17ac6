"""An e-mailed document that nobody opened goes on paper, once; a view stops the paper only until it leaves."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from statement_builder.billing.selection import Channel, FinalVendorStatus, Hold, Kind
from statement_builder.errors import DeliveryReportError, DocumentsWithheld
from statement_builder.ledger import VOIDED, BatchState, DeliveryState, Ledger, SuppressionCode, UnreadEmail
from tests.ledger.test_delivery_reports import LATER_ON, MAIL, NAME, TWO, mailed_on, put_in_file, states
from tests.ledger.world import AT, FACILITY, MAILED_ON, later, make_batch, mark_email, print_file

S = DeliveryState
READ_BY = MAILED_ON + timedelta(days=7)
DAY_AFTER = READ_BY + timedelta(days=1)


def local_date(moment: datetime) -> date:
    assert moment.tzinfo is UTC
    return MAILED_ON


def send(ledger: Ledger, *, read_by: date | None = READ_BY) -> str:
    """A batch whose only document was e-mailed. Returns its id."""
    batch_id = make_batch(ledger, [MAIL]).batch_id
    (claim,) = ledger.emails.claim(
        [MAIL.document_id], vendor="smtp", at=AT, read_by={MAIL.document_id: read_by} if read_by else None
    )
    mark_email(ledger, claim.delivery_id, S.SENT, at=AT, mailed_on=MAILED_ON)
    return batch_id


def view(ledger: Ledger, document_id: str = MAIL.document_id, *, on: date = LATER_ON) -> bool:
    return ledger.readings.record_view(document_id, on=on, local_date=local_date, at=later(90), why="views.csv")


def overdue(ledger: Ledger, today: date = DAY_AFTER) -> list[UnreadEmail]:
    return ledger.readings.overdue(FACILITY, today=today)


def print_unread(ledger: Ledger) -> bool:
    (email,) = overdue(ledger)
    return ledger.readings.print_unread(email, at=later(60), why="not opened")


def test_overdue__from_the_day_after_the_last(ledger: Ledger) -> None:
    send(ledger)
    assert overdue(ledger, READ_BY) == []
    assert [(each.document_id, each.attempt) for each in overdue(ledger)] == [(MAIL.document_id, 1)]


def test_overdue__not_without_the_setting_when_it_was_sent(ledger: Ledger) -> None:
    send(ledger, read_by=None)
    assert overdue(ledger, date(2099, 1, 1)) == []


def test_unread__goes_on_paper_once_and_the_clocks_start_with_it(ledger: Ledger) -> None:
    batch_id = send(ledger)
    assert mailed_on(ledger, "G3") == MAILED_ON
    assert print_unread(ledger)
    assert mailed_on(ledger, "G3") is None, "an e-mail that nobody opened starts no clock"
    assert overdue(ledger) == []
    (due,) = ledger.documents.pending(batch_id, channel=Channel.PRINT)
    assert due.document_id == MAIL.document_id
    counts = ledger.control_totals.get(batch_id).counts
    assert (counts.handed_off, counts.acknowledged, counts.mailed, counts.unread, counts.due_again) == (1, 1, 1, 1, 1)
    put_in_file(ledger, batch_id, (MAIL,), NAME, FinalVendorStatus.NOTHING, LATER_ON)
    assert states(ledger, MAIL) == ["unread", "sent"]
    assert mailed_on(ledger, "G3") == LATER_ON
    counts = ledger.control_totals.get(batch_id).counts
    assert (counts.print, counts.email, counts.handed_off, counts.mailed, counts.unread, counts.due_again) == (
        1, 0, 1, 1, 0, 0,
    )  # fmt: skip
    assert ledger.suppressions.by_guarantor(FACILITY, ["G3"]) == {}, "an unread e-mail ends no consent"


def test_unread__its_paper_holds_other_batches_until_it_is_mailed(ledger: Ledger) -> None:
    """From the decision to the vendor's report, no other batch may write to the person as if nothing had been sent."""

    def open_kinds() -> dict[str, tuple[Kind, ...]]:
        return ledger.documents.open_kinds(FACILITY, ["G3"], excluding_batch="another")

    batch_id = send(ledger)
    ledger.batches.set_state(batch_id, BatchState.CLOSED, actor="ana", at=AT)
    assert open_kinds() == {}
    assert print_unread(ledger)
    assert open_kinds() == {"G3": (MAIL.kind,)}
    put_in_file(ledger, batch_id, (MAIL,), NAME, FinalVendorStatus.MAILED, LATER_ON)
    assert mailed_on(ledger, "G3") is None
    assert open_kinds() == {"G3": (MAIL.kind,)}
    ledger.delivery_reports.record_piece(
        MAIL.document_id, S.MAILED, print_file=NAME, digest="d1", on=LATER_ON, at=later(90), why="mailed.csv"
    )
    assert mailed_on(ledger, "G3") is not None
    assert open_kinds() == {}


def test_unread__the_same_decision_twice_changes_nothing(ledger: Ledger) -> None:
    send(ledger)
    (email,) = overdue(ledger)
    assert ledger.readings.print_unread(email, at=later(60), why="not opened")
    assert not ledger.readings.print_unread(email, at=later(61), why="not opened")
    assert states(ledger, MAIL) == ["unread"]


def test_view__in_time_ends_the_wait(ledger: Ledger) -> None:
    batch_id = send(ledger)
    assert not ledger.readings.has_views(batch_id)
    assert view(ledger)
    assert overdue(ledger) == []
    assert states(ledger, MAIL) == ["delivered"]
    assert ledger.readings.has_views(batch_id)
    found = ledger.documents.get(MAIL.document_id)
    assert found is not None
    assert found.viewed_on == LATER_ON


@pytest.mark.parametrize(
    ("second", "is_news", "first_day"),
    [
        pytest.param(LATER_ON, False, LATER_ON, id="same-day"),
        pytest.param(LATER_ON + timedelta(days=1), False, LATER_ON, id="later"),
        pytest.param(MAILED_ON, True, MAILED_ON, id="earlier"),
    ],
)
def test_view__the_first_day_counts(ledger: Ledger, second: date, is_news: bool, first_day: date) -> None:
    send(ledger)
    view(ledger)
    assert view(ledger, on=second) is is_news
    found = ledger.documents.get(MAIL.document_id)
    assert found is not None
    assert found.viewed_on == first_day


def test_view__between_the_decision_and_the_paper_keeps_the_email(ledger: Ledger) -> None:
    batch_id = send(ledger)
    print_unread(ledger)
    assert view(ledger)
    assert ledger.documents.pending(batch_id) == []
    assert states(ledger, MAIL) == ["delivered"]
    assert mailed_on(ledger, "G3") == MAILED_ON
    found = ledger.documents.get(MAIL.document_id)
    assert found is not None
    assert found.channel is Channel.EMAIL


def test_view__while_the_print_file_is_planned_leaves_only_this_document_out(ledger: Ledger) -> None:
    batch_id = send(ledger)
    print_unread(ledger)
    view(ledger)
    with pytest.raises(DocumentsWithheld) as caught:
        ledger.print_files.claim(print_file(batch_id, (MAIL,)), at=AT)
    assert caught.value.document_ids == (MAIL.document_id,)


def test_view__after_a_failed_print_file_keeps_the_email(ledger: Ledger) -> None:
    batch_id = send(ledger)
    print_unread(ledger)
    ledger.print_files.claim(print_file(batch_id, (MAIL,), name=NAME), at=AT)
    ledger.print_files.mark(NAME, S.FAILED, at=AT)
    assert view(ledger)
    assert states(ledger, MAIL) == ["delivered", "failed"]
    assert ledger.documents.pending(batch_id) == []


@pytest.mark.parametrize(
    ("code", "expected"),
    [pytest.param("READDRESSED", "delivered", id="by-the-recheck"), pytest.param(VOIDED, "unread", id="void")],
)
def test_view__after_the_paper_was_held_back(ledger: Ledger, code: str, expected: str) -> None:
    batch_id = send(ledger)
    print_unread(ledger)
    assert ledger.documents.withhold(MAIL.document_id, [Hold(code=code)], actor="service", at=later(70))
    assert ledger.documents.pending(batch_id) == []
    assert view(ledger)
    assert states(ledger, MAIL) == [expected]
    assert mailed_on(ledger, "G3") == (MAILED_ON if expected == "delivered" else None)
    found = ledger.documents.get(MAIL.document_id)
    assert found is not None
    assert found.channel is (Channel.EMAIL if expected == "delivered" else Channel.PRINT)


def test_view__late_stops_nothing_and_is_recorded(ledger: Ledger) -> None:
    batch_id = send(ledger)
    print_unread(ledger)
    put_in_file(ledger, batch_id, (MAIL,), NAME, FinalVendorStatus.NOTHING, LATER_ON)
    assert view(ledger)
    assert states(ledger, MAIL) == ["unread", "sent"]
    assert mailed_on(ledger, "G3") == LATER_ON
    found = ledger.documents.get(MAIL.document_id)
    assert found is not None
    assert (found.viewed_on, found.channel) == (LATER_ON, Channel.PRINT)


def test_view__of_a_printed_document_is_recorded(ledger: Ledger) -> None:
    batch_id = make_batch(ledger, TWO).batch_id
    put_in_file(ledger, batch_id, TWO, NAME, FinalVendorStatus.NOTHING)
    assert view(ledger, TWO[0].document_id)
    assert states(ledger, TWO[0]) == ["sent"]


def test_view__of_what_never_left_is_refused(ledger: Ledger) -> None:
    make_batch(ledger, TWO)
    with pytest.raises(DeliveryReportError, match="never handed off"):
        view(ledger, TWO[0].document_id)
    with pytest.raises(DeliveryReportError, match="not one of ours"):
        view(ledger, "00000000-0000-5000-8000-000000000000")


def test_bounce__after_the_paper_was_scheduled_only_ends_the_consent(ledger: Ledger) -> None:
    batch_id = send(ledger)
    print_unread(ledger)
    bounced = ledger.delivery_reports.record_bounce(
        MAIL.document_id, 1, is_final=True, tries_max=3, on=LATER_ON, at=later(60), why="bounce.eml"
    )
    assert bounced
    assert states(ledger, MAIL) == ["unread"]
    assert len(ledger.documents.pending(batch_id)) == 1
    (suppression,) = ledger.suppressions.by_guarantor(FACILITY, ["G3"])["G3"]
    assert suppression.code is SuppressionCode.EMAIL
