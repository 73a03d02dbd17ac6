"""When a claim against an estate must be presented, by the dates on file and the law of the court's state."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from statement_builder.billing.postal import STATES
from statement_builder.policy.estates.deadline_alerts import find_alert_day
from statement_builder.policy.estates.probate import PROBATE_RULES, Period, PresentedBy, find_deadline
from tests.estate_letters import make_estate

DIED = date(2026, 8, 14)
BAR = date(2027, 8, 14)
DEADLINES = [
    pytest.param("CO", {}, date(2027, 1, 10), date(2027, 1, 10), id="CRS-15-12-801-four-months"),
    pytest.param(
        "CO", {"notice_on": date(2026, 12, 1)}, date(2027, 1, 10), date(2027, 1, 30), id="CRS-15-12-801-2-the-later"
    ),
    pytest.param("CO", {"notice_on": date(2026, 9, 20)}, date(2026, 11, 19), date(2027, 1, 10), id="notice-ends-first"),
    pytest.param("CO", {"published_on": None}, BAR, BAR, id="CRS-15-12-803-1-a-III-a-year"),
    pytest.param("CO", {"published_on": date(2027, 6, 1)}, BAR, BAR, id="never-after-a-year"),
    pytest.param("CO", {"published_on": date(2026, 10, 31)}, date(2027, 2, 28), date(2027, 2, 28), id="end-of-month"),
    pytest.param("UT", {}, date(2026, 12, 9), date(2026, 12, 9), id="Utah-75-3-801-ninety-days"),
    pytest.param("MT", {}, date(2027, 1, 10), date(2027, 1, 10), id="MCA-72-3-801-four-months"),
    pytest.param("MA", {}, BAR, BAR, id="MGL-190B-3-803-a-year-and-no-notice"),
    pytest.param("FL", {}, date(2026, 12, 10), date(2026, 12, 10), id="Fla-733.702-three-months"),
    pytest.param("FL", {"published_on": None}, date(2028, 8, 14), date(2028, 8, 14), id="Fla-733.710-two-years"),
    pytest.param("CA", {}, date(2027, 1, 2), date(2027, 1, 2), id="Prob-9100-four-months-from-the-letters"),
]


@pytest.mark.parametrize(("state", "changes", "first_on", "last_on"), DEADLINES)
def test_find_deadline__by_state(state: str, changes: dict[str, Any], first_on: date, last_on: date) -> None:
    found = find_deadline(make_estate(died_on=DIED, **changes), PROBATE_RULES[state])
    assert (found.first_on, found.last_on) == (first_on, last_on)


def test_deadline__the_office_works_to_the_first_date_while_it_is_ahead() -> None:
    found = find_deadline(make_estate(notice_on=date(2026, 9, 20)), PROBATE_RULES["CO"])
    assert found.work_by(found.first_on) == found.first_on
    assert found.work_by(date(2026, 11, 20)) == found.last_on


@pytest.mark.parametrize("state", PROBATE_RULES)
def test_probate_rules__name_a_state_and_their_source(state: str) -> None:
    rule = PROBATE_RULES[state]
    assert state in STATES
    assert rule.reviewed >= date(2026, 11, 1)
    if rule.presented_by is PresentedBy.MAIL:
        assert rule.after_publication or rule.after_notice


@pytest.mark.parametrize("wrong", [{}, {"months": 0}, {"months": 4, "days": 60}, {"months": -1}, {"weeks": 8}])
def test_period__is_months_or_days(wrong: dict[str, int]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, Period)


@pytest.mark.parametrize(
    ("left", "days"), [(31, None), (30, 30), (15, 30), (14, 14), (8, 14), (7, 7), (0, 7), (-1, None)]
)
def test_find_alert_day__30_14_and_7_days_before(left: int, days: int | None) -> None:
    deadline_on = date(2027, 1, 31)
    assert find_alert_day(deadline_on, date.fromordinal(deadline_on.toordinal() - left)) == days
