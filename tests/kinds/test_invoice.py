"""The itemized bill: who gets one, what it asks for, and that its lines add up."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from statement_builder.billing.model import (
    ApplicationStatus,
    AssistanceKind,
    AssistanceRecord,
    Coverage,
    CoverageKind,
    DocumentRequest,
    Encounter,
    FinancialClass,
    GuarantorAccount,
    InsuranceStatus,
    RequestFormat,
    RequestKind,
)
from statement_builder.billing.selection import Decision, Kind
from statement_builder.documents import CompositionError
from statement_builder.documents.asking import Asking
from statement_builder.kinds import candidate_cents, compose, decide, find_reprint_holds, recheck
from statement_builder.kinds.invoice.categories import OTHER_SERVICES, category_of
from statement_builder.kinds.invoice.facts import InvoiceFacts
from tests.builders import AS_OF, make_account, make_facility, make_guarantor, make_patient, make_payment
from tests.contents import BILLED, TERMS, make_selection, make_stay
from tests.policy.candidates import ADULT, POLICY, codes, days_ago, make_plan, recorded_hold, selected

CHILD = make_patient(birth_on=date(2015, 6, 30))


def asked(
    *, days: int = 4, request_id: str = "Q1", requested_format: RequestFormat = RequestFormat.STANDARD
) -> DocumentRequest:
    return DocumentRequest(
        request_id=request_id, kind=RequestKind.INVOICE, asked_on=days_ago(days), format=requested_format
    )


def stay(account_number: str = "A1", **changes: Any) -> Encounter:
    """A final stay of $4,000.00 with $345.00 owed, about which somebody asked."""
    return make_stay(account_number=account_number, **({"requests": (asked(),)} | changes))


def invoice(account: GuarantorAccount) -> Decision:
    return decide(account, Kind.INVOICE, POLICY, AS_OF)


def facts_of(account: GuarantorAccount) -> InvoiceFacts:
    content = compose(
        account,
        selected(invoice(account)),
        make_facility(),
        terms=TERMS,
        batch_cycle="2026-11-20",
        issued_on=AS_OF,
    )
    assert isinstance(content.facts, InvoiceFacts)
    return content.facts


def application(account_number: str = "") -> AssistanceRecord:
    return AssistanceRecord(
        kind=AssistanceKind.APPLICATION,
        occurred_on=days_ago(5),
        account_number=account_number,
        status=ApplicationStatus.RECEIVED,
    )


@pytest.mark.parametrize(
    ("account", "asking", "cents"),
    [
        pytest.param(make_account(stay()), Asking.PAY, 34_500, id="never-billed"),
        pytest.param(make_account(stay(correspondence=BILLED)), Asking.AS_BILLED, 34_500, id="billed-before"),
        pytest.param(
            make_account(stay(insurance_status=InsuranceStatus.PENDING)), Asking.INSURANCE, 0, id="claim-open-hfma"
        ),
        pytest.param(
            make_account(stay(insurance_status=InsuranceStatus.APPEAL)), Asking.INSURANCE, 0, id="appeal-open"
        ),
        pytest.param(
            make_account(stay(insurance_pending_cents=34_500)), Asking.INSURANCE, 0, id="all-still-with-insurance"
        ),
        pytest.param(make_account(stay(owed_cents=0)), Asking.PAID, 0, id="paid"),
        pytest.param(make_account(stay(owed_cents=-4_500)), Asking.CREDIT, 0, id="credit-is-no-negative-amount-due"),
        pytest.param(
            make_account(stay(plan_id="PL1", owed_cents=60_000), plans=(make_plan(10_000, 10_000, 0),)),
            Asking.PLAN,
            0,
            id="plan-in-force",
        ),
        pytest.param(
            make_account(stay(), assistance=(application(),)),
            Asking.ASSISTANCE,
            0,
            id="applied-26-cfr-1.501r-6-c-6",
        ),
        pytest.param(
            make_account(stay(), assistance=(application("A9"),)),
            Asking.PAY,
            34_500,
            id="applied-for-another-visit",
        ),
        pytest.param(make_account(stay(), unapplied_cents=5_000), Asking.UNAPPLIED, 0, id="payment-not-applied"),
    ],
)
def test_invoice__asks_only_for_what_is_final(account: GuarantorAccount, asking: Asking, cents: int) -> None:
    decision = invoice(account)
    assert selected(decision).amount_cents == cents
    facts = facts_of(account)
    assert facts.asking is asking
    assert sum(line.amount_cents for line in facts.lines) == facts.visit.charges_cents


@pytest.mark.parametrize(
    ("account", "found"),
    [
        pytest.param(
            make_account(stay(financial_class=FinancialClass.MEDICAID)), ["MCAID:A1"], id="medicaid-42-cfr-447.15"
        ),
        pytest.param(
            make_account(
                stay(), coverages=(Coverage(patient_id="P1", kind=CoverageKind.QMB, starts_on=date(2026, 1, 1)),)
            ),
            ["QMB:A1"],
            id="qmb-42-usc-1396a-n-3-b",
        ),
        pytest.param(
            make_account(stay(sensitive=True, owed_cents=0), patients=(CHILD,)),
            ["MINOR_SENS:A1"],
            id="minor-paid",
        ),
        pytest.param(make_account(stay(final_billed=False)), ["NOT_FINAL:A1"], id="charges-not-final"),
        pytest.param(
            make_account(stay(financial_class=FinancialClass.SELF_PAY, good_faith_estimate_cents=300_000)),
            ["GFE400:A1"],
            id="above-estimate-45-cfr-149.620",
        ),
        pytest.param(make_account(stay(charges=(), insurance=(), payments=())), ["NO_CHARGES:A1"], id="no-charges"),
        pytest.param(
            make_account(stay(requests=(asked(requested_format=RequestFormat.BRAILLE),))),
            ["REQ_FORMAT:A1"],
            id="braille-45-cfr-92.102",
        ),
        pytest.param(
            make_account(stay(), holds=(recorded_hold("DISPUTE", account_number="A1"),)), ["DISPUTE:A1"], id="disputed"
        ),
        pytest.param(make_account(stay(), holds=(recorded_hold("DECEASED"),)), ["DECEASED"], id="deceased"),
        pytest.param(
            make_account(stay(), holds=(recorded_hold("CONF", account_number="A1"),)),
            ["CONF_VISIT:A1"],
            id="confidential-45-cfr-164.522-b",
        ),
        pytest.param(make_account(stay(), open_documents=("invoice",)), ["DUPRUN"], id="another-invoice-open"),
    ],
)
def test_invoice__holds_what_a_copy_would_hold(account: GuarantorAccount, found: list[str]) -> None:
    decision = invoice(account)
    assert (decision.outcome, codes(decision)) == ("held", found)


@pytest.mark.parametrize(
    "account",
    [
        pytest.param(make_account(stay(), open_documents=("statement", "dunning")), id="a-bill-is-open"),
        pytest.param(make_account(stay(correspondence=BILLED)), id="mailed-a-month-ago"),
        pytest.param(make_account(stay(owed_cents=100)), id="below-the-minimum"),
        pytest.param(make_account(stay(payments=(make_payment(amount_cents=2_000, on=AS_OF),))), id="paid-today"),
        pytest.param(make_account(stay(), holds=(recorded_hold("FAP_PENDING"),)), id="letters-are-held"),
        pytest.param(
            make_account(stay(), stay("A2", requests=()), holds=(recorded_hold("DISPUTE", account_number="A2"),)),
            id="another-visit-is-disputed",
        ),
    ],
)
def test_invoice__what_only_spaces_out_bills_does_not_hold_it(account: GuarantorAccount) -> None:
    assert selected(invoice(account)).account_numbers == ("A1",)


def test_invoice__nobody_gets_one_without_asking() -> None:
    account = make_account(stay(requests=()))
    assert candidate_cents(account, Kind.INVOICE, AS_OF) is None
    assert candidate_cents(make_account(stay(), stay("A2", requests=())), Kind.INVOICE, AS_OF) == 34_500


def test_invoice__the_oldest_request_goes_first_and_none_is_lost() -> None:
    account = make_account(
        stay("A1", requests=(asked(days=2, request_id="Q2"),)), stay("A2", requests=(asked(days=9, request_id="Q9"),))
    )
    decision = invoice(account)
    assert selected(decision).account_numbers == ("A2",)
    assert [each.request_id for each in selected(decision).requests] == ["Q9"]
    assert codes(decision) == ["REQ_NEXT:A1"]
    assert decision.balance_cents == 69_000


def test_invoice__a_held_request_does_not_hold_a_later_one() -> None:
    account = make_account(stay("A1", requests=(asked(days=9),), final_billed=False), stay("A2"))
    decision = invoice(account)
    assert (selected(decision).account_numbers, codes(decision)) == (("A2",), ["NOT_FINAL:A1"])


def test_invoice__answers_every_printed_request_about_the_visit_in_the_largest_print() -> None:
    requests = (
        asked(request_id="Q1"),
        asked(request_id="Q2", requested_format=RequestFormat.LARGE_PRINT),
        asked(request_id="Q3", requested_format=RequestFormat.AUDIO),
    )
    account = make_account(stay(requests=requests))
    selection = selected(invoice(account))
    assert [each.request_id for each in selection.requests] == ["Q1", "Q2"]
    content = compose(account, selection, make_facility(), terms=TERMS, batch_cycle="2026-11-20", issued_on=AS_OF)
    assert content.large_print


def test_invoice__sensitive_visit_has_neutral_words_only() -> None:
    facts = facts_of(make_account(stay(sensitive=True), patients=(ADULT,)))
    assert {(line.description, line.category, line.code) for line in facts.lines} == {("", "Medical services", "")}
    assert len(facts.categories) == 1
    assert {each.payer for each in facts.postings} == {""}


def test_invoice__refuses_an_amount_that_does_not_foot() -> None:
    account = make_account(stay())
    selection = msgspec.structs.replace(selected(invoice(account)), amount_cents=34_501)
    with pytest.raises(CompositionError, match="do not add up") as caught:
        compose(account, selection, make_facility(), terms=TERMS, batch_cycle="2026-11-20", issued_on=AS_OF)
    assert caught.value.code == "FOOTING"


@pytest.mark.parametrize(
    ("now", "found"),
    [
        pytest.param(make_account(stay()), [], id="unchanged"),
        pytest.param(make_account(stay(owed_cents=20_000)), ["AMOUNT_CHANGED"], id="amount-changed"),
        pytest.param(make_account(stay(), stay("A0", requests=(asked(days=30),))), [], id="older-request-arrived"),
        pytest.param(make_account(stay(final_billed=False)), ["NOT_FINAL:A1"], id="charges-reopened"),
        pytest.param(
            make_account(stay(), guarantor=make_guarantor(last_name="Nunez")), ["READDRESSED"], id="name-changed"
        ),
        pytest.param(None, ["NOT_ON_FILE"], id="gone"),
    ],
)
def test_recheck__compares_this_visit(now: GuarantorAccount | None, found: list[str]) -> None:
    selection = selected(invoice(make_account(stay())))
    assert codes(recheck(now, selection, POLICY, as_of=AS_OF, rendered_as_of=AS_OF)) == found


def test_reprint__is_allowed_after_payment() -> None:
    account = make_account(stay(owed_cents=0))
    assert find_reprint_holds(account, Kind.INVOICE, POLICY, AS_OF, account_numbers=("A1",), episode_id="") == ()


def test_make_selection__of_other_kinds_answers_nothing() -> None:
    assert make_selection(make_account(stay())).requests == ()


@pytest.mark.parametrize(
    ("code", "category"),
    [
        pytest.param("0250", "Medicines", id="four-digits"),
        pytest.param("250", "Medicines", id="three-digits"),
        pytest.param("0636", "Medicines", id="drugs-with-detailed-coding"),
        pytest.param("0120", "Room and nursing care", id="room"),
        pytest.param("0306", "Laboratory tests", id="laboratory"),
        pytest.param("0914", "Behavioral health", id="behavioral"),
        pytest.param("", OTHER_SERVICES, id="none"),
        pytest.param("99213", OTHER_SERVICES, id="five-digits"),
        pytest.param("٢٥٠", OTHER_SERVICES, id="digits-of-another-script"),
        pytest.param("Pharmacy", OTHER_SERVICES, id="a-word"),
    ],
)
def test_category_of(code: str, category: str) -> None:
    assert category_of(code) == category
