"""What payroll is told: only what both have signed, each change once, and the end of what must end."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from statement_builder.billing.model import DeductionStatus, GuarantorAccount, PlanStatus, RecordedHold
from statement_builder.billing.payroll import DeductionRow
from statement_builder.policy.payroll.deduction_rows import STOPS_DEDUCTIONS, Changes, find_changes
from tests.builders import AS_OF, make_guarantor
from tests.payroll import SIGNED, make_deduction, on_payroll
from tests.plan_letters import make_plan

ROW = DeductionRow(
    authorization_id="W70001",
    guarantor_id="G1001",
    employee_id="E20417",
    code="HOSPITAL",
    amount_cents=5_000,
    starts_on=date(2026, 12, 18),
    ends_on=date(2027, 5, 21),
    limit_cents=60_000,
    signed_on=date(2026, 11, 12),
)
ENDED = {"status": DeductionStatus.ENDED}
REVOKED = {"status": DeductionStatus.REVOKED}
TEN = {"per_pay_cents": 6_000, "pay_count": 10, "last_pay_on": date(2027, 4, 23)}


def changes(
    *accounts: GuarantorAccount, sent: DeductionRow | None = None, as_of: date = AS_OF, code: str = "HOSPITAL"
) -> Changes:
    return find_changes(accounts, {sent.authorization_id: sent} if sent else {}, code=code, as_of=as_of)


def signed(**terms: Any) -> GuarantorAccount:
    return on_payroll(make_deduction(**(SIGNED | terms)))


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        pytest.param({"status": DeductionStatus.ASKED}, "", id="asked"),
        pytest.param({"signed_on": None}, "PAYROLL_UNSIGNED", id="not-signed-by-the-employee"),
        pytest.param({"hospital_signed_on": None}, "PAYROLL_UNSIGNED", id="not-signed-by-the-hospital"),
        pytest.param(
            {"first_pay_on": date(2026, 11, 11), "last_pay_on": date(2027, 4, 14)},
            "PAYROLL_UNSIGNED",
            id="signed-after-the-payday-nc-95-25.8",
        ),
        pytest.param(
            {"first_pay_on": date(2026, 11, 19), "last_pay_on": date(2027, 4, 22)}, "PAYROLL_LATE", id="payday-passed"
        ),
        pytest.param({"per_pay_cents": 5_500}, "PAYROLL_TERMS", id="does-not-add-up"),
        pytest.param({"work_state": "NY"}, "PAYROLL_STATE", id="ny-labor-law-193"),
        pytest.param({"employee_id": "123-45-6789"}, "PAYROLL_TERMS", id="social-security-number"),
        pytest.param(REVOKED, "", id="revoked-before-it-was-sent"),
        pytest.param(ENDED, "", id="ended-before-it-was-sent"),
    ],
)
def test_find_changes__nothing_begins_without_both_signatures(terms: dict[str, Any], code: str) -> None:
    found = changes(signed(**terms))
    assert found.rows == ()
    assert [each.code for each in found.refused] == ([code] if code else [])


def test_find_changes__a_signed_authorization_is_sent_once() -> None:
    assert changes(signed()) == Changes((ROW,), ())
    assert changes(signed(), sent=ROW) == Changes((), ())
    assert changes(signed(), sent=ROW, code="OTHER") == Changes((), ()), "what was sent keeps its code"


@pytest.mark.parametrize(
    ("terms", "ends_on"),
    [
        pytest.param(REVOKED, AS_OF, id="revoked-today"),
        pytest.param(REVOKED | {"ended_on": date(2027, 1, 15)}, date(2027, 1, 14), id="revoked-from-a-payday-on"),
        pytest.param(ENDED, AS_OF, id="employment-ended"),
        pytest.param(ENDED | {"ended_on": AS_OF - timedelta(days=5)}, AS_OF - timedelta(days=6), id="ended-earlier"),
        pytest.param(ENDED | {"ended_on": date(2027, 6, 1)}, None, id="ends-after-the-last-payday"),
    ],
)
def test_find_changes__an_end_is_sent_once(terms: dict[str, Any], ends_on: date | None) -> None:
    account = on_payroll(make_deduction(**(SIGNED | terms)))
    found = changes(account, sent=ROW)
    assert found == Changes((replace(ROW, ends_on=ends_on),) if ends_on else (), ())
    if ends_on:
        assert changes(account, sent=found.rows[0]) == Changes((), ())
        assert changes(account, sent=found.rows[0], as_of=AS_OF + timedelta(days=1)) == Changes((), ())


@pytest.mark.parametrize("code", sorted(STOPS_DEDUCTIONS))
def test_find_changes__the_law_ends_a_deduction__11_usc_362(code: str) -> None:
    hold = RecordedHold(hold_id="H1", code=code, placed_on=AS_OF)
    held = replace(signed(), holds=(hold,))
    assert changes(held).rows == ()
    assert changes(held, sent=ROW).rows == (replace(ROW, ends_on=AS_OF),)
    over = replace(signed(), holds=(replace(hold, expires_on=AS_OF),))
    assert changes(over, sent=ROW) == Changes((), ())


@pytest.mark.parametrize(
    "plan",
    [
        pytest.param(make_plan(*(10_000,) * 6, next_on=date(2027, 6, 18)), id="paid"),
        pytest.param(make_plan(next_on=date(2026, 12, 18), status=PlanStatus.CANCELLED), id="cancelled"),
        pytest.param(make_plan(next_on=date(2026, 12, 18), status=PlanStatus.DEFAULTED), id="ended"),
    ],
)
def test_find_changes__nothing_is_taken_for_a_plan_that_is_over(plan: Any) -> None:
    account = on_payroll(make_deduction(**SIGNED), plan=plan)
    assert changes(account, sent=ROW).rows == (replace(ROW, ends_on=AS_OF),)


def test_find_changes__stopped_does_not_begin_again_without_a_new_authorization() -> None:
    stopped = replace(ROW, ends_on=AS_OF)
    found = changes(signed(), sent=stopped)
    assert (found.rows, [each.code for each in found.refused]) == ((), ["PAYROLL_STOPPED"])


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        pytest.param(TEN, "PAYROLL_UNSIGNED", id="more-without-a-signature-29-cfr-531.35"),
        pytest.param(TEN | {"signed_on": date(2026, 11, 18)}, "", id="signed-again"),
        pytest.param({"status": DeductionStatus.ASKED}, "PAYROLL_UNSIGNED", id="back-to-asked"),
    ],
)
def test_find_changes__new_terms_need_a_new_signature(terms: dict[str, Any], code: str) -> None:
    found = changes(on_payroll(make_deduction(**(SIGNED | terms))), sent=ROW)
    assert [each.code for each in found.refused] == ([code] if code else [])
    assert [each.amount_cents for each in found.rows] == ([] if code else [6_000])


def other_account(**terms: Any) -> GuarantorAccount:
    deduction = make_deduction(**(SIGNED | {"authorization_id": "W70002"} | terms))
    return replace(on_payroll(deduction), guarantor=make_guarantor(guarantor_id="G1002"))


def test_find_changes__one_deduction_at_a_time_for_an_employee() -> None:
    found = changes(signed(), other_account())
    assert [each.authorization_id for each in found.rows] == ["W70001"]
    assert [(each.authorization_id, each.code) for each in found.refused] == [("W70002", "PAYROLL_TWO")]
    assert changes(signed(), other_account(), sent=ROW).rows == ()
    later = other_account(first_pay_on=date(2027, 6, 4), last_pay_on=date(2027, 11, 5))
    assert [each.authorization_id for each in changes(signed(), later).rows] == ["W70001", "W70002"]
    assert changes(signed(), other_account(employee_id="E2")).refused == ()


def test_find_changes__what_is_no_longer_on_file_stands_and_is_reported() -> None:
    assert [each.code for each in changes(sent=ROW).refused] == ["PAYROLL_GONE"]
    assert changes(sent=ROW, as_of=date(2027, 5, 22)) == Changes((), ())
