"""The freshness gate fails closed."""

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
        pytest.param(timedelta(hours=-12), id="dated-in-another-zone"),
    ],
)
def test_require_fresh__passes(age: timedelta) -> None:
    require_fresh({"obstetric": NOW - age}, feed="obstetric", now=NOW, max_age_hours=24)


@pytest.mark.parametrize(
    ("feeds", "message"),
    [
        pytest.param({"obstetric": NOW - timedelta(hours=24, seconds=1)}, "the limit is 24 hours", id="a-second-late"),
        pytest.param({"obstetric": NOW - timedelta(days=3)}, "is 72.0 hours old", id="days-late"),
        pytest.param({"billing": NOW}, "has no load time", id="feed-unknown"),
        pytest.param({"obstetric": NOW + timedelta(hours=13)}, "in the future", id="in-the-future"),
    ],
)
def test_require_fresh__stops(feeds: dict[str, datetime], message: str) -> None:
    with pytest.raises(SourceError) as raised:
        require_fresh(feeds, feed="obstetric", now=NOW, max_age_hours=24)

    assert "`obstetric`" in str(raised.value)
    assert message in str(raised.value)
