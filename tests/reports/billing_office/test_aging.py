"""Aging: every visit once, in the bucket of its first statement, and a foot that is the control total."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from statement_builder.billing.balance import owed_cents
from statement_builder.billing.model import Correspondence, Encounter, FaultyAccount
from statement_builder.reports.billing_office import Footing, report_aging
from statement_builder.reports.billing_office.aging import BUCKETS
from tests.builders import AS_OF, make_account, make_encounter


def mailed(days_ago: int, level: int = 0) -> Correspondence:
    day = AS_OF - timedelta(days=days_ago)
    return Correspondence(first_statement_on=day, statements_sent=1, last_level=level, last_mailed_on=day)


def rows_of(*encounters: Encounter) -> list[dict[str, object]]:
    report = report_aging([make_account(*encounters)], AS_OF)
    names = [column.name for column in report.columns]
    return [dict(zip(names, row, strict=True)) for row in report.rows]


@pytest.mark.parametrize(
    ("days_ago", "bucket"),
    [
        pytest.param(None, "current_cents", id="not-mailed-is-current"),
        pytest.param(30, "current_cents", id="30-days"),
        pytest.param(31, "days_31_60_cents", id="31-days"),
        pytest.param(60, "days_31_60_cents", id="60-days"),
        pytest.param(61, "days_61_90_cents", id="61-days"),
        pytest.param(91, "days_91_120_cents", id="91-days"),
        pytest.param(120, "days_91_120_cents", id="120-days"),
        pytest.param(121, "over_120_cents", id="121-days"),
    ],
)
def test_aging__counts_from_the_first_statement(days_ago: int | None, bucket: str) -> None:
    correspondence = None if days_ago is None else mailed(days_ago)
    (row,) = rows_of(make_encounter(owed_cents=12_345, correspondence=correspondence))
    assert row["patient_cents"] == row["balance_cents"] == 12_345
    assert {name: row[name] for name in BUCKETS if row[name]} == {bucket: 12_345}


def test_aging__credit_is_negative_and_pending_insurance_is_apart() -> None:
    (row,) = rows_of(
        make_encounter("A1", owed_cents=-500),
        make_encounter("A2", owed_cents=10_000, insurance_pending_cents=4_000),
    )
    assert (row["patient_cents"], row["pending_cents"], row["balance_cents"]) == (5_500, 4_000, 9_500)


def test_aging__groups_by_class_facility_and_last_letter() -> None:
    found = rows_of(
        make_encounter("A1"),
        make_encounter("A2", facility_name="Imaging Center"),
        make_encounter("A3", correspondence=mailed(70, level=2)),
        make_encounter("A4", correspondence=mailed(70, level=2)),
    )
    assert [(row["facility"], row["level"], row["visits"]) for row in found] == [
        ("Imaging Center", "not mailed", 1),
        ("Riverbend Community Hospital", "not mailed", 1),
        ("Riverbend Community Hospital", "past-due letter", 2),
    ]


def test_aging__foots_to_what_a_pull_counts_with_accounts_that_cannot_be_read() -> None:
    account = make_account(make_encounter("A1", owed_cents=700), make_encounter("A2", owed_cents=0))
    report = report_aging([account, FaultyAccount(subject="G2", faults=(), cents=300)], AS_OF)
    rows = Footing(report)
    shown = list(rows)
    assert rows.totals is not None
    assert rows.totals[-1] == owed_cents(account, AS_OF) + 300
    assert [row[0] for row in shown] == ["commercial", "exceptions"]
    assert "(1)" in report.notes[0]


def test_aging__leaves_out_what_is_posted_later() -> None:
    report = report_aging([make_account(make_encounter(owed_cents=500))], date(2026, 10, 1))
    assert list(report.rows) == []
