"""Visits that physician groups bill: which documents may show them, and under what."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from statement_builder.billing.model import (
    ApplicationStatus,
    AssistanceKind,
    AssistanceRecord,
    BillingEntity,
    DocumentRequest,
    Encounter,
    EntityKind,
    GuarantorAccount,
    RequestKind,
)
from statement_builder.billing.selection import Decision, Kind
from statement_builder.kinds import decide, recheck
from statement_builder.policy import Policy
from tests.builders import AS_OF, make_account, make_group, make_guarantor
from tests.policy.candidates import ADULT, codes, mailed, make_plan, selected, visit

TOGETHER = Policy(physician_balances=True)
HOSPITAL = make_group("H", kind=EntityKind.HOSPITAL, name="Riverbend Community Hospital")


def group_visit(cents: int = 8_200, number: str = "D1", **changes: Any) -> Encounter:
    return visit(cents, number, **({"billing_entity_id": "LP"} | changes))


def account_of(*visits: Encounter, groups: tuple[BillingEntity, ...] = (make_group(), HOSPITAL)) -> GuarantorAccount:
    return make_account(*visits, patients=(ADULT,), billing_entities=groups)


def statement(account: GuarantorAccount, policy: Policy = TOGETHER) -> Decision:
    return decide(account, Kind.STATEMENT, policy, AS_OF)


STATEMENTS = [
    # policy, the group, changes of its visit, holds
    pytest.param(Policy(), make_group(), {}, ["GROUP_BILLS:D1"], id="only-if-the-hospital-chose-to"),
    pytest.param(TOGETHER, make_group(), {}, [], id="under-its-own-name"),
    pytest.param(TOGETHER, make_group(hospital_collects=False), {}, ["GROUP_PAYEE:D1"], id="one-slip-one-payee"),
    pytest.param(TOGETHER, make_group(), {"sensitive": True}, ["GROUP_SENSITIVE:D1"], id="sensitive-42-cfr-part-2"),
    pytest.param(
        Policy(), make_group(kind=EntityKind.HOSPITAL), {}, [], id="the-hospital-itself-listed-as-a-billing-entity"
    ),
    pytest.param(
        TOGETHER,
        make_group(),
        {"correspondence": mailed(first=70, last=35, level=1)},
        ["GROUP_DONE:D1"],
        id="no-letter-follows-26-cfr-1.501(r)-6",
    ),
]


@pytest.mark.parametrize(("policy", "group", "changes", "reasons"), STATEMENTS)
def test_statement__visits_of_physicians(
    policy: Policy, group: BillingEntity, changes: dict[str, Any], reasons: list[str]
) -> None:
    account = account_of(visit(34_500, "A1"), group_visit(**changes), groups=(group,))
    decision = statement(account, policy)
    selection = selected(decision)
    assert codes(decision) == reasons
    assert selection.account_numbers == (("A1",) if reasons else ("A1", "D1"))
    assert selection.amount_cents == (34_500 if reasons else 42_700)
    assert decision.balance_cents == 42_700


def test_statement__of_physicians_only() -> None:
    selection = selected(statement(account_of(group_visit())))
    assert (selection.account_numbers, selection.amount_cents) == (("D1",), 8_200)


def test_statement__plan_of_hospital_and_physicians_waits() -> None:
    account = replace(
        account_of(visit(34_500, "A1", plan_id="PL1"), group_visit(plan_id="PL1"), visit(9_000, "A2")),
        plans=(make_plan(10_000, 10_000, 0),),
    )
    decision = statement(account)
    assert {"GROUP_PLAN:D1", "PLAN_PART:A1"} <= set(codes(decision))
    assert selected(decision).account_numbers == ("A2",)


def test_statement__credit_with_physicians_is_not_mentioned_as_the_hospitals() -> None:
    selection = selected(statement(account_of(visit(34_500, "A1"), group_visit(-2_000))))
    assert selection.mentioned_account_numbers == ()


BEFORE_A_LETTER = mailed(first=70, last=35, level=1)


def test_dunning__letter_is_about_the_hospitals_visits_only() -> None:
    account = account_of(
        visit(34_500, "A1", correspondence=BEFORE_A_LETTER), group_visit(correspondence=BEFORE_A_LETTER)
    )
    decision = decide(account, Kind.DUNNING, TOGETHER, AS_OF)
    selection = selected(decision)
    assert (selection.account_numbers, selection.amount_cents) == (("A1",), 34_500)
    assert codes(decision) == ["GROUP_BILLS:D1"]


@pytest.mark.parametrize(
    "kind", [each for each in Kind if not each.traits.shows_groups and not each.traits.is_obstetric]
)
def test_letter__never_about_a_physicians_visit(kind: Kind) -> None:
    asked = tuple(
        DocumentRequest(request_id=f"R-{each}", kind=each, asked_on=AS_OF, reviewed_on=AS_OF) for each in RequestKind
    )
    application = AssistanceRecord(
        kind=AssistanceKind.APPLICATION,
        occurred_on=date(2026, 11, 1),
        status=ApplicationStatus.DENIED,
        assistance_id="F1",
        decided_on=AS_OF,
    )
    account = replace(
        account_of(group_visit(correspondence=BEFORE_A_LETTER, requests=asked, plan_id="PL1")),
        plans=(make_plan(10_000, 10_000, 0),),
        assistance=(application,),
    )
    try:
        decision = decide(account, kind, TOGETHER, AS_OF)
    except ValueError:
        return  # not a candidate at all
    assert decision.selection is None


def test_invoice__shows_a_physicians_visit_that_somebody_asked_about() -> None:
    asked = (DocumentRequest(request_id="R1", kind=RequestKind.INVOICE, asked_on=AS_OF),)
    account = account_of(group_visit(requests=asked))
    assert selected(decide(account, Kind.INVOICE, TOGETHER, AS_OF)).account_numbers == ("D1",)
    assert codes(decide(account, Kind.INVOICE, Policy(), AS_OF)) == ["GROUP_BILLS:D1"]


RECHECKS = [
    # the account now, holds
    pytest.param({}, [], id="nothing-changed"),
    pytest.param(
        {"billing_entities": (make_group(tax_id="04-9999999"), HOSPITAL)}, ["GROUP_CHANGED"], id="another-tax-id"
    ),
    pytest.param(
        {"billing_entities": (make_group(hospital_collects=False), HOSPITAL)},
        ["GROUP_PAYEE:D1", "GROUP_CHANGED"],
        id="another-payee",
    ),
    pytest.param({"encounters": (visit(34_500, "A1"), visit(8_200, "D1"))}, ["GROUP_CHANGED"], id="now-the-hospitals"),
    pytest.param(
        {"encounters": (group_visit(34_500, "A1"), group_visit())}, ["GROUP_CHANGED"], id="now-the-physicians"
    ),
    pytest.param({"encounters": (visit(34_500, "A1"), group_visit(9_000))}, ["AMOUNT_CHANGED"], id="another-amount"),
    pytest.param({"guarantor": make_guarantor(last_name="Gomez")}, ["READDRESSED"], id="another-name"),
]


@pytest.mark.parametrize(("changes", "reasons"), RECHECKS)
def test_recheck__who_bills(changes: dict[str, Any], reasons: list[str]) -> None:
    then = account_of(visit(34_500, "A1"), group_visit())
    found = recheck(replace(then, **changes), selected(statement(then)), TOGETHER, AS_OF, AS_OF)
    assert [f"{each.code}:{each.account_number}".rstrip(":") for each in found] == reasons
