"""What a person reads on Airflow's pages: the reasons first, words instead of codes, no zeros, nothing to click by
accident."""

from __future__ import annotations

import re

import pytest
from common.batch_text import REASONS_MAX, describe_approval, describe_dry_run, describe_result
from msgspec.structs import replace

from statement_builder.operations.approval.briefing import Briefing, Change, ReasonCount
from statement_builder.operations.approval.release_checks import ReleaseCheck
from statement_builder.operations.approval.release_codes import ReleaseCode
from statement_builder.policy.hold_codes import HOLD_CODES
from tests.operations.test_briefing import summary

VOLUME = ReleaseCheck(code=ReleaseCode.VOLUME, message="130 documents, compared with 100 in 2026-10-statement.")
BRIEFING = Briefing(
    previous_id="2026-10-statement",
    changes=(
        Change(label="documents", now=130, before=100),
        Change(label="amount asked for", now=50_000, before=50_000, in_cents=True),
        Change(label="exceptions", now=2, before=0),
    ),
    holds=(ReasonCount(code="MINBAL", title="Balance below the minimum", what_to_do="", count=12, before=10),),
    exceptions=(ReasonCount(code="MISSING", title="guarantors: state is missing.", what_to_do="Enter it.", count=2),),
)
SUMMARY = summary(50_000, rendered=130, print=100, email=30, held=12, exceptions=2)


def test_approval__leads_with_why_and_with_what_differs() -> None:
    text = describe_approval(SUMMARY, BRIEFING, [VOLUME], "")
    parts = ["### Why you are asked", "**VOLUME**", "### What differs from 2026-10-statement"]
    parts += ["### What leaves when you approve", "### What does not leave: 2 exceptions", "12 held accounts"]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert "| documents | 130 | 100 | +30 % |" in text
    assert "| amount asked for | $500.00 | $500.00 | the same |" in text
    assert "| exceptions | 2 | 0 | new |" in text
    assert "130 documents, $500.00: 100 on paper, 30 by e-mail." in text
    assert "| 12 | Balance below the minimum | 10 |" in text
    assert "| 2 | guarantors: state is missing. | Enter it. |" in text
    assert "handed off" not in text, "that cannot be known yet"
    assert "`statements show 2026-11-statement`" in text


def test_approval__links_to_the_console_where_there_is_one() -> None:
    text = describe_approval(SUMMARY, BRIEFING, [VOLUME], "https://mail.hospital.example/batches/2026-11-statement")
    assert "](https://mail.hospital.example/batches/2026-11-statement)" in text
    assert "statements show" not in text


def test_approval__of_a_first_batch_says_so() -> None:
    nothing = Briefing(previous_id="", changes=(), holds=(), exceptions=())
    text = describe_approval(summary(100, rendered=1, print=1), nothing, [VOLUME], "")
    assert "There is no earlier batch of this kind to compare with." in text
    assert "does not leave" not in text


@pytest.mark.parametrize("written", ["![x](https://spy.example/x.png)", "[click](https://spy.example)", "<img src=x>"])
def test_approval__shows_what_a_person_wrote_as_text(written: str) -> None:
    rejected = ReleaseCheck(code=ReleaseCode.REJECTED, message=f"ben rejected this batch: {written}\n# Heading")
    text = describe_approval(SUMMARY, BRIEFING, [rejected], "")
    assert written not in text
    assert "\n# Heading" not in text


def test_reasons__are_few_enough_for_airflows_page() -> None:
    holds = tuple(ReasonCount(code=f"H{n}", title="x" * 60, what_to_do="", count=1, before=0) for n in range(40))
    many = Briefing(previous_id="2026-10-statement", changes=(), holds=holds, exceptions=())
    text = describe_approval(summary(rendered=1, held=40), many, [], "")
    assert f"| {40 - REASONS_MAX} | {40 - REASONS_MAX} other reasons | |" in text
    assert len(text) < 4_096


@pytest.mark.parametrize("describe", [lambda each: describe_result(each, ""), describe_dry_run], ids=["result", "dry"])
def test_figures__have_no_row_of_zeros(describe: object) -> None:
    assert callable(describe)
    text = describe(replace(SUMMARY, holds={"MINBAL": 12}))
    assert re.search(r"^rendered +130 +\$500.00$", text, re.MULTILINE)
    assert not re.search(r" 0 ", text)
    assert "12 held accounts, by reason" in text
    assert f"12  {HOLD_CODES['MINBAL'].title}" in text
