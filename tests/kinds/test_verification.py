"""The answer about a disputed bill: who gets one, what it says, and what waits for it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from statement_builder.billing.model import (
    ApplicationStatus,
    AssistanceKind,
    AssistanceRecord,
    CausedLetter,
    DocumentRequest,
    Encounter,
    FinancialClass,
    GuarantorAccount,
    InsuranceStatus,
    RequestFormat,
    RequestKind,
)
from statement_builder.billing.request_terms import Correction
from statement_builder.billing.requests import request_cause
from statement_builder.billing.selection import Decision, Kind
from statement_builder.documents import CompositionError
from statement_builder.documents.asking import Asking
from statement_builder.kinds import decide, recheck
from statement_builder.kinds.verification.facts import VerificationFacts
from tests.answers import ADULT, compose_answer, make_dispute, make_disputed
from tests.builders import AS_OF, make_account, make_payment
from tests.contents import BILLED, compose_document, make_stay
from tests.policy.candidates import POLICY, codes, days_ago, mailed, recorded_hold, selected, visit

DUE_ON = date(2026, 12, 21)
"""30 days after the letter's date, on the next business day."""


def disputed(*requests: DocumentRequest, account: dict[str, Any] | None = None, **changes: Any) -> GuarantorAccount:
    return make_account(make_disputed(*requests, **changes), patients=(ADULT,), **(account or {}))


def verification(account: GuarantorAccount) -> Decision:
    return decide(account, Kind.VERIFICATION, POLICY, AS_OF)


def facts_of(account: GuarantorAccount) -> VerificationFacts:
    facts = compose_answer(account, Kind.VERIFICATION).facts
    assert isinstance(facts, VerificationFacts)
    return facts


def test_verification__says_how_the_amount_came_about_and_asks_for_nothing() -> None:
    selection = selected(verification(disputed()))
    assert (selection.amount_cents, selection.due_on, selection.level) == (0, DUE_ON, 0)
    facts = facts_of(disputed())
    assert (facts.asked_on, facts.reviewed_on, facts.corrected) == (days_ago(12), days_ago(2), ())
    posted_cents = sum(each.amount_cents for each in facts.postings)
    assert facts.visit.charges_cents - posted_cents == facts.visit.owed_cents == facts.owed_now_cents == 34_500
    content = compose_answer(disputed(), Kind.VERIFICATION)
    assert content.amount_text == "$345.00"
    assert not content.has_coupon


@pytest.mark.parametrize(
    ("first_on", "printed_on", "is_billed"),
    [
        pytest.param(None, None, False, id="never-billed"),
        pytest.param(days_ago(31), days_ago(31), True, id="billed"),
        pytest.param(days_ago(0), days_ago(0), True, id="mailed-today"),
        pytest.param(days_ago(-3), None, True, id="on-its-way-and-counted-as-mailed-in-three-days"),
    ],
)
def test_verification__names_no_day_ahead_as_the_day_of_the_first_bill(
    first_on: date | None, printed_on: date | None, is_billed: bool
) -> None:
    mailed = replace(BILLED, first_statement_on=first_on, last_mailed_on=first_on) if first_on else None
    facts = facts_of(disputed(correspondence=mailed))
    assert (facts.first_billed_on, facts.is_billed) == (printed_on, is_billed)


def test_verification__lists_what_every_review_of_the_visit_corrected_once() -> None:
    requests = (
        make_dispute("Q1", corrected=(Correction.PAYMENT_POSTED,)),
        make_dispute("Q2", corrected=(Correction.PAYMENT_POSTED, Correction.CHARGE_REMOVED)),
    )
    assert facts_of(disputed(*requests)).corrected == (Correction.CHARGE_REMOVED, Correction.PAYMENT_POSTED)


@pytest.mark.parametrize(
    ("changes", "account", "asking", "now_cents"),
    [
        pytest.param({}, {}, Asking.AS_BILLED, 34_500, id="billed-before"),
        pytest.param({"correspondence": None}, {}, Asking.PAY, 34_500, id="never-billed"),
        pytest.param({"insurance_status": InsuranceStatus.PENDING}, {}, Asking.INSURANCE, 0, id="claim-open-hfma"),
        pytest.param({"owed_cents": 0}, {}, Asking.PAID, 0, id="paid"),
        pytest.param({"owed_cents": -4_500}, {}, Asking.CREDIT, 0, id="credit"),
        pytest.param({}, {"unapplied_cents": 5_000}, Asking.UNAPPLIED, 0, id="payment-not-applied"),
        pytest.param(
            {},
            {
                "assistance": (
                    AssistanceRecord(
                        kind=AssistanceKind.APPLICATION, occurred_on=days_ago(5), status=ApplicationStatus.RECEIVED
                    ),
                )
            },
            Asking.ASSISTANCE,
            0,
            id="applied-26-cfr-1.501r-6-c-6",
        ),
    ],
)
def test_verification__says_what_is_owed_now_and_why(
    changes: dict[str, Any], account: dict[str, Any], asking: Asking, now_cents: int
) -> None:
    facts = facts_of(disputed(account=account, **changes))
    assert (facts.asking, facts.owed_now_cents) == (asking, now_cents)


