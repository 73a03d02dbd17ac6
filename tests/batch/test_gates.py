"""Questions: what a person may decide, and what no approval overrules."""

from __future__ import annotations

import pytest

from statement_builder.batch.gates import ask_questions, most_failed
from statement_builder.ledger import Figures, Tally
from statement_builder.settings import ReleaseSettings

FOOTING = Figures(
    pulled=10, selected=6, held=3, exceptions=1, rendered=5, errors=1, print=3, email=2, handed_off=4, withheld=1
)


def tally(counts: Figures = FOOTING, cents: Figures = FOOTING, largest_cents: int = 0) -> Tally:
    return Tally(counts=counts, cents=cents, holds={}, largest_cents=largest_cents)


def changed(**figures: int) -> Figures:
    from msgspec.structs import replace

    return replace(FOOTING, **figures)


def codes(now: Tally, last: Tally | None, *, by_policy: bool = True) -> list[str]:
    release = ReleaseSettings(volume_change_max_percent=25, amount_max_cents=1_000_00)
    return [question.code for question in ask_questions(now, last, release, by_policy=by_policy)]


QUIET = changed(errors=0, selected=5, pulled=9)


@pytest.mark.parametrize(
    ("rendered", "asked"),
    [
        pytest.param(75, [], id="a-quarter-fewer-is-usual"),
        pytest.param(74, ["VOLUME"], id="more-than-a-quarter-fewer"),
        pytest.param(125, [], id="a-quarter-more-is-usual"),
        pytest.param(126, ["VOLUME"], id="more-than-a-quarter-more"),
    ],
)
def test_questions__unusual_volume_waits_for_a_person(rendered: int, asked: list[str]) -> None:
    last = tally(counts=Figures(rendered=100))
    assert codes(tally(counts=Figures(rendered=rendered)), last) == asked


@pytest.mark.parametrize(
    ("now", "by_policy", "asked"),
    [
        pytest.param(tally(QUIET), True, [], id="nothing-to-ask"),
        pytest.param(tally(QUIET), False, ["APPROVAL"], id="policy-wants-a-person"),
        pytest.param(tally(QUIET, largest_cents=1_000_00), True, [], id="exactly-the-ceiling"),
        pytest.param(tally(QUIET, largest_cents=1_000_01), True, ["AMOUNT"], id="a-cent-above-the-ceiling"),
        pytest.param(tally(FOOTING), True, ["ERRORS"], id="a-document-could-not-be-made"),
    ],
)
def test_questions__one_for_each_thing_to_decide(now: Tally, by_policy: bool, asked: list[str]) -> None:
    assert codes(now, None, by_policy=by_policy) == asked


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
    assert most_failed(tally(counts=changed(rendered=rendered, errors=errors))) is stops
