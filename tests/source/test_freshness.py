"""The freshness check rejects stale, missing and future load times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from statement_builder.errors import SourceError
from statement_builder.source import require_fresh

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "age",
    [
        pytest.param(timedelta(0), id="just-loaded"),
        pytest.param(timedelta(hours=24), id="exactly-the-limit"),
        pytest.param(timedelta(hours=-12), id="dated-in-another-time-zone"),
    ],
)
def test_require_fresh__accepts_recent_loads(age: timedelta) -> None:
    require_fresh({"obstetric": NOW - age}, feed="obstetric", now=NOW, max_age_hours=24)


@pytest.mark.parametrize(
    ("feeds", "message"),
    [
        pytest.param(
            {"obstetric": NOW - timedelta(hours=24, seconds=1)},
            "is 24 hours 1 minute old; the limit is 24 hours",
            id="one-second-too-old",
        ),
        pytest.param(
            {"obstetric": NOW - timedelta(hours=24, microseconds=1)}, "is 24 hours 1 minute old", id="just-too-old"
        ),
        pytest.param({"obstetric": NOW - timedelta(hours=25, minutes=2)}, "is 25 hours 2 minutes old", id="minutes"),
        pytest.param({"obstetric": NOW - timedelta(days=3)}, "is 72 hours old; the limit", id="days-too-old"),
        pytest.param({"billing": NOW}, "has no load time", id="unknown-feed"),
        pytest.param({"obstetric": NOW + timedelta(hours=13)}, "in the future", id="in-the-future"),
    ],
)
def test_require_fresh__rejects_stale_and_unknown_loads(feeds: dict[str, datetime], message: str) -> None:
    with pytest.raises(SourceError) as raised:
        require_fresh(feeds, feed="obstetric", now=NOW, max_age_hours=24)

    assert "`obstetric`" in str(raised.value)
    assert message in str(raised.value)
