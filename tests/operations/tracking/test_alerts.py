"""Alerts are sent once, and again every 24 hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from statement_builder.operations.alerts import find_unsent, record_sent
from statement_builder.operations.tracking.tracking_alerts import Alert
from statement_builder.pipeline.context import open_context
from statement_builder.settings import load_settings
from tests.hospital import Hospital

NOON = datetime(2026, 11, 7, 17, tzinfo=UTC)


def alert(subject: str = "2026-11-statement-1", message: str = "It is late.", code: str = "ACK_LATE") -> Alert:
    return Alert(code=code, subject=subject, message=message, runbook="docs/runbooks/late-acknowledgement.md")


@pytest.mark.parametrize(
    ("elapsed", "next_alert", "is_sent"),
    [
        pytest.param(timedelta(hours=1), alert(), False, id="same-alert-one-hour-later"),
        pytest.param(timedelta(hours=1), alert(message="It is later."), False, id="same-alert-reworded"),
        pytest.param(timedelta(hours=1), alert("2026-11-statement-2"), True, id="other-file"),
        pytest.param(timedelta(hours=1), alert(code="MAIL_LATE"), True, id="other-code-for-the-same-file"),
        pytest.param(timedelta(hours=24), alert(), True, id="same-alert-24-hours-later"),
    ],
)
def test_find_unsent__repeats_an_alert_after_24_hours(
    hospital: Hospital, elapsed: timedelta, next_alert: Alert, is_sent: bool
) -> None:
    now = NOON
    settings = load_settings(hospital.environment, hospital.home)
    with open_context(settings, environ={}, now=lambda: now, actor="track", workers=1) as context:
        assert find_unsent(context, [alert()]) == [alert()]
        record_sent(context, [alert()], to="office@hospital.example")
        now = NOON + elapsed
        assert find_unsent(context, [next_alert]) == ([next_alert] if is_sent else [])


def test_find_unsent__same_message_with_another_subject_is_another_alert(hospital: Hospital) -> None:
    settings = load_settings(hospital.environment, hospital.home)
    urls = ("vendor_reports_url", "bounce_mailbox_url")
    here, there = (alert(url, "The server does not answer.", "UNREACHABLE") for url in urls)
    with open_context(settings, environ={}, now=lambda: NOON, actor="track", workers=1) as context:
        record_sent(context, [here], to="office@hospital.example")
        assert find_unsent(context, [here, there]) == [there]


@pytest.mark.parametrize(
    ("minutes", "hours"),
    [pytest.param(60, 24, id="hourly"), pytest.param(15, 24, id="every-quarter-of-an-hour")],
)
def test_find_unsent__keeps_the_time_of_day(hospital: Hospital, minutes: int, hours: int) -> None:
    """Runs start a little earlier or later each time, and the alert is recorded some minutes into the run."""
    now, sent = NOON, []
    settings = load_settings(hospital.environment, hospital.home)
    with open_context(settings, environ={}, now=lambda: now, actor="track", workers=1) as context:
        for run in range(11 * hours * 30 // minutes):  # five days and a half
            jitter = timedelta(seconds=(run * 97) % 240 - 120)
            now = NOON + run * timedelta(minutes=minutes) + jitter
            if find_unsent(context, [alert()]):
                record_sent(context, [alert()], to="office@hospital.example")
                sent.append(now)
    assert len(sent) == 6
    assert all(abs(at - NOON - day * timedelta(hours=24)) <= timedelta(minutes=34) for day, at in enumerate(sent))


def test_find_unsent__an_alert_that_comes_back_is_new(hospital: Hospital) -> None:
    now = NOON
    settings = load_settings(hospital.environment, hospital.home)
    with open_context(settings, environ={}, now=lambda: now, actor="track", workers=1) as context:
        record_sent(context, [alert()], to="office@hospital.example")
        now = NOON + timedelta(days=9, hours=5)
        assert find_unsent(context, [alert()])
        record_sent(context, [alert()], to="office@hospital.example")
        now += timedelta(hours=20)
        assert not find_unsent(context, [alert()])
