"""Who is told of what waits: once, and again every day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from statement_builder.operations.alerts import find_untold, record_told
from statement_builder.operations.track import Alert
from statement_builder.pipeline.context import open_context
from statement_builder.settings import load_settings
from tests.hospital import build_hospital

NOON = datetime(2026, 11, 7, 17, tzinfo=UTC)


def alert(subject: str = "2026-11-statement-1", message: str = "It is late.", code: str = "ACK_LATE") -> Alert:
    return Alert(code=code, subject=subject, message=message, runbook="docs/runbooks/late-acknowledgement.md")


@pytest.mark.parametrize(
    ("later", "what", "is_told"),
    [
        pytest.param(timedelta(hours=1), alert(), False, id="the-same-an-hour-later"),
        pytest.param(timedelta(hours=1), alert(message="It is later."), False, id="the-same-in-other-words"),
        pytest.param(timedelta(hours=1), alert("2026-11-statement-2"), True, id="another-file"),
        pytest.param(timedelta(hours=1), alert(code="MAIL_LATE"), True, id="another-trouble-with-the-file"),
        pytest.param(timedelta(hours=24), alert(), True, id="the-same-a-day-later"),
    ],
)
def test_alert__is_told_once_a_day(tmp_path: Path, later: timedelta, what: Alert, is_told: bool) -> None:
    hospital = build_hospital(tmp_path / "home", guarantors=20)
    now = NOON
    settings = load_settings(hospital.environment, tmp_path)
    with open_context(settings, environ={}, now=lambda: now, actor="track", workers=1) as context:
        assert find_untold(context, [alert()]) == [alert()]
        record_told(context, [alert()], whom="office@hospital.example")
        now = NOON + later
        assert find_untold(context, [what]) == ([what] if is_told else [])


def test_alert__another_subject_is_another_alert_even_with_the_same_words(tmp_path: Path) -> None:
    hospital = build_hospital(tmp_path / "home", guarantors=20)
    settings = load_settings(hospital.environment, tmp_path)
    urls = ("vendor_reports_url", "bounce_mailbox_url")
    here, there = (alert(url, "The server does not answer.", "UNREACHABLE") for url in urls)
    with open_context(settings, environ={}, now=lambda: NOON, actor="track", workers=1) as context:
        record_told(context, [here], whom="office@hospital.example")
        assert find_untold(context, [here, there]) == [there]
