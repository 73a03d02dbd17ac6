"""What may go to a collection agency: each gate, its limits, and that a visit that fails several says so of each."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from statement_builder.billing.model import (
    ApplicationStatus,
    AssistanceKind,
    AssistanceRecord,
    ContactKind,
    Coverage,
    CoverageKind,
    Encounter,
    FinancialClass,
    Guarantor,
    InsuranceStatus,
)
from statement_builder.billing.selection import CollectionAction, Kind
from statement_builder.kinds.dunning.rules import find_placement_holds
from statement_builder.policy import Policy
from statement_builder.policy.candidate import open_candidate
from statement_builder.policy.placement import Agency, PlacementHistory, Takes, Visit, choose_agency, find_refusals
from tests.builders import AS_OF, make_account, make_address, make_guarantor, make_payment
from tests.policy.candidates import ADULT, days_ago, mailed, make_plan, recorded_hold, visit

AGENCY = Agency(agency_id="granite", name="Granite Recovery", client_id="MV1", url="file:///x")
SUES = Policy(collection_actions=(CollectionAction.SUIT,))
MEDICAID = Coverage(patient_id="P1", kind=CoverageKind.MEDICAID, starts_on=date(2026, 1, 1))


def record(kind: AssistanceKind, days: int, account: str = "", **changes: Any) -> AssistanceRecord:
    return AssistanceRecord(kind=kind, occurred_on=days_ago(days), account_number=account, **changes)


def screened(days: int = 12, account: str = "") -> AssistanceRecord:
    return record(AssistanceKind.SCREENING, days, account)


def covered(days: int = 9, account: str = "") -> AssistanceRecord:
    return record(AssistanceKind.COVERAGE_CHECK, days, account)


def decided(status: ApplicationStatus) -> AssistanceRecord:
    return record(AssistanceKind.APPLICATION, 60, status=status)


def ready(**changes: Any) -> Encounter:
    """A visit of April whose final notice was mailed 41 days ago."""
    facts: dict[str, Any] = {
        "account_number": "A1",
        "service_from": days_ago(200),
        "service_to": days_ago(200),
        "correspondence": mailed(first=170, last=41, level=4),
    }
    return visit(**(facts | changes))


def refusals(
    encounter: Encounter | None = None,
    *others: Encounter,
    history: PlacementHistory | None = None,
    policy: Policy | None = None,
    agency: Agency | None = AGENCY,
    as_of: date = AS_OF,
    **account: Any,
) -> list[str]:
    encounter = encounter or ready()
    facts: dict[str, Any] = {"assistance": (screened(), covered()), "patients": (ADULT,)}
    candidate = open_candidate(
        make_account(encounter, *others, **(facts | account)), Kind.DUNNING, policy or Policy(), as_of
    )
    found = find_refusals(
        Visit(
            candidate=candidate,
            encounter=encounter,
            holds=find_placement_holds(candidate),
            history=history or PlacementHistory(),
            agency=agency,
        )
    )
    assert {hold.account_number for hold in found} <= {"A1"}
    return [hold.code for hold in found]


def test_visit__that_passes_every_gate_is_placed() -> None:
    assert refusals() == []


@pytest.mark.parametrize(
    ("encounter", "codes"),
    [
        pytest.param(ready(correspondence=None), ["PLACE_NOTICE", "STMT_FIRST"], id="never-mailed"),
        pytest.param(
            ready(correspondence=mailed(first=170, last=41, level=3)), ["PLACE_NOTICE"], id="letter-3-1.501r-6-c-4-i"
        ),
        pytest.param(
            ready(correspondence=mailed(first=170, last=40, level=4)), ["LADDER_DONE"], id="on-the-deadline-6-c-4-i-A"
        ),
        pytest.param(ready(sensitive=True), ["PLACE_SENSITIVE"], id="42-cfr-2.12-c-4"),
        pytest.param(ready(payments=(make_payment(on=days_ago(29), amount_cents=500),)), ["PLACE_PAID"], id="paid-29"),
        pytest.param(ready(payments=(make_payment(on=days_ago(30), amount_cents=500),)), [], id="paid-30-days-ago"),
        pytest.param(
            ready(payments=(make_payment(on=days_ago(5), amount_cents=-500),)), [], id="a-returned-check-is-no-payment"
        ),
        pytest.param(ready(owed_cents=2_499), ["PLACE_SMALL"], id="one-cent-below-the-floor"),
        pytest.param(ready(owed_cents=2_500), [], id="exactly-the-floor"),
        pytest.param(ready(financial_class=FinancialClass.QMB), ["QMB"], id="qmb-42-usc-1396a-n-3"),
        pytest.param(ready(financial_class=FinancialClass.MEDICARE), [], id="medicare-as-others-42-cfr-413.89-e-2"),
        pytest.param(ready(insurance_status=InsuranceStatus.APPEAL), ["INS_PEND"], id="claim-open"),
        pytest.param(ready(final_billed=False), ["NOT_FINAL"], id="not-final"),
        pytest.param(
            ready(financial_class=FinancialClass.SELF_PAY, good_faith_estimate_cents=10_000),
            ["GFE400"],
            id="above-the-estimate-45-cfr-149.620",
        ),
    ],
)
def test_gate__of_the_visit(encounter: Encounter, codes: list[str]) -> None:
    assert refusals(encounter) == codes


@pytest.mark.parametrize(
    ("code", "on_account"),
    [
        pytest.param("BANKR_STAY", False, id="11-usc-362"),
        pytest.param("BANKR_DISCH", False, id="11-usc-524"),
        pytest.param("DECEASED", False, id="deceased"),
        pytest.param("DISPUTE", True, id="dispute"),
        pytest.param("PPDR", True, id="45-cfr-149.620-c"),
        pytest.param("AGENCY", True, id="placed-by-the-billing-system"),
        pytest.param("PLACED", True, id="placed-by-this-service"),
        pytest.param("RETMAIL", False, id="mail-came-back"),
        pytest.param("CHARITY100", False, id="26-cfr-1.501r-5"),
        pytest.param("ADMIN_PAUSE", False, id="facility-wide-pause"),
    ],
)
def test_gate__no_recorded_hold(code: str, *, on_account: bool) -> None:
    hold = recorded_hold(code, account_number="A1" if on_account else "")
    assert refusals(holds=(hold,)) == [code]
    if on_account:
        other = ready(account_number="A2")
        assert refusals(None, other, holds=(recorded_hold(code, account_number="A2"),)) == []


def test_gate__a_hold_that_has_expired_is_none() -> None:
    assert refusals(holds=(recorded_hold("DISPUTE", account_number="A1", expires_on=AS_OF),)) == []


@pytest.mark.parametrize(
    ("assistance", "codes"),
    [
        pytest.param((covered(),), ["PLACE_SCREEN"], id="not-screened-1.501r-6-c-2"),
        pytest.param((covered(), screened(201)), ["PLACE_SCREEN"], id="screened-before-the-care"),
        pytest.param((covered(), screened(200)), [], id="screened-on-the-day-of-care"),
        pytest.param((covered(), screened(12, "A2")), ["PLACE_SCREEN"], id="another-visit-was-screened"),
        pytest.param((covered(), decided(ApplicationStatus.DENIED)), [], id="denied-is-screened"),
        pytest.param(
            (covered(), screened(), decided(ApplicationStatus.RECEIVED)), ["FAP_PENDING"], id="open-1.501r-6-c-8"
        ),
        pytest.param(
            (covered(), decided(ApplicationStatus.APPROVED)), ["FAP_APPROVED"], id="discount-not-posted-1.501r-5-a"
        ),
        pytest.param((screened(),), ["PLACE_COVERAGE"], id="coverage-not-checked-42-cfr-447.15"),
        pytest.param((screened(), covered(31)), ["PLACE_COVERAGE"], id="coverage-31-days-ago"),
        pytest.param((screened(), covered(30)), [], id="coverage-30-days-ago"),
        pytest.param((screened(), covered(9, "A2")), ["PLACE_COVERAGE"], id="coverage-of-another-visit"),
        pytest.param((), ["PLACE_SCREEN", "PLACE_COVERAGE"], id="neither"),
    ],
)
def test_gate__screening_and_coverage(assistance: tuple[AssistanceRecord, ...], codes: list[str]) -> None:
    assert refusals(assistance=assistance) == codes


@pytest.mark.parametrize(
    ("effort_days", "codes"),
    [
        pytest.param(None, ["ORAL_EFFORT"], id="no-effort-1.501r-6-c-4-i-C"),
        pytest.param(29, ["LADDER_DONE"], id="29-days-before-1.501r-6-c-4-i-C"),
        pytest.param(30, [], id="30-days-before-1.501r-6-c-4-i-C"),
    ],
)
def test_gate__an_oral_effort_where_the_notice_names_an_action(effort_days: int | None, codes: list[str]) -> None:
    effort = () if effort_days is None else (record(AssistanceKind.ORAL_EFFORT, effort_days),)
    assert refusals(assistance=(screened(), covered(), *effort), policy=SUES) == codes


@pytest.mark.parametrize(
    ("account", "codes"),
    [
        pytest.param({"plans": (make_plan(10_000, 10_000, 0),)}, ["PLAN_OK"], id="plan-is-current"),
        pytest.param({"coverages": (MEDICAID,)}, ["MCAID"], id="medicaid-on-file-42-cfr-447.15"),
        pytest.param({"unapplied_cents": 50_000}, ["UNDIST", "NET_CREDIT"], id="money-is-not-applied"),
        pytest.param({"open_documents": ("statement",)}, ["DUPRUN"], id="mail-is-on-its-way"),
        pytest.param(
            {"guarantor": make_guarantor(birth_on=date(2012, 1, 1))}, ["MINOR_GUAR"], id="guarantor-is-a-minor"
        ),
    ],
)
def test_gate__of_the_guarantor(account: dict[str, Any], codes: list[str]) -> None:
    encounter = ready(plan_id="PL1") if "plans" in account else ready()
    found = refusals(encounter, **account)
    assert set(found) & set(codes), found
    assert set(found) <= {*codes, "PLAN_OK", "UNDIST", "NET_CREDIT"}


@pytest.mark.parametrize(
    "guarantor",
    [
        pytest.param(make_guarantor(contact_kind=ContactKind.ATTORNEY), id="attorney-15-usc-1692c-a-2"),
        pytest.param(make_guarantor(contact_kind=ContactKind.CONFIDENTIAL), id="patient-45-cfr-164.522-b"),
        pytest.param(make_guarantor(confidential_address=make_address("PO Box 9")), id="guarantor-45-cfr-164.522-b"),
    ],
)
def test_gate__mail_goes_to_somebody_else(guarantor: Guarantor) -> None:
    assert "PLACE_CONTACT" in refusals(guarantor=guarantor)


def test_gate__the_printed_deadline_counts_if_it_is_later() -> None:
    """26 CFR 1.501(r)-6(c)(4)(i)(A): the notice that was mailed says when, whatever the policy says today."""
    assert refusals(history=PlacementHistory(notice_due_on=AS_OF)) == ["LADDER_DONE"]
    assert refusals(history=PlacementHistory(notice_due_on=AS_OF - timedelta(days=1))) == []


def test_gate__the_agency_has_its_own_floor() -> None:
    agency = replace(AGENCY, balance_min_cents=34_501)
    assert refusals(agency=agency) == ["PLACE_SMALL"]
    assert refusals(agency=replace(AGENCY, balance_min_cents=34_500)) == []


def test_refusal__has_every_reason_with_its_date() -> None:
    encounter = ready(sensitive=True, owed_cents=2_000, payments=(make_payment(on=days_ago(3), amount_cents=100),))
    assert refusals(encounter, assistance=(), agency=None) == [
        "PLACE_SENSITIVE",
        "PLACE_SCREEN",
        "PLACE_COVERAGE",
        "PLACE_PAID",
        "PLACE_SMALL",
        "PLACE_RETURNED",
    ]


FIRST = (
    replace(AGENCY, agency_id="a", share=3),
    replace(AGENCY, agency_id="b"),
    replace(AGENCY, agency_id="c", takes=Takes.RETURNED),
)


def test_agency__shares_hold_and_a_guarantor_always_gets_the_same() -> None:
    chosen = [choose_agency(f"G{number}", FIRST) for number in range(4_000)]
    ids = [each.agency_id for each in chosen if each]
    assert len(ids) == 4_000
    assert 0.70 < ids.count("a") / len(ids) < 0.80
    assert {*ids} == {"a", "b"}
    assert choose_agency("G7", FIRST) == choose_agency("G7", FIRST)


@pytest.mark.parametrize("holding", ["a", "b"])
def test_agency__one_person_hears_from_one(holding: str) -> None:
    for number in range(20):
        found = choose_agency(f"G{number}", FIRST, holding=holding)
        assert found is not None
        assert found.agency_id == holding


@pytest.mark.parametrize(
    ("had_by", "agency_id"),
    [
        pytest.param(("a",), "c", id="returned-goes-to-the-second"),
        pytest.param(("a", "c"), None, id="nobody-gets-it-twice"),
    ],
)
def test_agency__takes_returned_visits(had_by: tuple[str, ...], agency_id: str | None) -> None:
    found = choose_agency("G1", FIRST, had_by=had_by)
    assert (found.agency_id if found else None) == agency_id
