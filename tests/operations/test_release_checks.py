"""Questions: what a person may decide, and what no approval overrules."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from statement_builder.operations.gates import PreviousBatch, ReleaseCheck, ask_questions, most_failed

from statement_builder.billing.selection import Kind
from statement_builder.ledger import ControlTotals, Figures
from statement_builder.operations.release import same_person
from statement_builder.settings import ReleaseSettings

FOOTING = Figures(
    pulled=10, selected=6, held=3, exceptions=1, rendered=5, errors=1, print=3, email=2, handed_off=4, withheld=1
)


def totals(counts: Figures = FOOTING, cents: Figures = FOOTING, holds: dict[str, int] | None = None) -> ControlTotals:
    return ControlTotals(counts=counts, cents=cents, holds=holds or {})


def changed(**figures: int) -> Figures:
    return replace(FOOTING, **figures)


RELEASE = ReleaseSettings(
    statement="auto",
    dunning="dual-control",
    ob_notice="person",
    volume_change_max_percent=25,
    amount_change_max_percent=20,
    hold_doubled_count_min=20,
    dual_control_level_min=4,
    amount_max_cents=1_000_00,
)
QUIET = changed(errors=0, selected=5, pulled=9)


def ask(
    now: ControlTotals, last: ControlTotals | None = None, *, kind: Kind = Kind.STATEMENT, **facts: Any
) -> tuple[ReleaseCheck, ...]:
    before = None if last is None else PreviousBatch(batch_id="2026-10-statement", totals=last)
    facts = {"opened_by": "ana@billing-1", "levels": {0: 5}, "too_large": (), **facts}
    return ask_questions(now, before, RELEASE, kind=kind, **facts)


def codes(*arguments: Any, **facts: Any) -> list[str]:
    return [question.code for question in ask(*arguments, **facts)]


@pytest.mark.parametrize(
    ("rendered", "asked"),
    [
        pytest.param(75, [], id="a-quarter-fewer-is-usual"),
        pytest.param(74, ["VOLUME"], id="more-than-a-quarter-fewer"),
        pytest.param(125, [], id="a-quarter-more-is-usual"),
        pytest.param(126, ["VOLUME"], id="more-than-a-quarter-more"),
        pytest.param(0, ["VOLUME"], id="nobody-at-all"),
    ],
)
def test_questions__unusual_volume_waits_for_a_person(rendered: int, asked: list[str]) -> None:
    assert codes(totals(counts=Figures(rendered=rendered)), totals(counts=Figures(rendered=100))) == asked


@pytest.mark.parametrize(
    ("cents", "asked"),
    [
        pytest.param(80_00, [], id="a-fifth-less-is-usual"),
        pytest.param(79_99, ["AVERAGE"], id="more-than-a-fifth-less"),
        pytest.param(120_00, [], id="a-fifth-more-is-usual"),
        pytest.param(120_01, ["AVERAGE"], id="more-than-a-fifth-more"),
    ],
)
def test_questions__unusual_average_amount_waits_for_a_person(cents: int, asked: list[str]) -> None:
    hundred, last = Figures(rendered=100), Figures(rendered=100 * 100_00)
    assert codes(totals(hundred, Figures(rendered=100 * cents)), totals(hundred, last)) == asked


@pytest.mark.parametrize(
    ("now", "last", "asked"),
    [
        pytest.param(40, 20, [], id="twice-as-many-is-usual"),
        pytest.param(41, 20, ["HOLDS"], id="more-than-twice-as-many"),
        pytest.param(19, 1, [], id="few-may-double"),
        pytest.param(20, 0, ["HOLDS"], id="new-and-many"),
        pytest.param(5, 400, [], id="a-reason-that-goes-away-is-good-news"),
    ],
)
def test_questions__a_hold_reason_that_doubles_waits_for_a_person(now: int, last: int, asked: list[str]) -> None:
    then = {"MCAID": last} if last else {}
    questions = ask(totals(QUIET, holds={"MCAID": now}), totals(QUIET, holds=then))
    assert [question.code for question in questions] == asked
    assert all(f"MCAID (Medicaid active): {now} against {last}" in question.message for question in questions)


def test_questions__without_a_batch_before_nothing_is_unusual() -> None:
    assert codes(totals(Figures(rendered=9), Figures(rendered=9_000_000), holds={"MCAID": 500})) == []


@pytest.mark.parametrize(
    ("facts", "asked"),
    [
        pytest.param({}, [], id="nothing-to-ask"),
        pytest.param({"kind": Kind.OB_NOTICE}, ["APPROVAL"], id="policy-wants-a-person"),
        pytest.param({"kind": Kind.DUNNING}, ["DUAL_CONTROL"], id="policy-wants-another-person"),
        pytest.param({"levels": {2: 9, 3: 9}}, [], id="letters-below-the-level"),
        pytest.param({"levels": {2: 9, 4: 1}}, ["DUAL_CONTROL"], id="one-final-notice"),
        pytest.param({"kind": Kind.OB_NOTICE, "levels": {4: 1}}, ["DUAL_CONTROL"], id="the-stricter-of-two"),
        pytest.param({"too_large": ("1f3c",)}, ["AMOUNT"], id="an-amount-above-the-ceiling"),
    ],
)
def test_questions__one_for_each_thing_to_decide(facts: dict[str, Any], asked: list[str]) -> None:
    questions = ask(totals(QUIET), **facts)
    assert [question.code for question in questions] == asked
    assert [question.needs_another for question in questions] == [code == "DUAL_CONTROL" for code in asked]


def test_questions__a_document_that_could_not_be_made() -> None:
    assert codes(totals()) == ["ERRORS"]


def test_questions__name_what_to_look_at_and_not_all_of_it() -> None:
    (question,) = ask(totals(QUIET), too_large=("a1", "b2", "c3", "d4", "e5"))
    assert "5 of the documents ask for more than $1,000.00" in question.message
    assert "a1, b2, c3 and 2 more" in question.message


@pytest.mark.parametrize(
    ("actor", "same"),
    [
        pytest.param("ana@billing-1", True, id="same-desk"),
        pytest.param("Ana@billing-2", True, id="another-desk"),
        pytest.param("ben@billing-1", False, id="somebody-else-at-that-desk"),
    ],
)
def test_same_person__is_the_user_wherever_they_sit(actor: str, same: bool) -> None:
    assert same_person(actor, "ana@billing-1") is same


@pytest.mark.parametrize(
    ("rendered", "errors", "stops"),
    [
        pytest.param(3, 3, False, id="half-of-them"),
        pytest.param(3, 4, True, id="more-than-half"),
        pytest.param(0, 1, True, id="the-only-one"),
        pytest.param(0, 0, False, id="nothing-selected"),
    ],
)
def test_most_failed__is_for_no_approval_to_overrule(rendered: int, errors: int, stops: bool) -> None:
    assert most_failed(totals(counts=changed(rendered=rendered, errors=errors))) is stops
