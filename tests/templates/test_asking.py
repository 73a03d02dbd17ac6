"""A page asks for money, or says that it does not: never both. And its amounts add up."""

from __future__ import annotations

import re

import pytest

from statement_builder.billing.languages import SOURCE_LANGUAGE
from statement_builder.documents import Content
from statement_builder.kinds.assistance_decision.facts import AssistanceDecisionFacts
from statement_builder.rendering.templating import render_markup
from tests.assistance_letters import make_full, make_incomplete
from tests.contents import TEMPLATES, make_statement
from tests.estate_letters import make_claim, make_visit
from tests.rendering.sample_pages import CONTENTS

ENGLISH = [pytest.param(content, id=name) for name, content in CONTENTS.items() if content.language == SOURCE_LANGUAGE]


def row_cents(html: str, heading: str) -> list[int]:
    """The amounts of the table row with this heading, in cents."""
    (row,) = re.findall(rf'<th scope="row"[^>]*>(?:<p class="what">)?{heading}.*?</tr>', html, re.DOTALL)
    return [round(100 * float(cents.replace("$", "").replace(",", ""))) for cents in re.findall(r"-?\$[\d,.]+", row)]


@pytest.mark.parametrize("content", ENGLISH)
def test_page__says_how_to_pay_only_if_it_asks_for_money(content: Content) -> None:
    html = render_markup(TEMPLATES, content)
    assert ("Pay online" in html) is content.has_coupon
    assert ("Amount enclosed" in html) is content.has_coupon


def test_page__the_samples_have_pages_that_ask_and_pages_that_do_not() -> None:
    assert make_statement().has_coupon
    assert not make_incomplete().has_coupon


@pytest.mark.parametrize("large_print", [False, True], ids=["standard", "large-print"])
@pytest.mark.parametrize("over_cents", [5_000, 400], ids=["paid-back", "small-excess"])
def test_assistance_decision__row_with_an_overpayment_adds_up(over_cents: int, large_print: bool) -> None:
    content = make_full(over_cents, large_print=large_print)
    assert isinstance(content.facts, AssistanceDecisionFacts)
    html = render_markup(TEMPLATES, content)
    if large_print:
        labels = ("Your part before", "Financial help", "You paid", "Your credit", "You owe")
        cents = [each for label in labels for each in row_cents(html, label)]
    else:
        cents = row_cents(html, "Emergency room visit")
        assert row_cents(html, "Total") == cents, "of one visit"
    *parts, owed = cents
    assert (sum(parts), owed) == (0, 0)
    assert parts[-1] == content.facts.over_cents == over_cents


def test_estate_claim__sums_are_those_of_the_rows() -> None:
    visits = [make_visit(f"A7000{number}", owed_cents=34_500 + 1_000 * number) for number in range(3)]
    html = render_markup(TEMPLATES, make_claim(*visits))
    *parts, claimed = row_cents(html, "Amount claimed")
    assert sum(parts) == claimed == 34_500 + 35_500 + 36_500
    assert parts[0] == row_cents(html[html.index("Exhibit A: itemized") :], "Total charges")[0]
