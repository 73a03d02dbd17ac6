"""A silent portal stops the paper for a while, but not past the time that paper needs."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from statement_builder.ledger import UnreadEmail
from statement_builder.operations.tracking.unread_emails import SILENT_EMAILS_MIN, print_unread_emails

READ_BY = date(2026, 11, 9)


@pytest.mark.parametrize(
    ("due_in", "today_in", "waits"),
    [
        pytest.param(30, 7, True, id="as-many-days-again"),
        pytest.param(30, 8, False, id="not-longer"),
        pytest.param(10, 3, True, id="a-week-before-the-due-date"),
        pytest.param(10, 4, False, id="due-date-too-near"),
        pytest.param(5, 1, False, id="no-time-at-all"),
        pytest.param(None, 7, True, id="no-due-date"),
    ],
)
def test_print_unread__silence_waits_only_while_paper_comes_in_time(
    due_in: int | None, today_in: int, waits: bool
) -> None:
    due_on = None if due_in is None else READ_BY + timedelta(days=due_in)
    emails = [
        UnreadEmail(document_id=f"D{number}", batch_id="B", attempt=1, read_by=READ_BY, due_on=due_on)
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
    alerts = print_unread_emails(context)
    assert [each.code for each in alerts] == (["NO_VIEWS"] if waits else [])
    assert len(printed) == (0 if waits else SILENT_EMAILS_MIN)