@pytest.mark.parametrize(
    ("account", "found"),
    [
        pytest.param(disputed(make_dispute(reviewed_on=None)), ["VERIFY_REVIEW:A70001"], id="not-reviewed"),
        pytest.param(
            disputed(make_dispute(reviewed_on=None, asked_on=days_ago(30))), ["VERIFY_REVIEW:A70001"], id="day-30"
        ),
        pytest.param(
            disputed(make_dispute(reviewed_on=None, asked_on=days_ago(31))), ["VERIFY_LATE:A70001"], id="day-31"
        ),
        pytest.param(
            disputed(make_dispute("Q1"), make_dispute("Q2", reviewed_on=None)),
            ["VERIFY_REVIEW:A70001"],
            id="one-of-two-not-reviewed",
        ),
        pytest.param(
            disputed(make_dispute(format=RequestFormat.BRAILLE)), ["REQ_FORMAT:A70001"], id="braille-45-cfr-92.102"
        ),
        pytest.param(
            disputed(account={"holds": (recorded_hold("BANKR_STAY"),)}), ["BANKR_STAY"], id="bankrupt-11-usc-362"
        ),
        pytest.param(disputed(financial_class=FinancialClass.QMB), ["QMB:A70001"], id="qmb-is-told-no-amount"),
        pytest.param(disputed(final_billed=False), ["NOT_FINAL:A70001"], id="charges-may-change"),
        pytest.param(
            disputed(payments=(make_payment(amount_cents=2_000, on=AS_OF),)), ["PMT_TODAY"], id="posted-today"
        ),
        pytest.param(disputed(account={"open_documents": ("verification",)}), ["DUPRUN"], id="another-one-open"),
        pytest.param(disputed(account={"holds": (recorded_hold("DISPUTE"),)}), [], id="the-dispute-itself"),
        pytest.param(disputed(account={"holds": (recorded_hold("EXT"),)}), [], id="what-only-stops-a-demand"),
    ],
)
def test_verification__holds(account: GuarantorAccount, found: list[str]) -> None:
    decision = verification(account)
    assert codes(decision) == found
    assert (decision.selection is None) == bool(found)


def test_verification__nobody_gets_one_without_asking() -> None:
    asked = DocumentRequest(request_id="Q1", kind=RequestKind.INVOICE, asked_on=days_ago(4))
    with pytest.raises(ValueError, match="not a candidate"):
        verification(make_account(make_stay(requests=(asked,)), patients=(ADULT,)))


def test_verification__the_oldest_request_goes_first() -> None:
    visits = (
        make_disputed(account_number="A1"),
        make_disputed(make_dispute(asked_on=days_ago(20)), account_number="A2"),
    )
    decision = verification(make_account(*visits, patients=(ADULT,)))
    assert selected(decision).account_numbers == ("A2",)
    assert codes(decision) == ["REQ_NEXT:A1"]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        pytest.param({}, [], id="nothing"),
        pytest.param({"correspondence": None}, [], id="only-the-mailing-history"),
        pytest.param({"payments": (make_payment(amount_cents=2_001),)}, ["VERIFY_CHANGED"], id="one-cent"),
        pytest.param(
            {"requests": (make_dispute(corrected=(Correction.CHARGE_CHANGED,)),)}, ["VERIFY_CHANGED"], id="the-review"
        ),
        pytest.param({"requests": ()}, ["VERIFY_CHANGED"], id="withdrawn"),
    ],
)
def test_recheck__what_changed_since_holds_the_answer(changes: dict[str, Any], found: list[str]) -> None:
    selection = selected(verification(disputed()))
    (visit_now,) = disputed().encounters
    account = make_account(replace(visit_now, **changes), patients=(ADULT,))
    holds = recheck(account, selection, POLICY, AS_OF, AS_OF)
    assert [hold.code for hold in holds] == found


def test_facts__refuses_an_answer_without_a_review() -> None:
    selection = selected(verification(disputed()))
    unreviewed = replace(selection, requests=(make_dispute(reviewed_on=None),))
    with pytest.raises(CompositionError, match="not on file"):
        compose_document(disputed(), unreviewed)


def billed(*requests: DocumentRequest) -> Encounter:
    """A visit whose first letter is due."""
    return replace(visit(correspondence=mailed(first=70, last=30, level=1)), requests=requests)


def answer(mailed_on: date | None) -> CausedLetter:
    cause_id = request_cause(billed().account_number, "Q7", "facts")
    return CausedLetter(kind=Kind.VERIFICATION.value, cause_id=cause_id, mailed_on=mailed_on)


@pytest.mark.parametrize(
    ("account", "code", "until"),
    [
        pytest.param(make_account(billed()), None, None, id="no-dispute"),
        pytest.param(make_account(billed(make_dispute())), "VERIFY_OPEN", None, id="not-answered"),
        pytest.param(make_account(billed(), letters=(answer(None),)), "VERIFY_SENT", None, id="answer-on-its-way"),
        pytest.param(
            make_account(billed(), letters=(answer(days_ago(30)),)),
            "VERIFY_SENT",
            AS_OF + timedelta(days=1),
            id="day-30",
        ),
        pytest.param(make_account(billed(), letters=(answer(days_ago(31)),)), None, None, id="day-31"),
        pytest.param(
            make_account(billed(), letters=(replace(answer(None), cause_id=request_cause("A", "Q7", "")),)),
            None,
            None,
            id="answer-about-another-visit",
        ),
    ],
)
def test_dunning__waits_for_the_answer_and_its_date(
    account: GuarantorAccount, code: str | None, until: date | None
) -> None:
    decision = decide(account, Kind.DUNNING, POLICY, AS_OF)
    found = [(hold.code, hold.until) for hold in decision.holds if hold.code.startswith("VERIFY")]
    assert found == ([(code, until)] if code else [])
    assert (decision.selection is None) == bool(code)


def test_statement__still_goes_while_a_bill_is_disputed() -> None:
    account = make_account(make_disputed(correspondence=BILLED), patients=(ADULT,))
    assert not any(hold.code.startswith("VERIFY") for hold in decide(account, Kind.STATEMENT, POLICY, AS_OF).holds)
