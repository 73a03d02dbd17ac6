"""Release checks: what a person must decide, and what no approval overrides."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from statement_builder.billing.selection import Kind
from statement_builder.ledger import ControlTotals, Figures
from statement_builder.operations.approval.release_checks import (
    PreviousBatch,
    ReleaseCheck,
    list_release_checks,
    most_documents_failed,
)
from statement_builder.settings import ReleaseSettings

FIGURES = Figures(
    pulled=10, selected=6, held=3, exceptions=1, rendered=5, errors=1, print=3, email=2, handed_off=4, withheld=1
)


def totals(counts: Figures = FIGURES, cents: Figures = FIGURES, holds: dict[str, int] | None = None) -> ControlTotals:
    return ControlTotals(counts=counts, cents=cents, holds=holds or {})


def with_changes(**figures: int) -> Figures:
    return replace(FIGURES, **figures)


BY_KIND: dict[str, Any] = {"statement": "auto", "dunning": "dual-control", "ob_notice": "person"}
RELEASE = ReleaseSettings(
    **BY_KIND,
    volume_change_max_percent=25,
    amount_change_max_percent=20,
    hold_doubled_count_min=20,
    dual_control_level_min=4,
    amount_max_cents=1_000_00,
)
NO_ERRORS = with_changes(errors=0, selected=5, pulled=9)


def run_checks(
    now: ControlTotals, last: ControlTotals | None = None, *, kind: Kind = Kind.STATEMENT, **facts: Any
) -> tuple[ReleaseCheck, ...]:
    previous = None if last is None else PreviousBatch(batch_id="2026-10-statement", totals=last)
    facts = {"opened_by": "ana@billing-1", "levels": {0: 5}, "too_large": (), **facts}
    return list_release_checks(now, previous, RELEASE, kind=kind, **facts)


def codes(*arguments: Any, **facts: Any) -> list[str]:
    return [check.code for check in run_checks(*arguments, **facts)]


@pytest.mark.parametrize(
    ("rendered", "expected"),
    [
        pytest.param(75, [], id="25-percent-fewer"),
        pytest.param(74, ["VOLUME"], id="26-percent-fewer"),
        pytest.param(125, [], id="25-percent-more"),
        pytest.param(126, ["VOLUME"], id="26-percent-more"),
        pytest.param(0, ["VOLUME"], id="none-at-all"),
    ],
)
def test_volume__change_above_the_limit_needs_a_decision(rendered: int, expected: list[str]) -> None:
    assert codes(totals(counts=Figures(rendered=rendered)), totals(counts=Figures(rendered=100))) == expected


@pytest.mark.parametrize(
    ("cents", "expected"),
    [
        pytest.param(80_00, [], id="20-percent-less"),
        pytest.param(79_99, ["AVERAGE"], id="over-20-percent-less"),
        pytest.param(120_00, [], id="20-percent-more"),
        pytest.param(120_01, ["AVERAGE"], id="over-20-percent-more"),
    ],
)
def test_average_amount__change_above_the_limit_needs_a_decision(cents: int, expected: list[str]) -> None:
    hundred, last = Figures(rendered=100), Figures(rendered=100 * 100_00)
    assert codes(totals(hundred, Figures(rendered=100 * cents)), totals(hundred, last)) == expected


@pytest.mark.parametrize(
    ("now", "last", "expected"),
    [
        pytest.param(40, 20, [], id="doubled"),
        pytest.param(41, 20, ["HOLDS"], id="more-than-doubled"),
        pytest.param(19, 1, [], id="below-the-minimum-count"),
        pytest.param(20, 0, ["HOLDS"], id="new-and-at-the-minimum-count"),
        pytest.param(5, 400, [], id="fewer"),
    ],
)
def test_holds__more_than_doubled_needs_a_decision(now: int, last: int, expected: list[str]) -> None:
    then = {"MCAID": last} if last else {}
    checks = run_checks(totals(NO_ERRORS, holds={"MCAID": now}), totals(NO_ERRORS, holds=then))
    assert [check.code for check in checks] == expected
    assert all(f"MCAID (Medicaid active): {now}, was {last}" in check.message for check in checks)


def test_comparison__is_skipped_without_a_previous_batch() -> None:
    assert codes(totals(Figures(rendered=9), Figures(rendered=9_000_000), holds={"MCAID": 500})) == []


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param({}, [], id="nothing-to-decide"),
        pytest.param({"kind": Kind.OB_NOTICE}, ["APPROVAL"], id="policy-person"),
        pytest.param({"kind": Kind.DUNNING}, ["DUAL_CONTROL"], id="policy-dual-control"),
        pytest.param({"levels": {2: 9, 3: 9}}, [], id="letters-below-the-dual-control-level"),
        pytest.param({"levels": {2: 9, 4: 1}}, ["DUAL_CONTROL"], id="one-final-notice"),
        pytest.param({"kind": Kind.OB_NOTICE, "levels": {4: 1}}, ["DUAL_CONTROL"], id="stricter-of-two"),
        pytest.param({"too_large": ("1f3c",)}, ["AMOUNT"], id="amount-above-the-limit"),
    ],
)
def test_release_checks__one_per_decision(facts: dict[str, Any], expected: list[str]) -> None:
    checks = run_checks(totals(NO_ERRORS), **facts)
    assert [check.code for check in checks] == expected


@pytest.mark.parametrize(
    ("kind", "selected", "expected"),
    [
        pytest.param(Kind.INVOICE, 0, [], id="nobody-asked"),
        pytest.param(Kind.INVOICE, 1, ["APPROVAL"], id="somebody-asked"),
        pytest.param(Kind.OB_NOTICE, 0, ["APPROVAL"], id="an-empty-regular-batch-is-odd"),
    ],
)
def test_release_checks__a_quiet_day_needs_nobody(kind: Kind, selected: int, expected: list[str]) -> None:
    now = totals(with_changes(errors=0, selected=selected, rendered=selected))
    assert codes(now, kind=kind) == expected


def test_comparison__is_skipped_for_kinds_that_are_not_regular() -> None:
    now, last = totals(NO_ERRORS), totals(with_changes(errors=0, rendered=500))
    assert codes(now, last, kind=Kind.INVOICE) == ["APPROVAL"]


def test_errors__need_a_decision() -> None:
    assert codes(totals()) == ["ERRORS"]


def test_amount__message_lists_three_documents_at_most() -> None:
    (check,) = run_checks(totals(NO_ERRORS), too_large=("a1", "b2", "c3", "d4", "e5"))
    assert "5 documents ask for more than $1,000.00" in check.message
    assert "a1, b2, c3 and 2 more" in check.message


@pytest.mark.parametrize(
    ("rendered", "errors", "stops"),
    [
        pytest.param(3, 3, False, id="half"),
        pytest.param(3, 4, True, id="more-than-half"),
        pytest.param(0, 1, True, id="only-document"),
        pytest.param(0, 0, False, id="nothing-selected"),
    ],
)
def test_most_documents_failed__more_errors_than_rendered(rendered: int, errors: int, stops: bool) -> None:
    assert most_documents_failed(totals(counts=with_changes(rendered=rendered, errors=errors))) is stops
