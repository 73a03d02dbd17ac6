"""On a page of an obstetric notice, a payment has one date and one amount everywhere, and the amounts add up."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

import pytest
import tinyhtml5
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from statement_builder.billing.facility import Facility
from statement_builder.billing.model import Deposit
from statement_builder.documents import Content
from statement_builder.documents.facts import ObNoticeFacts
from statement_builder.kinds import compose
from statement_builder.pipeline.build_worker import printed_terms
from statement_builder.policy import Policy
from statement_builder.policy.legal_numbers import POLICY_NUMBERS
from statement_builder.rendering.templating import render_markup
from tests.builders import make_facility
from tests.contents import TEMPLATES
from tests.policy.candidates import make_pregnant, notice

ESTIMATE_ON = date(2026, 5, 20)
FACILITY: Facility = make_facility()


class Page(NamedTuple):
    """The dates and the amounts in cents that a notice prints, by place."""

    box: tuple[date, int]
    coupon: tuple[date, int]
    schedule: list[tuple[date, int]]
    schedule_total: int
    strip: tuple[int, int, int]
    """Estimate, paid (negative), left to pay."""


def read_page(content: Content) -> Page:
    tree = tinyhtml5.parse(render_markup(TEMPLATES, content), namespace_html_elements=False)
    *labels, box_date = texts(find(tree, "box"))
    coupon = [text for text in texts(find(tree, "figures")) if "," in text or "$" in text]
    *payments, (_, total) = [texts(row) for row in find(tree, "schedule").iter("tr")][1:]
    estimate, paid, left = (cents(text) for text in texts(find(tree, "estimate"))[3:])
    return Page(
        box=(long_date(box_date.removeprefix("by ")), cents(labels[-1])),
        coupon=(medium_date(coupon[1]), cents(coupon[0])),
        schedule=[(medium_date(day), cents(amount)) for day, amount in payments],
        schedule_total=cents(total),
        strip=(estimate, paid, left),
    )


def find(tree: Element, name: str) -> Element:
    (element,) = (each for each in tree.iter() if name in each.get("class", "").split())
    return element


def texts(element: Element) -> list[str]:
    return [text.strip().replace("\u00a0", " ") for text in element.itertext() if text.strip()]


def cents(text: str) -> int:
    return int(text.replace("$", "").replace(",", "").replace(".", ""))


def long_date(text: str) -> date:
    return datetime.strptime(text, "%B %d, %Y").date()  # noqa: DTZ007 - a date


def medium_date(text: str) -> date:
    return datetime.strptime(text, "%b %d, %Y").date()  # noqa: DTZ007 - a date


def compose_notice(policy: Policy, as_of: date, **episode: Any) -> Content | None:
    """The notice that the policy selects on a day. None: it selects none."""
    account = make_pregnant(**episode)
    selection = notice(account, policy, as_of).selection
    if selection is None:
        return None
    terms = printed_terms(policy, make_facility())
    return compose(account, selection, FACILITY, terms=terms, batch_cycle="2026-11", issued_on=as_of)


def in_limits(name: str, most: int) -> st.SearchStrategy[int]:
    number = POLICY_NUMBERS[name]
    return st.integers(number.min or 0, most if number.max is None else number.max)


@settings(max_examples=300)
@given(
    estimate_cents=st.integers(100_000, 2_000_000) | st.integers(1, 2_000_000),
    deposits=st.just([]) | st.lists(st.tuples(st.integers(-150_000, 300_000), st.integers(0, 250)), max_size=3),
    birth=st.integers(200, 280) | st.integers(20, 280),
    left=st.integers(100, 240) | st.integers(-10, 270),
    lead_days=in_limits("ob_lead_days", 60),
    pay_by_week=in_limits("ob_pay_by_week", 40),
    installments_max=st.sampled_from((7, 12, 3, 1)),
)
@example(  # the payment of December 13 is due sooner than ten days: the notice asks for it by December 21
    estimate_cents=240_000,
    deposits=[],
    birth=325,
    left=121,
    lead_days=10,
    pay_by_week=36,
    installments_max=7,
)
@example(  # more was refunded than paid
    estimate_cents=240_000,
    deposits=[(-5_000, 10)],
    birth=280,
    left=180,
    lead_days=10,
    pay_by_week=36,
    installments_max=7,
)
@example(  # an estimate of fewer cents than months
    estimate_cents=3, deposits=[], birth=280, left=270, lead_days=10, pay_by_week=36, installments_max=7
)
def test_notice__a_payment_has_one_date_and_one_amount(
    *,
    estimate_cents: int,
    deposits: list[tuple[int, int]],
    birth: int,
    left: int,
    lead_days: int,
    pay_by_week: int,
    installments_max: int,
) -> None:
    """An estimate on `ESTIMATE_ON`, a birth `birth` days later, and a notice `left` days before the birth."""
    policy = Policy(
        ob_lead_days=lead_days, ob_pay_by_week=pay_by_week, ob_installments_max=installments_max, balance_min_cents=0
    )
    expected_on = ESTIMATE_ON + timedelta(days=birth)
    content = compose_notice(
        policy,
        expected_on - timedelta(days=left),
        estimate_cents=estimate_cents,
        estimate_on=ESTIMATE_ON,
        benefits_verified_on=ESTIMATE_ON,
        expected_delivery_on=expected_on,
        estimated_delivery_on=expected_on,
        deposits=tuple(
            Deposit(deposit_id=f"D{n}", posted_on=ESTIMATE_ON + timedelta(days=posted), amount_cents=amount)
            for n, (amount, posted) in enumerate(deposits)
        ),
    )
    assume(content is not None)
    assert content is not None
    page = read_page(content)
    assert page.box == page.coupon == page.schedule[0]
    days = [day for day, _ in page.schedule]
    assert days == sorted(set(days))
    assert all(amount > 0 for _, amount in page.schedule)
    estimate, paid, left = page.strip
    assert estimate == estimate_cents
    assert paid <= 0
    assert sum(amount for _, amount in page.schedule) == page.schedule_total == left == estimate + paid
    assert len(page.schedule) <= installments_max


@pytest.mark.parametrize(
    ("paid_cents", "schedule"),
    [
        pytest.param(
            0,
            [(date(2026, 12, 13), 120_000), (date(2027, 1, 13), 40_000), (date(2027, 2, 13), 40_000)],
            id="three-payments-are-due",
        ),
        pytest.param(
            90_000,
            [(date(2026, 12, 13), 30_000), (date(2027, 1, 13), 40_000), (date(2027, 2, 13), 40_000)],
            id="partly-paid",
        ),
        pytest.param(
            120_000,
            [(date(2027, 1, 13), 40_000), (date(2027, 2, 13), 40_000), (date(2027, 3, 13), 40_000)],
            id="a-month-ahead",
        ),
    ],
)
def test_notice__schedule_starts_with_the_payment_of_the_notice(
    paid_cents: int, schedule: list[tuple[date, int]]
) -> None:
    """An estimate of $2,400 in six payments of $400 from October 13 to March 13."""
    deposit = Deposit(deposit_id="D1", posted_on=date(2026, 10, 1), amount_cents=paid_cents)
    content = compose_notice(Policy(), date(2026, 11, 20), deposits=(deposit,) if paid_cents else ())
    assert content is not None
    assert isinstance(content.facts, ObNoticeFacts)
    assert [(each.due_on, each.amount_cents) for each in content.facts.payments[:3]] == schedule
    assert (content.facts.due_on, content.amount_cents) == schedule[0]
