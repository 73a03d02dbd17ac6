"""What states require about itemized bills, and before a debt is assigned to an agency."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from statement_builder.billing.model import (
    CausedLetter,
    DocumentRequest,
    FinancialClass,
    GuarantorAccount,
    RequestKind,
)
from statement_builder.billing.selection import Kind, PreAssignmentItem
from statement_builder.documents.facts import LetterFacts
from statement_builder.kinds import decide
from statement_builder.kinds.invoice.facts import InvoiceFacts
from statement_builder.policy import Policy
from statement_builder.policy.states.itemized_bills import ITEMIZED_STATES, answer_by, complete_requests
from statement_builder.policy.states.pre_assignment import (
    PRE_ASSIGNMENT_STATES,
    final_notice_insert,
    pre_assignment_rule,
)
from tests.answers import ADULT, compose_answer, make_asked
from tests.builders import AS_OF, make_account, make_encounter
from tests.contents import BEFORE_PLACEMENT, BILLED, make_letter, make_stay
from tests.policy.candidates import POLICY, codes, days_ago, mailed, visit

PLACES = Policy(agency_name="Pioneer Valley Recovery", application_insert_code="APP-1")


def test_states__each_has_its_source() -> None:
    itemized = [(each.citation, each.note, each.reviewed) for each in ITEMIZED_STATES.values()]
    rules = [*itemized, *((each.citation, each.note, each.reviewed) for each in PRE_ASSIGNMENT_STATES.values())]
    assert len(rules) >= 5
    assert all(citation and note and reviewed >= date(2026, 11, 1) for citation, note, reviewed in rules)


@pytest.mark.parametrize(
    ("state", "asked_days_ago", "last_day", "policy_days", "answer_days_ago"),
    [
        pytest.param("NH", 10, 40, 30, -20, id="45-cfr-164.524-b-2"),
        pytest.param("NH", 10, 40, 20, -10, id="the-policy-is-shorter"),
        pytest.param("FL", 10, 40, 30, 3, id="fla-stat-395.301-request"),
        pytest.param("FL", 10, 2, 30, -5, id="fla-stat-395.301-discharge-is-later"),
        pytest.param("AL", 10, 40, 30, 0, id="ala-code-22-21-7"),
        pytest.param("ME", 10, 2, 30, -20, id="22-mrs-1712-from-the-request"),
    ],
)
def test_answer_by__is_the_earlier_day_of_state_and_policy(
    state: str, asked_days_ago: int, last_day: int, policy_days: int, answer_days_ago: int
) -> None:
    stay = make_stay(service_to=days_ago(last_day))
    asked = make_asked(asked_on=days_ago(asked_days_ago))
    policy = Policy(itemized_bill_days=policy_days)
    assert answer_by(asked, stay, policy, state) == days_ago(answer_days_ago)


def by_law(
    account: GuarantorAccount, *, state: str = "TX", policy: Policy = POLICY, sent: str = ""
) -> GuarantorAccount:
    return complete_requests(account, policy, state, AS_OF, sent=frozenset({sent}))


def stay(**changes: Any) -> GuarantorAccount:
    return make_account(make_stay(**({"requests": ()} | changes)), patients=(ADULT,))


@pytest.mark.parametrize(
    ("account", "is_asked"),
    [
        pytest.param(by_law(stay()), True, id="tex-hsc-185.002-a"),
        pytest.param(by_law(stay(correspondence=BILLED)), True, id="billed-and-not-itemized"),
        pytest.param(by_law(stay(), state="NH"), False, id="another-state"),
        pytest.param(by_law(stay(), sent="A70001"), False, id="sent-before"),
        pytest.param(by_law(stay(owed_cents=0)), False, id="nothing-is-owed"),
        pytest.param(by_law(stay(), policy=Policy(itemized_first_bill=False)), False, id="another-system-does"),
    ],
)
def test_first_bill__asks_for_an_itemized_one_once(account: GuarantorAccount, is_asked: bool) -> None:
    (encounter,) = account.encounters
    assert [each.state_rule for each in encounter.requests] == (["TX"] if is_asked else [])


def test_first_bill__says_that_the_law_asks_for_it() -> None:
    facts = compose_answer(by_law(stay()), Kind.INVOICE).facts
    assert isinstance(facts, InvoiceFacts)
    assert facts.by_law
    asked = by_law(stay(requests=(make_asked(),)))
    facts = compose_answer(asked, Kind.INVOICE).facts
    assert isinstance(facts, InvoiceFacts)
    assert not facts.by_law, "a person asked too, and one itemized bill answers both"


def test_first_bill__waits_while_the_visit_is_not_billed() -> None:
    account = replace(by_law(stay()), open_documents=("statement",))
    assert decide(account, Kind.INVOICE, POLICY, AS_OF).selection is not None, "the first bill is on its way"
    on_plan = replace(by_law(stay()), unapplied_cents=5_000)
    assert codes(decide(on_plan, Kind.INVOICE, POLICY, AS_OF)) == ["ITEMIZED_WAIT:A70001"]


def test_first_bill__no_letter_about_it_says_that_it_comes_later() -> None:
    with pytest.raises(ValueError, match="not a candidate"):
        decide(by_law(stay(final_billed=False)), Kind.ITEMIZED_REQUEST_REPLY, POLICY, AS_OF)


def test_dunning__waits_for_the_itemized_bill_where_the_law_says_so() -> None:
    """Tex. Health and Safety Code 185.002(e)."""
    account = make_account(visit(correspondence=mailed(first=70, last=30, level=1)))
    assert decide(account, Kind.DUNNING, POLICY, AS_OF).selection is not None
    held = decide(by_law(account), Kind.DUNNING, POLICY, AS_OF)
    assert held.selection is None
    assert "ITEMIZED_FIRST:" + account.encounters[0].account_number in codes(held)


@pytest.mark.parametrize(
    ("policy", "state", "applies", "insert"),
    [
        pytest.param(PLACES, "CA", True, "APP-1", id="cal-hsc-127425-e"),
        pytest.param(PLACES, "NH", False, "", id="another-state"),
        pytest.param(Policy(application_insert_code="APP-1"), "CA", False, "", id="places-no-accounts"),
    ],
)
def test_pre_assignment__applies_where_accounts_are_placed(
    policy: Policy, state: str, applies: bool, insert: str
) -> None:
    assert (pre_assignment_rule(policy, state) is not None) is applies
    assert final_notice_insert(policy, state) == insert


def test_final_notice__says_what_the_law_requires_before_placement() -> None:
    visits = (
        make_encounter("A1", correspondence=BILLED),
        make_encounter("A2", correspondence=BILLED, insurance_name="", financial_class=FinancialClass.SELF_PAY),
    )
    facts = make_letter(4, *visits, terms=BEFORE_PLACEMENT).facts
    assert isinstance(facts, LetterFacts)
    assert facts.pre_assignment is not None
    assert set(facts.pre_assignment.items) == set(PreAssignmentItem)
    assert [each.plan for each in facts.pre_assignment.visits] == [FinancialClass.COMMERCIAL, None]
    assert facts.pre_assignment.told_on == (date(2026, 10, 20),)


@pytest.mark.parametrize("level", [2, 3])
def test_earlier_letter__says_nothing_of_it(level: int) -> None:
    facts = make_letter(level, terms=BEFORE_PLACEMENT).facts
    assert isinstance(facts, LetterFacts)
    assert facts.pre_assignment is None


def test_dispute__asked_about_another_kind_holds_nothing() -> None:
    asked = DocumentRequest(request_id="Q1", kind=RequestKind.INVOICE, asked_on=days_ago(3))
    account = make_account(
        replace(visit(correspondence=mailed(first=70, last=30, level=1)), requests=(asked,)),
        letters=(CausedLetter(kind=Kind.REFUND.value, cause_id="x", mailed_on=None),),
    )
    assert decide(account, Kind.DUNNING, POLICY, AS_OF).selection is not None
