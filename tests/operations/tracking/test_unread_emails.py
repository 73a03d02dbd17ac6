"""A silent portal stops the paper for a while, but not past the time that paper needs."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from statement_builder.ledger import UnreadEmail
from statement_builder.operations.tracking.unread_emails import SILENT_EMAILS_MIN, print_unread_emails, read_dates
from tests.commands import BATCH
from tests.hospital import Hospital
from tests.operations.test_run_parallel import worker

READ_BY = date(2026, 11, 9)


@pytest.mark.parametrize(
    ("date_in", "today_in", "waits"),
    [
        pytest.param(30, 7, True, id="as-many-days-again"),
        pytest.param(30, 8, False, id="not-longer"),
        pytest.param(10, 3, True, id="a-week-before-the-first-date"),
        pytest.param(10, 4, False, id="first-date-too-near"),
        pytest.param(5, 1, False, id="no-time-at-all"),
        pytest.param(None, 7, True, id="no-date"),
    ],
)
def test_print_unread__silence_waits_only_while_paper_comes_in_time(
    date_in: int | None, today_in: int, waits: bool
) -> None:
    """A refund's page gives the day when the money leaves: paper after it would be held, and told of again."""
    emails = [
        UnreadEmail(document_id=f"D{number}", batch_id="B", attempt=1, read_by=READ_BY)
        for number in range(SILENT_EMAILS_MIN)
    ]
    printed: list[str] = []
    readings = SimpleNamespace(
        overdue=lambda *_, **__: emails,
        has_views=lambda _: False,
        print_unread=lambda email, **_: printed.append(email.document_id),
    )
    context: Any = SimpleNamespace(
        facility=SimpleNamespace(facility_id="F"),
        ledger=SimpleNamespace(readings=readings),
        settings=SimpleNamespace(mail=SimpleNamespace(unread_email_days=7)),
        today=lambda: READ_BY + timedelta(days=today_in),
        now=lambda: None,
    )
    first_date = None if date_in is None else READ_BY + timedelta(days=date_in)
    dates = {} if first_date is None else {email.document_id: first_date for email in emails}
    alerts = print_unread_emails(context, read_dates=lambda *_: dates)
    assert [each.code for each in alerts] == (["NO_VIEWS"] if waits else [])
    assert len(printed) == (0 if waits else SILENT_EMAILS_MIN)


@pytest.mark.hospital("mailed")
def test_read_dates__of_statements_are_their_dates_to_pay_by(hospital: Hospital) -> None:
    due = dict(hospital.ledger("SELECT document_id, due_on FROM document WHERE channel = 'email' AND sha256 <> ''"))
    emails = [UnreadEmail(document_id=each, batch_id=BATCH, attempt=1, read_by=READ_BY) for each in due]
    assert emails
    with worker(hospital) as context:
        found = read_dates(context, BATCH, emails)
    assert {document_id: day.isoformat() for document_id, day in found.items()} == due
