"""What an approver reads first: changes since the last batch, and reasons in words without anybody's id."""

from __future__ import annotations

from datetime import date

import pytest

from statement_builder.billing.selection import Kind
from statement_builder.ledger import ExceptionLine
from statement_builder.operations.approval.briefing import (
    RECORDED_HOLD,
    Change,
    brief_approver,
    compare,
    count_exceptions,
    count_holds,
)
from statement_builder.operations.summaries import FIGURES, BatchSummary
from statement_builder.policy.hold_codes import HOLD_CODES
from tests.commands import BATCH
from tests.hospital import Hospital
from tests.operations.test_run_parallel import worker


def summary(cents: int = 0, **counts: int) -> BatchSummary:
    return BatchSummary(
        batch_id="2026-11-statement",
        kind=Kind.STATEMENT,
        cycle="2026-11",
        as_of=date(2026, 11, 7),
        limit=None,
        state="waiting",
        counts=dict.fromkeys(FIGURES, 0) | counts,
        cents=dict.fromkeys(FIGURES, 0) | {"rendered": cents},
        holds={},
        foots=True,
        next_step="",
        seconds=None,
    )


def line(message: str, *, row_key: str = "", code: str = "MISSING", fix: str = "Enter it.") -> ExceptionLine:
    return ExceptionLine(
        subject="G100071",
        guarantor_id="G100071",
        code=code,
        result_set="guarantors",
        column="state",
        row_key=row_key,
        message=message,
        fix=fix,
    )


@pytest.mark.parametrize(
    ("now", "before", "percent"),
    [
        pytest.param(130, 100, 30, id="more"),
        pytest.param(90, 100, -10, id="fewer"),
        pytest.param(5, 0, None, id="none-before"),
        pytest.param(7, 7, 0, id="the-same"),
    ],
)
def test_change__percent(now: int, before: int, percent: int | None) -> None:
    assert Change(label="documents", now=now, before=before).percent == percent


def test_compare__leaves_out_what_is_zero_in_both_and_what_is_not_known_yet() -> None:
    changes = list(compare(summary(1_000, rendered=4, print=4), summary(900, rendered=3, print=3, held=2)))
    assert [(each.label, each.now, each.before) for each in changes] == [
        ("documents", 4, 3),
        ("on paper", 4, 3),
        ("accounts held", 0, 2),
        ("amount asked for", 1_000, 900),
        ("average amount", 250, 300),
    ]


def test_count_holds__has_titles_and_the_count_before_and_the_most_frequent_first() -> None:
    counted = list(count_holds({"MINBAL": 2, "OURS": 9}, {"MINBAL": 5}))
    assert [(each.title, each.count, each.before) for each in counted] == [
        (RECORDED_HOLD, 9, 0),
        (HOLD_CODES["MINBAL"].title, 2, 5),
    ]


@pytest.mark.parametrize(
    ("lines", "titles"),
    [
        pytest.param(
            [line(f"guarantors, row {key}: state is missing.", row_key=key) for key in ("G1", "G2")],
            [(2, "guarantors: state is missing.")],
            id="one-problem-of-two-rows",
        ),
        pytest.param([line("G100071 has no state.")], [(1, "guarantors: state")], id="a-message-with-an-id"),
    ],
)
def test_count_exceptions__groups_by_problem(lines: list[ExceptionLine], titles: list[tuple[int, str]]) -> None:
    assert [(each.count, each.title) for each in count_exceptions(lines)] == titles


@pytest.mark.hospital("waiting", guarantors=40)
def test_briefing_of_a_batch__names_nobody(hospital: Hospital) -> None:
    with worker(hospital) as context:
        briefing = brief_approver(context, context.require_batch(BATCH))
    assert briefing.previous_id == ""
    assert briefing.exceptions
    ids = {row[0] for row in hospital.ledger("SELECT guarantor_id FROM candidate")}
    assert len(ids) > 10
    text = repr(briefing)
    assert [each for each in ids if each in text] == []
