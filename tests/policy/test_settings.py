"""Policy settings: legal numbers with citations. A value that would break the law is refused."""

from __future__ import annotations

import tomllib
from datetime import date

import msgspec
import pytest

from statement_builder.billing.selection import CollectionAction, Kind
from statement_builder.policy import LegalNumber, Policy


def load(text: str) -> Policy:
    return msgspec.convert(tomllib.loads(text), Policy)


def test_policy__loads_from_a_settings_file() -> None:
    policy = load("""
        balance_min_cents = 999
        email_kinds = ["statement"]
        [eca_wait_days]
        value = 180
        citation = "NY PHL 2807-k"
        reviewed_on = 2026-10-01
    """)
    assert policy.balance_min_cents == 999
    assert policy.email_kinds == (Kind.STATEMENT,)
    assert policy.eca_wait_days == LegalNumber(value=180, citation="NY PHL 2807-k", reviewed_on=date(2026, 10, 1))
    assert policy.due_days == Policy().due_days


@pytest.mark.parametrize(
    ("text", "named"),
    [
        pytest.param(
            '[eca_wait_days]\nvalue = 119\ncitation = "x"\nreviewed_on = 2026-01-01',
            "eca_wait_days",
            id="action-too-soon",
        ),
        pytest.param(
            '[final_notice_days]\nvalue = 29\ncitation = "x"\nreviewed_on = 2026-01-01',
            "final_notice_days",
            id="final-notice-too-short",
        ),
        pytest.param("final_due_days = 29", "final_due_days", id="final-deadline-too-soon"),
        pytest.param(
            '[estimate_excess_cents]\nvalue = 40001\ncitation = "x"\nreviewed_on = 2026-01-01',
            "estimate_excess_cents",
            id="excess-above-the-legal-limit",
        ),
        pytest.param("ob_pay_by_week = 40", "ob_pay_by_week", id="pay-by-week-at-birth"),
        pytest.param("second_letter_day = 59", "letters' days", id="ladder-out-of-order"),
        pytest.param("statements_before_letters = 1", "statements_before_letters", id="letters-after-one-statement"),
        pytest.param("placement_wait_days = 30", "placement_wait_days", id="placement-before-the-deadline"),
        pytest.param("final_due_days = 60\nplacement_wait_days = 45", "placement_wait_days", id="placement-too-soon"),
        pytest.param("statement_gap_days = 24", "statement_gap_days", id="reminder-before-the-due-date"),
        pytest.param("due_days = 26", "statement_gap_days", id="due-date-after-the-reminder"),
        pytest.param("second_letter_day = 84", "letters' days", id="letters-closer-than-the-due-days"),
        pytest.param("final_notice_day = 114", "letters' days", id="final-notice-before-the-second-letter-is-due"),
        pytest.param("past_due_letter_day = 24", "letters' days", id="letter-before-the-first-bill-is-due"),
        pytest.param("plan_lapse_days = 5", "plan_lapse_days", id="lapse-within-grace"),
        pytest.param("payment_pause_percent = 0", "payment_pause_percent", id="pause-for-any-payment"),
        pytest.param("due_days = -1", "negative", id="negative-days"),
        pytest.param('collection_actions = ["arrest"]', "collection_actions", id="unknown-collection-action"),
        pytest.param('collection_actions = "suit"', "collection_actions", id="actions-not-a-list"),
        pytest.param('collection_actions = ["suit", "suit"]', "collection_actions", id="action-named-twice"),
        pytest.param("balance_minimum = 5", "balance_minimum", id="unknown-setting"),
        pytest.param("[eca_wait_days]\nvalue = 120", "citation", id="legal-number-without-citation"),
    ],
)
def test_policy__refuses(text: str, named: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=named):
        load(text)


def test_policy__collection_actions_are_those_of_the_regulation_1_501r_6_b_1() -> None:
    text = 'collection_actions = ["reporting", "suit", "garnishment", "lien", "sale", "deferral"]'
    assert load(text).collection_actions == tuple(CollectionAction)
    assert Policy().collection_actions == ()


@pytest.mark.parametrize("name", ["eca_wait_days", "final_notice_days", "estimate_excess_cents"])
def test_policy__every_legal_number_has_a_citation(name: str) -> None:
    number = getattr(Policy(), name)
    assert "CFR" in number.citation
    assert number.reviewed_on <= date(2026, 11, 20)


@pytest.mark.parametrize("value", [120, 180])
def test_policy__legal_minimum_is_allowed(value: int) -> None:
    number = LegalNumber(value=value, citation="26 CFR 1.501(r)-6(c)(3)", reviewed_on=date(2026, 11, 1))
    assert Policy(eca_wait_days=number).eca_wait_days.value == value
