"""The pre-mail recheck: changes after rendering hold a document, passing days alone do not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from statement_builder.billing.model import Delivery, Deposit, EpisodeStatus, FinancialClass, GuarantorAccount
from statement_builder.kinds import find_passed_dates, recheck
from statement_builder.policy import Policy
from tests.builders import AS_OF, make_account, make_address, make_charge, make_guarantor, make_insurance, make_payment
from tests.contents import TERMS
from tests.policy.candidates import (
    POLICY,
    codes,
    letter,
    mailed,
    make_plan,
    make_pregnant,
    notice,
    recorded_hold,
    selected,
    statement,
    visit,
)

LATER = AS_OF + timedelta(days=6)
EMAIL = {"delivery": Delivery.EMAIL, "email": "maria@example.org", "email_consent_at": datetime(2026, 1, 5, tzinfo=UTC)}
Change = Callable[[GuarantorAccount], GuarantorAccount]


def billed(**changes: Any) -> GuarantorAccount:
    return make_account(visit(9_000, "A1"), visit(4_000, "A2"), guarantor=make_guarantor(**changes))


def on_a1(**changes: Any) -> Change:
    return lambda account: replace(
        account, encounters=(replace(account.encounters[0], **changes), *account.encounters[1:])
    )


def on_account(**changes: Any) -> Change:
    return lambda account: replace(account, **changes)


def recheck_codes(account: GuarantorAccount | None, before: GuarantorAccount, as_of: date = LATER) -> list[str]:
    return codes(recheck(account, selected(statement(before)), POLICY, as_of, AS_OF))


NEW_INSURANCE = (*visit(9_000).insurance, make_insurance("I9", amount_cents=100, on=AS_OF + timedelta(days=3)))

STATEMENT_ROWS = [
    pytest.param(lambda account: account, [], id="unchanged"),
    pytest.param(on_account(holds=(recorded_hold("BANKR_STAY"),)), ["BANKR_STAY"], id="bankruptcy"),
    pytest.param(on_account(holds=(recorded_hold("DECEASED"),)), ["DECEASED"], id="death"),
    pytest.param(on_account(holds=(recorded_hold("RETMAIL"),)), ["RETMAIL"], id="returned-mail"),
    pytest.param(
        on_account(holds=(recorded_hold("DISPUTE", account_number="A2"),)), ["DISPUTE:A2"], id="disputed-visit"
    ),
    pytest.param(on_account(holds=(recorded_hold("FAP_PENDING"),)), [], id="letters-hold-does-not-stop-a-statement"),
    pytest.param(
        on_a1(payments=(make_payment(on=LATER),)), ["PMT_TODAY", "AMOUNT_CHANGED"], id="payment-on-the-hand-off-date"
    ),
    pytest.param(
        on_a1(payments=(make_payment(on=AS_OF + timedelta(days=1)),)),
        ["PMT_TODAY", "AMOUNT_CHANGED"],
        id="payment-after-rendering",
    ),
    pytest.param(
        on_a1(payments=(make_payment(on=AS_OF - timedelta(days=1)),)), ["AMOUNT_CHANGED"], id="backdated-payment"
    ),
    pytest.param(on_a1(insurance=NEW_INSURANCE), ["AMOUNT_CHANGED"], id="insurance-payment-posted"),
    pytest.param(on_a1(charges=(make_charge(amount_cents=120_001),)), ["AMOUNT_CHANGED"], id="one-cent-more-charges"),
    pytest.param(on_a1(financial_class=FinancialClass.MEDICAID), ["MCAID:A1", "MCAID:A2"], id="medicaid-now"),
    pytest.param(on_a1(correspondence=mailed(first=2)), ["MINDAYS"], id="another-statement-mailed"),
    pytest.param(on_account(unapplied_cents=500), ["UNDIST"], id="unapplied-payment"),
    pytest.param(on_account(open_documents=("dunning",)), ["DUPRUN"], id="in-another-batch"),
    pytest.param(
        lambda account: replace(account, encounters=account.encounters[1:]), ["NOT_ON_FILE:A1"], id="visit-removed"
    ),
    pytest.param(
        lambda account: replace(account, encounters=(*account.encounters, visit(7_000, "A3"))), [], id="new-visit"
    ),
    pytest.param(
        on_account(guarantor=make_guarantor(address=make_address("9 Oak Street"))), ["READDRESSED"], id="moved"
    ),
    pytest.param(
        on_account(guarantor=make_guarantor(confidential_address=make_address("PO Box 9"))),
        ["READDRESSED"],
        id="confidential-address-added",
    ),
    pytest.param(on_account(guarantor=make_guarantor(large_print=True)), ["READDRESSED"], id="large-print-requested"),
    pytest.param(on_account(guarantor=make_guarantor(delivery=Delivery.EMAIL)), [], id="now-prefers-email"),
]


@pytest.mark.parametrize(("change", "reasons"), STATEMENT_ROWS)
def test_recheck__statement(change: Change, reasons: list[str]) -> None:
    assert recheck_codes(change(billed()), billed()) == reasons


def test_recheck__guarantor_no_longer_on_file() -> None:
    assert recheck_codes(None, billed()) == ["NOT_ON_FILE"]


def test_recheck__paid_off() -> None:
    paid = on_a1(payments=(make_payment(amount_cents=9_000, on=LATER),))
    assert recheck_codes(paid(billed()), billed()) == ["PMT_TODAY", "ZERO:A1", "AMOUNT_CHANGED"]


def test_recheck__ignores_a_payment_after_as_of() -> None:
    account = on_a1(payments=(make_payment(on=LATER + timedelta(days=1)),))(billed())
    assert recheck_codes(account, billed()) == []


def test_recheck__email_consent_withdrawn() -> None:
    account = billed(**EMAIL | {"email_consent_at": None})
    assert recheck_codes(account, billed(**EMAIL)) == ["CHANNEL"]


@pytest.mark.parametrize(
    ("delivery", "reasons"),
    [
        pytest.param(Delivery.EMAIL, ["READDRESSED"], id="by-e-mail"),
        pytest.param(Delivery.PAPER, [], id="on-paper"),
    ],
)
def test_recheck__another_email_address_changes_only_what_goes_by_email(delivery: Delivery, reasons: list[str]) -> None:
    before = billed(**EMAIL | {"delivery": delivery})
    assert recheck_codes(billed(**EMAIL | {"delivery": delivery, "email": "new@example.org"}), before) == reasons


def test_recheck__without_a_digest_the_address_is_not_compared() -> None:
    selection = replace(selected(statement(billed())), recipient_digest="")
    moved = billed(address=make_address("9 Oak Street"))
    assert recheck(moved, selection, POLICY, LATER, AS_OF) == ()


@pytest.mark.parametrize(("more_cents", "reasons"), [(100, []), (101, ["AMOUNT_CHANGED"])])
def test_recheck__tolerance(more_cents: int, reasons: list[str]) -> None:
    selection = selected(statement(billed()))
    account = on_a1(charges=(make_charge(amount_cents=120_000 + more_cents),))(billed())
    assert codes(recheck(account, selection, Policy(restate_tolerance_cents=100), LATER, AS_OF)) == reasons


@pytest.mark.parametrize("days", [0, 1, 10, 23])
def test_recheck__passing_days_alone_hold_nothing(days: int) -> None:
    as_of = AS_OF + timedelta(days=days)
    plan = make_account(visit(30_000, plan_id="PL1"), plans=(make_plan(10_000, 10_000, 10_000, 0),))
    for account in (billed(), plan):
        assert recheck_codes(account, account, as_of) == []


@pytest.mark.parametrize(
    ("days", "reasons"),
    [
        pytest.param(24, [], id="day-before-the-due-date"),
        pytest.param(25, ["DUE_PASSED"], id="on-the-due-date"),
        pytest.param(26, ["DUE_PASSED"], id="day-after-the-due-date"),
    ],
)
def test_recheck__due_date_passed_before_mailing(days: int, reasons: list[str]) -> None:
    assert recheck_codes(billed(), billed(), AS_OF + timedelta(days=days)) == reasons


@pytest.mark.parametrize(
    ("days", "mailed_days", "reasons"),
    [
        pytest.param(22, 24, [], id="mailed-before-the-due-date"),
        pytest.param(23, 25, [], id="mailed-on-the-due-date"),
        pytest.param(24, 26, ["DUE_PASSED"], id="mailed-after-the-due-date"),
    ],
)
def test_recheck__the_due_date_is_valid_on_the_day_of_mailing(days: int, mailed_days: int, reasons: list[str]) -> None:
    as_of, mailed_by = AS_OF + timedelta(days=days), AS_OF + timedelta(days=mailed_days)
    selection = selected(statement(billed()))
    assert codes(recheck(billed(), selection, POLICY, as_of, AS_OF, mailed_by=mailed_by)) == reasons


@pytest.mark.parametrize(
    ("first", "days", "reasons"),
    [
        pytest.param(220, 20, [], id="mailed-on-the-last-day-to-apply"),
        pytest.param(220, 21, ["DUE_PASSED"], id="mailed-after-the-last-day-to-apply"),
        pytest.param(239, 21, [], id="the-page-has-no-last-day"),
    ],
)
def test_find_passed_dates__every_date_on_the_page_is_valid_on_the_day_of_mailing(
    first: int, days: int, reasons: list[str]
) -> None:
    """26 CFR 1.501(r)-1(b)(3): the letter says until when somebody can apply for financial assistance."""
    account = make_account(visit(9_000, "A1", correspondence=mailed(first=first, last=30, level=1)))
    selection = selected(letter(account))
    mailed_by = AS_OF + timedelta(days=days)
    assert codes(find_passed_dates(account, selection, TERMS, AS_OF, mailed_by)) == reasons


def test_recheck__installment_paid_after_rendering() -> None:
    before = make_account(visit(30_000, plan_id="PL1"), plans=(make_plan(10_000, 10_000, 10_000, 0, 0),))
    after = replace(before, plans=(make_plan(10_000, 10_000, 10_000, 2_500, 0),))
    assert recheck_codes(after, before) == ["AMOUNT_CHANGED"]


# Letters


def due_for(level: int, **changes: Any) -> GuarantorAccount:
    return make_account(visit(9_000, "A1", correspondence=mailed(first=130, last=30, level=level - 1)), **changes)


@pytest.mark.parametrize(
    ("change", "reasons"),
    [
        pytest.param(lambda account: account, [], id="unchanged"),
        pytest.param(on_account(holds=(recorded_hold("FAP_PENDING"),)), ["FAP_PENDING"], id="assistance-application"),
        pytest.param(on_account(holds=(recorded_hold("ATTY"),)), ["ATTY"], id="attorney"),
        pytest.param(
            on_a1(correspondence=mailed(first=130, last=1, level=2)),
            ["MINDAYS", "LADDER_WAIT:A1"],
            id="another-letter-mailed",
        ),
        pytest.param(
            on_a1(payments=(make_payment(amount_cents=500, on=LATER),)),
            ["PMT_TODAY", "AMOUNT_CHANGED"],
            id="small-payment",
        ),
        pytest.param(
            lambda account: replace(
                account, encounters=(*account.encounters, visit(correspondence=mailed(first=130, last=30, level=3)))
            ),
            [],
            id="another-visit-at-a-higher-level",
        ),
    ],
)
def test_recheck__letter(change: Change, reasons: list[str]) -> None:
    selection = selected(letter(due_for(2)))
    account = change(due_for(2))
    if len(account.encounters) > 1:
        account = replace(
            account, encounters=(account.encounters[0], replace(account.encounters[1], account_number="A2"))
        )
    assert codes(recheck(account, selection, POLICY, LATER, AS_OF)) == reasons


@pytest.mark.parametrize(
    ("days", "reasons"),
    [
        pytest.param(10, [], id="30-days-left"),
        pytest.param(11, ["NOTICE_SHORT"], id="29-days-left"),
    ],
)
def test_recheck__final_notice_must_leave_30_days(days: int, reasons: list[str]) -> None:
    account = due_for(4)
    selection = selected(letter(account))
    assert selection.due_on == date(2026, 12, 30)
    assert codes(recheck(account, selection, POLICY, AS_OF + timedelta(days=days), AS_OF)) == reasons


@pytest.mark.parametrize(
    ("mailed_days", "reasons"),
    [
        pytest.param(10, [], id="mailed-30-days-before-the-deadline"),
        pytest.param(11, ["NOTICE_SHORT"], id="mailed-29-days-before-the-deadline"),
    ],
)
def test_recheck__final_notice_leaves_30_days_from_mailing_26_cfr_1_501r_6_c_4(
    mailed_days: int, reasons: list[str]
) -> None:
    account = due_for(4)
    as_of, mailed_by = AS_OF + timedelta(days=8), AS_OF + timedelta(days=mailed_days)
    assert codes(recheck(account, selected(letter(account)), POLICY, as_of, AS_OF, mailed_by=mailed_by)) == reasons


# Obstetric notices


@pytest.mark.parametrize(
    ("days", "reasons"),
    [
        pytest.param(4, [], id="mailed-on-the-last-day-of-the-plan-year"),
        pytest.param(5, ["OB_PLAN_YEAR"], id="mailed-in-the-next-plan-year"),
    ],
)
def test_recheck__estimate_of_a_plan_year_that_ended_before_mailing(days: int, reasons: list[str]) -> None:
    """Deductibles reset with the plan year, so the estimate is of another year."""
    account = make_pregnant(plan_year_ends_on=AS_OF + timedelta(days=4))
    later = AS_OF + timedelta(days=days)
    assert codes(recheck(account, selected(notice(account)), POLICY, later, AS_OF)) == reasons


@pytest.mark.parametrize(
    ("change", "reasons"),
    [
        pytest.param({}, [], id="unchanged"),
        pytest.param({"status": EpisodeStatus.LOST}, ["LOSS"], id="loss"),
        pytest.param({"status": EpisodeStatus.DELIVERED}, ["OB_DELIVERED"], id="birth"),
        pytest.param({"expected_delivery_on": date(2027, 5, 15)}, ["OB_EDD_MOVED"], id="delivery-date-moved"),
        pytest.param({"expected_delivery_on": None}, ["OB_NO_EDD"], id="delivery-date-removed"),
        pytest.param({"insurance_changed_on": LATER}, ["OB_INS_CHANGED"], id="insurance-changed"),
        pytest.param({"financial_class": FinancialClass.MEDICAID}, ["MCAID"], id="medicaid"),
        pytest.param({"notices_sent": 1, "last_notice_on": AS_OF}, ["MINDAYS"], id="another-notice-mailed"),
        pytest.param(
            {"deposits": (Deposit(deposit_id="D1", posted_on=LATER, amount_cents=1_000),)},
            ["AMOUNT_CHANGED"],
            id="deposit",
        ),
        pytest.param({"episode_id": "E7"}, ["NOT_ON_FILE"], id="record-replaced"),
    ],
)
def test_recheck__notice(change: dict[str, Any], reasons: list[str]) -> None:
    selection = selected(notice(make_pregnant()))
    assert codes(recheck(make_pregnant(**change), selection, POLICY, LATER, AS_OF)) == reasons


def test_recheck__recorded_holds_stop_a_notice() -> None:
    selection = selected(notice(make_pregnant()))
    for code in ("LOSS", "OB_OPTOUT", "FAP_PENDING", "DECEASED"):
        account = replace(make_pregnant(), holds=(recorded_hold(code),))
        assert codes(recheck(account, selection, POLICY, LATER, AS_OF)) == [code]


def test_recheck__overdue_birth_stops_a_notice() -> None:
    expected_on = AS_OF - timedelta(days=10)
    account = make_pregnant(
        expected_delivery_on=expected_on, estimated_delivery_on=expected_on, estimate_on=date(2026, 4, 1)
    )
    selection = selected(notice(account))
    assert codes(recheck(account, selection, POLICY, AS_OF + timedelta(days=3), AS_OF)) == []
    assert codes(recheck(account, selection, POLICY, AS_OF + timedelta(days=4), AS_OF)) == ["OB_OVERDUE"]


@pytest.mark.parametrize(
    ("change", "reasons"),
    [
        pytest.param({"insurance_pending_cents": 0}, [], id="decided-since"),
        pytest.param({"final_billed": False}, [], id="reopened"),
        pytest.param({"financial_class": FinancialClass.WORKERS_COMP}, ["WC:A2"], id="workers-compensation"),
    ],
)
def test_recheck__visit_that_the_statement_mentions(change: dict[str, Any], reasons: list[str]) -> None:
    """A document that mentions a visit of which it must say nothing is not mailed."""
    pending = visit(4_000, "A2", insurance_pending_cents=4_000)
    account = make_account(visit(9_000, "A1"), pending)
    selection = selected(statement(account))
    assert selection.mentioned_account_numbers == ("A2",)
    now = make_account(visit(9_000, "A1"), replace(pending, **change))
    assert codes(recheck(now, selection, POLICY, LATER, AS_OF)) == reasons


def test_recheck__confidential_hold_on_a_mentioned_visit() -> None:
    account = make_account(visit(9_000, "A1"), visit(-4_000, "A2"))
    selection = selected(statement(account))
    assert selection.mentioned_account_numbers == ("A2",)
    now = replace(account, holds=(recorded_hold("DISPUTE", account_number="A2"),))
    assert codes(recheck(now, selection, POLICY, LATER, AS_OF)) == ["DISPUTE:A2"]
