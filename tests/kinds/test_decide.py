"""Properties of every decision, for any account that meets the contract."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from statement_builder.billing.balance import owed_cents
from statement_builder.billing.model import GuarantorAccount, RecordedHold
from statement_builder.billing.selection import Decision, Kind
from statement_builder.kinds import candidate_cents, decide, explain, recheck
from statement_builder.kinds.statement.rules import STATEMENT_RULES
from statement_builder.policy import HOLD_CODES, Policy
from tests.billing.strategies import accounts, recorded_holds
from tests.builders import AS_OF, make_account, make_episode
from tests.policy.candidates import POLICY, visit

kinds = st.sampled_from(Kind)
GENERAL = (Kind.STATEMENT, Kind.OB_NOTICE, Kind.DUNNING)
"""The kinds that any account can get. The events of the others are rare, and their own tests have them."""


def test_strategies__reach_every_outcome() -> None:
    """The other property tests are meaningless if hardly any account is selected."""
    seen: Counter[tuple[Kind, str]] = Counter()

    @settings(max_examples=300)
    @given(accounts)
    def count_outcomes(account: GuarantorAccount) -> None:
        seen.update((kind, _outcome(account, kind)) for kind in Kind)

    count_outcomes()
    assert all(seen[kind, outcome] >= 5 for kind in GENERAL for outcome in ("selected", "held"))


@settings(max_examples=200)
@given(accounts, kinds)
def test_decide__has_one_outcome_that_foots(account: GuarantorAccount, kind: Kind) -> None:
    assume(candidate_cents(account, kind, AS_OF) is not None)
    decision = decide(account, kind, POLICY, AS_OF)
    selection = decision.selection
    assert decision.outcome in ("selected", "held", "exception")
    assert (decision.outcome == "selected") == (selection is not None)
    assert decision.outcome != "held" or decision.holds
    assert decision.balance_cents == candidate_cents(account, kind, AS_OF)
    assert all(hold.code in HOLD_CODES for hold in decision.holds)
    assert len(set(decision.holds)) == len(decision.holds)
    if selection is None:
        return
    held = {hold.account_number for hold in decision.holds}
    printed = set(selection.account_numbers)
    everything = {each.account_number for each in account.encounters}
    if kind.traits.family == "plan":
        assert 0 < selection.amount_cents <= decision.balance_cents
        assert printed.isdisjoint(held)
        assert "" not in held
        assert selection.due_on >= AS_OF
        return
    asked = {each.account_number for each in account.encounters if each.requests}
    assert selection.amount_cents >= (0 if kind.traits.is_asked_for else POLICY.balance_min_cents)
    assert selection.due_on >= AS_OF
    assert "" not in held
    if kind.traits.is_asked_for:
        assert printed.isdisjoint(held)
        assert printed | held == asked
        assert selection.level == 0
    elif kind is Kind.OB_NOTICE:
        assert (printed, selection.amount_cents <= decision.balance_cents) == (set(), True)
    else:
        assert printed.isdisjoint(held)
        assert printed | (held & everything) == everything
        assert selection.level in ((0, 1) if kind is Kind.STATEMENT else (2, 3, 4))


@settings(max_examples=150)
@given(accounts, kinds, recorded_holds())
def test_decide__another_hold_never_selects(account: GuarantorAccount, kind: Kind, hold: RecordedHold) -> None:
    """What it selects instead may be another visit: of a lower level, or asked for later."""
    assume(candidate_cents(account, kind, AS_OF) is not None)
    before = decide(account, kind, POLICY, AS_OF)
    after = decide(replace(account, holds=(*account.holds, hold)), kind, POLICY, AS_OF)
    if before.selection is None:
        assert after.selection is None
    elif after.selection is not None:
        assert set(after.selection.account_numbers) <= set(before.selection.account_numbers) or kind in {
            Kind.DUNNING,
            Kind.INVOICE,
        }


@given(accounts, kinds, st.integers(0, 40))
def test_recheck__releases_an_unchanged_account(account: GuarantorAccount, kind: Kind, days: int) -> None:
    """Only future-dated postings, an overdue birth, or a short notice period may hold an unchanged account."""
    assume(candidate_cents(account, kind, AS_OF) is not None)
    decision = decide(account, kind, POLICY, AS_OF)
    if decision.selection is None:
        return
    assert recheck(account, decision.selection, POLICY, AS_OF, AS_OF) == ()
    later = recheck(account, decision.selection, POLICY, AS_OF + timedelta(days=days), AS_OF)
    future_dated = msgspec.json.encode(account) != msgspec.json.encode(_without_future_postings(account))
    allowed = {"OB_OVERDUE", "NOTICE_SHORT", "DUE_PASSED"}
    assert future_dated or {hold.code for hold in later} <= allowed


@given(accounts, kinds)
def test_decide__is_deterministic_and_survives_a_snapshot(account: GuarantorAccount, kind: Kind) -> None:
    assume(candidate_cents(account, kind, AS_OF) is not None)
    decision = decide(account, kind, POLICY, AS_OF)
    restored = msgspec.json.decode(msgspec.json.encode(account), type=GuarantorAccount)
    assert decide(restored, kind, Policy(), AS_OF) == decision
    assert msgspec.json.decode(msgspec.json.encode(decision), type=Decision) == decision


@pytest.mark.parametrize(
    ("account", "kind", "cents"),
    [
        pytest.param(make_account(), Kind.STATEMENT, 0, id="statement-any-guarantor"),
        pytest.param(make_account(), Kind.DUNNING, None, id="letter-requires-visits"),
        pytest.param(make_account(), Kind.OB_NOTICE, None, id="notice-requires-a-pregnancy"),
        pytest.param(make_account(visit(700)), Kind.DUNNING, 700, id="letter-total-balance"),
        pytest.param(make_account(visit(700), visit(-900, "A2")), Kind.STATEMENT, -200, id="statement-with-credit"),
        pytest.param(make_account(episodes=(make_episode(),)), Kind.OB_NOTICE, 240_000, id="notice-estimate"),
    ],
)
def test_candidate_cents(account: GuarantorAccount, kind: Kind, cents: int | None) -> None:
    assert candidate_cents(account, kind, AS_OF) == cents


def test_candidate_cents__of_bills_is_the_total_balance() -> None:
    account = make_account(visit(700), visit(900, "A2", insurance_pending_cents=900))
    assert candidate_cents(account, Kind.STATEMENT, AS_OF) == owed_cents(account, AS_OF) == 1_600


def _outcome(account: GuarantorAccount, kind: Kind) -> str:
    if candidate_cents(account, kind, AS_OF) is None:
        return "not a candidate"
    return decide(account, kind, POLICY, AS_OF).outcome


def _without_future_postings(account: GuarantorAccount) -> GuarantorAccount:
    return replace(
        account,
        encounters=tuple(
            replace(
                each,
                charges=tuple(posting for posting in each.charges if posting.posted_on <= AS_OF),
                insurance=tuple(posting for posting in each.insurance if posting.posted_on <= AS_OF),
                payments=tuple(posting for posting in each.payments if posting.posted_on <= AS_OF),
            )
            for each in account.encounters
        ),
        episodes=tuple(
            replace(each, deposits=tuple(posting for posting in each.deposits if posting.posted_on <= AS_OF))
            for each in account.episodes
        ),
    )


def test_explain__is_the_decision_with_every_rule_in_its_order() -> None:
    account = make_account(visit(), holds=(RecordedHold(hold_id="H1", code="ATTY", placed_on=AS_OF),))
    decision, rules = explain(account, Kind.STATEMENT, Policy(), AS_OF)
    assert decision == decide(account, Kind.STATEMENT, Policy(), AS_OF)
    assert len(rules) > len(STATEMENT_RULES)
    assert [rule.says for rule in rules[: len(STATEMENT_RULES)] if not rule.says] == []
    assert {hold for rule in rules for hold in rule.holds} == set(decision.holds)
    assert rules[0].holds
