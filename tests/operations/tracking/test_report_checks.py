"""What a vendor's report may say: which attempt it is about, on which dates, and from which vendor."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from statement_builder.billing.selection import Channel
from statement_builder.errors import DeliveryReportError
from statement_builder.ledger import Delivery, DeliveryState
from statement_builder.operations.tracking.report_checks import (
    TIME_ZONES,
    choose_attempt,
    require_possible_date,
    require_possible_move,
    require_printed,
    require_vendor,
)

TODAY = date(2026, 11, 10)
BOSTON = ZoneInfo("America/New_York")
S = DeliveryState


def attempt(number: int, day: int, state: DeliveryState, file: str = "", *, hour: int = 15) -> Delivery:
    """An attempt that was handed off on a day of November, UTC."""
    at = datetime(2026, 11, day, hour, tzinfo=UTC)
    return Delivery(
        document_id="D",
        attempt=number,
        channel=Channel.PRINT if file else Channel.EMAIL,
        state=state,
        vendor="sftp" if file else "smtp",
        print_file=file,
        claimed_at=at,
        changed_at=at,
    )


def local_date(moment: datetime) -> date:
    return moment.astimezone(BOSTON).date()


RETURNED_THEN_SENT = [attempt(1, 3, S.RETURNED, "F1"), attempt(2, 8, S.SENT, "F2")]


@pytest.mark.parametrize(
    ("attempts", "file", "on", "chosen"),
    [
        pytest.param(RETURNED_THEN_SENT, "", 9, 2, id="latest"),
        pytest.param(RETURNED_THEN_SENT, "", 8, 2, id="on-the-day-of-the-hand-off"),
        pytest.param(RETURNED_THEN_SENT, "", 7, 1, id="before-the-second-hand-off"),
        pytest.param(RETURNED_THEN_SENT, "f1", 9, 1, id="of-the-file-named"),
        pytest.param(RETURNED_THEN_SENT, "F2", 7, 2, id="of-the-file-named-in-a-time-zone-behind"),
        pytest.param(RETURNED_THEN_SENT, "F3", 9, None, id="of-another-file"),
        pytest.param(RETURNED_THEN_SENT, "", 1, 2, id="before-every-hand-off"),
        pytest.param([attempt(1, 3, S.FAILED, "F1"), attempt(2, 3, S.SENT, "F1")], "F1", 5, 2, id="retried-file"),
        pytest.param([attempt(1, 3, S.SENT, "F1"), attempt(2, 4, S.FAILED, "F2")], "", 5, 1, id="failed-attempt"),
        pytest.param([attempt(1, 3, S.BOUNCED), attempt(2, 5, S.SENT, "F1")], "", 6, 2, id="printed-after-a-bounce"),
        pytest.param([attempt(1, 3, S.SENT)], "", 6, None, id="only-e-mailed"),
        pytest.param([attempt(1, 4, S.SENT, "F1", hour=3)], "", 3, 1, id="handed-off-the-evening-before-in-boston"),
        pytest.param([], "", 6, None, id="no-attempt"),
    ],
)
def test_choose_attempt(attempts: list[Delivery], file: str, on: int, chosen: int | None) -> None:
    found = choose_attempt(attempts, file, date(2026, 11, on), local_date)
    assert (found and found.attempt) == chosen


@pytest.mark.parametrize(
    ("on", "message"),
    [
        pytest.param(date(2026, 11, 3), "", id="day-of-the-hand-off"),
        pytest.param(date(2026, 11, 11), "", id="tomorrow"),
        pytest.param(
            date(2026, 11, 2), "piece was handed off on 2026-11-03, so it cannot have been mailed", id="before"
        ),
        pytest.param(date(2026, 11, 12), "in the future", id="day-after-tomorrow"),
        pytest.param(date.min, "handed off", id="first-day"),
        pytest.param(date.max, "in the future", id="last-day"),
    ],
)
def test_require_possible_date(on: date, message: str) -> None:
    def check() -> None:
        require_possible_date("piece", "mailed", on, not_before=date(2026, 11, 3), since="handed off", today=TODAY)

    if not message:
        return check()
    with pytest.raises(DeliveryReportError, match=message):
        check()
    return None


def test_require_possible_date__slack_is_one_calendar_behind_another() -> None:
    dates: Any = {"not_before": date(2026, 11, 3), "since": "handed off", "today": TODAY, "slack": TIME_ZONES}
    require_possible_date("piece", "mailed", date(2026, 11, 2), **dates)
    with pytest.raises(DeliveryReportError, match="was handed off on 2026-11-03"):
        require_possible_date("piece", "mailed", date(2026, 11, 1), **dates)


@pytest.mark.parametrize(
    ("attempts", "is_lob", "message"),
    [
        pytest.param([attempt(1, 3, S.SENT, "F1")], False, "", id="printed"),
        pytest.param([attempt(1, 3, S.RETURNED, "F1"), attempt(2, 5, S.SENT)], False, "", id="printed-before"),
        pytest.param([attempt(1, 3, S.UNCERTAIN, "F1")], False, "", id="in-doubt"),
        pytest.param([attempt(1, 3, S.SENT)], False, "never handed off on paper", id="e-mailed"),
        pytest.param([attempt(1, 3, S.FAILED, "F1")], False, "never handed off on paper", id="never-left"),
        pytest.param([attempt(1, 3, S.CLAIMED, "F1")], False, "never handed off on paper", id="about-to-leave"),
        pytest.param([], False, "never handed off on paper", id="no-attempt"),
        pytest.param([attempt(1, 3, S.SENT, "F1")], True, "handed to another vendor", id="another-vendor"),
    ],
)
def test_require_printed(attempts: list[Delivery], is_lob: bool, message: str) -> None:
    if not message:
        return require_printed("document D", attempts, is_lob=is_lob)
    with pytest.raises(DeliveryReportError, match=message):
        require_printed("document D", attempts, is_lob=is_lob)
    return None


@pytest.mark.parametrize("on", [date(2023, 1, 1), TODAY, date(2027, 2, 1)], ids=str)
def test_require_possible_move__of_the_last_years_or_soon(on: date) -> None:
    require_possible_move("document D", on, today=TODAY)


@pytest.mark.parametrize("on", [date.min, date(2020, 1, 1), date(2028, 1, 1), date.max], ids=str)
def test_require_possible_move__of_another_time(on: date) -> None:
    with pytest.raises(DeliveryReportError, match="is not possible"):
        require_possible_move("document D", on, today=TODAY)


@pytest.mark.parametrize(
    ("vendor", "is_lob", "is_allowed"),
    [("lob", True, True), ("sftp", False, True), ("file", False, True), ("lob", False, False), ("sftp", True, False)],
)
def test_require_vendor(vendor: str, is_lob: bool, is_allowed: bool) -> None:
    if is_allowed:
        return require_vendor("piece", vendor, is_lob=is_lob)
    with pytest.raises(DeliveryReportError, match="handed to another vendor"):
        require_vendor("piece", vendor, is_lob=is_lob)
    return None
