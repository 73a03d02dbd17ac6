"""What holds of every decision, for any account that the contract admits."""

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
from statement_builder.policy import HOLD_CODES, Policy, candidate_cents, decide, recheck
from tests.billing.strategies import accounts, recorded_holds
from tests.builders import AS_OF, make_account, make_episode
from tests.policy.candidates import POLICY, visit

kinds = st.sampled_from(Kind)


def test_strategies__reach_every_outcome() -> None:
    """The properties below would hold of nothing if hardly any account were selected."""
    seen: Counter[tuple[Kind, str]] = Counter()

    @settings(max_examples=300)
    @given(accounts)
    def look(account: GuarantorAccount) -> None:
        seen.update((kind, _outcome(account, kind)) for kind in Kind)

    look()
    assert all(seen[kind, outcome] >= 5 for kind in Kind for outcome in ("selected", "held"))


@settings(max_examples=200)
@given(accounts, kinds)
def test_decide__one_outcome_that_foots(account: GuarantorAccount, kind: Kind) -> None:
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
    assert selection.amount_cents >= POLICY.balance_min_cents
    assert selection.due_on >= AS_OF
    assert "" not in held
    if kind is Kind.OB_NOTICE:
        assert (printed, selection.amount_cents <= decision.balance_cents) == (set(), True)
    else:
        assert printed.isdisjoint(held)
        assert printed | (held & everything) == everything
        assert selection.level in ((0, 1) if kind is Kind.STATEMENT else (2, 3, 4))


@settings(max_examples=150)
@given(accounts, kinds, recorded_holds())
def test_decide__one_more_hold_never_selects(account: GuarantorAccount, kind: Kind, hold: RecordedHold) -> None:
    assume(candidate_cents(account, kind, AS_OF) is not None)
    before = decide(account, kind, POLICY, AS_OF)
    after = decide(replace(account, holds=(*account.holds, hold)), kind, POLICY, AS_OF)
    if before.selection is None:
        assert after.selection is None
    elif after.selection is not None:
        assert set(after.selection.account_numbers) <= set(before.selection.account_numbers) or kind is Kind.DUNNING


@given(accounts, kinds, st.integers(0, 40))
def test_recheck__lets_go_what_has_not_changed(account: GuarantorAccount, kind: Kind, days: int) -> None:
    """Only money dated ahead (posted after the page's day) or a birth overdue may stop an unchanged account."""
    assume(candidate_cents(account, kind, AS_OF) is not None)
    decision = decide(account, kind, POLICY, AS_OF)
    if decision.selection is None:
        return
    assert recheck(account, decision.selection, POLICY, AS_OF, AS_OF) == ()
    later = recheck(account, decision.selection, POLICY, AS_OF + timedelta(days=days), AS_OF)
    dated_ahead = msgspec.json.encode(account) != msgspec.json.encode(_without_the_future(account))
    allowed = {"OB_OVERDUE", "NOTICE_SHORT"}
    assert dated_ahead or {hold.code for hold in later} <= allowed


@given(accounts, kinds)
def test_decide__is_the_same_each_time_and_survives_the_snapshot(account: GuarantorAccount, kind: Kind) -> None:
    assume(candidate_cents(account, kind, AS_OF) is not None)
    decision = decide(account, kind, POLICY, AS_OF)
    thawed = msgspec.json.decode(msgspec.json.encode(account), type=GuarantorAccount)
    assert decide(thawed, kind, Policy(), AS_OF) == decision
    assert msgspec.json.decode(msgspec.json.encode(decision), type=Decision) == decision


@pytest.mark.parametrize(
    ("account", "kind", "cents"),
    [
        pytest.param(make_account(), Kind.STATEMENT, 0, id="statement-everybody"),
        pytest.param(make_account(), Kind.DUNNING, None, id="letter-needs-visits"),
        pytest.param(make_account(), Kind.OB_NOTICE, None, id="notice-needs-a-pregnancy"),
        pytest.param(make_account(visit(700)), Kind.DUNNING, 700, id="letter-all-that-is-owed"),
        pytest.param(make_account(visit(700), visit(-900, "A2")), Kind.STATEMENT, -200, id="statement-credits-too"),
        pytest.param(make_account(episodes=(make_episode(),)), Kind.OB_NOTICE, 240_000, id="notice-the-estimate"),
    ],
)
def test_candidate_cents(account: GuarantorAccount, kind: Kind, cents: int | None) -> None:
    assert candidate_cents(account, kind, AS_OF) == cents


def test_candidate_cents__of_bills_is_all_that_is_owed() -> None:
    account = make_account(visit(700), visit(900, "A2", insurance_pending_cents=900))
    assert candidate_cents(account, Kind.STATEMENT, AS_OF) == owed_cents(account, AS_OF) == 1_600


def _outcome(account: GuarantorAccount, kind: Kind) -> str:
    if candidate_cents(account, kind, AS_OF) is None:
        return "no candidate"
    return decide(account, kind, POLICY, AS_OF).outcome


def _without_the_future(account: GuarantorAccount) -> GuarantorAccount:
    return replace(
        account,
        encounters=tuple(
            replace(
                each,
                charges=tuple(one for one in each.charges if one.posted_on <= AS_OF),
                insurance=tuple(one for one in each.insurance if one.posted_on <= AS_OF),
                payments=tuple(one for one in each.payments if one.posted_on <= AS_OF),
            )
            for each in account.encounters
        ),
        episodes=tuple(
            replace(each, deposits=tuple(one for one in each.deposits if one.posted_on <= AS_OF))
            for each in account.episodes
        ),
    )
