"""The letter about a requested itemized bill: only where the bill itself cannot be sent, and once for each reason."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from statement_builder.billing.model import CausedLetter, DocumentRequest, GuarantorAccount, RequestFormat
from statement_builder.billing.request_terms import RequestObstacle
from statement_builder.billing.selection import Decision, Kind
from statement_builder.kinds import decide, recheck
from statement_builder.kinds.itemized_request_reply.facts import ReplyFacts
from statement_builder.kinds.itemized_request_reply.rules import ReplyReason
from tests.answers import ADULT, compose_answer, make_asked
from tests.builders import AS_OF, make_account
from tests.contents import make_stay
from tests.policy.candidates import POLICY, codes, days_ago, recorded_hold, selected

ANSWER_BY = days_ago(-26)
SENT = make_asked(obstacle=RequestObstacle.SENT, reviewed_on=days_ago(1))


def asked_about(*requests: DocumentRequest, account: dict[str, Any] | None = None, **changes: Any) -> GuarantorAccount:
    """A stay whose charges are not complete, and about which somebody asked."""
    facts: dict[str, Any] = {"requests": requests or (make_asked(),), "final_billed": False}
    return make_account(make_stay(**(facts | changes)), patients=(ADULT,), **(account or {}))


def reply(account: GuarantorAccount) -> Decision:
    return decide(account, Kind.ITEMIZED_REQUEST_REPLY, POLICY, AS_OF)


@pytest.mark.parametrize(
    ("account", "reason", "expected_on"),
    [
        pytest.param(asked_about(), ReplyReason.CODING, ANSWER_BY, id="charges-are-not-complete"),
        pytest.param(asked_about(charges=(), final_billed=True), ReplyReason.CODING, ANSWER_BY, id="no-charges-yet"),
        pytest.param(
            asked_about(make_asked(format=RequestFormat.BRAILLE), final_billed=True),
            ReplyReason.FORMAT,
            ANSWER_BY,
            id="braille-is-made-by-a-person",
        ),
        pytest.param(
            asked_about(make_asked(expected_on=days_ago(-5))),
            ReplyReason.CODING,
            days_ago(-5),
            id="a-person-gave-a-day",
        ),
        pytest.param(
            asked_about(make_asked(obstacle=RequestObstacle.CODING), final_billed=True),
            ReplyReason.CODING,
            ANSWER_BY,
            id="a-person-said-so",
        ),
        pytest.param(
            asked_about(make_asked(obstacle=RequestObstacle.IDENTITY)),
            ReplyReason.IDENTITY,
            None,
            id="45-cfr-164.514-h",
        ),
        pytest.param(
            asked_about(make_asked(obstacle=RequestObstacle.NOT_OURS)), ReplyReason.NOT_OURS, None, id="not-our-bill"
        ),
        pytest.param(asked_about(SENT), ReplyReason.SENT, None, id="sent-by-the-office"),
    ],
)
def test_reply__says_why_and_when(account: GuarantorAccount, reason: ReplyReason, expected_on: date | None) -> None:
    content = compose_answer(account, Kind.ITEMIZED_REQUEST_REPLY)
    assert isinstance(content.facts, ReplyFacts)
    assert (content.facts.reason, content.facts.expected_on) == (reason, expected_on)
    assert (content.amount_cents, content.amount_text, content.has_coupon) == (0, "", False)


@pytest.mark.parametrize(
    ("request_", "answered"),
    [
        pytest.param(make_asked(), False, id="the-bill-still-comes"),
        pytest.param(make_asked(obstacle=RequestObstacle.IDENTITY), True, id="no-bill-comes"),
        pytest.param(SENT, True, id="the-bill-was-sent"),
    ],
)
def test_reply__answers_the_request_only_if_no_bill_comes(request_: DocumentRequest, answered: bool) -> None:
    assert bool(selected(reply(asked_about(request_))).requests) is answered


@pytest.mark.parametrize(
    ("account", "found"),
    [
        pytest.param(asked_about(final_billed=True), ["REPLY_NONE:A70001"], id="the-bill-is-the-answer"),
        pytest.param(asked_about(make_asked(answer_by=AS_OF)), ["REPLY_DATE:A70001"], id="last-day-is-today"),
        pytest.param(
            asked_about(make_asked(answer_by=days_ago(1))), ["REPLY_DATE:A70001", "REQ_LATE:A70001"], id="late"
        ),
        pytest.param(
            asked_about(make_asked(obstacle=RequestObstacle.SENT)), ["REPLY_DATE:A70001"], id="sent-on-no-day"
        ),
        pytest.param(
            asked_about(account={"holds": (recorded_hold("ATTY"),)}), ["ATTY"], id="what-holds-the-bill-by-law"
        ),
        pytest.param(asked_about(account={"open_documents": ("invoice",)}), ["DUPRUN"], id="the-bill-is-on-its-way"),
    ],
)
def test_reply__holds(account: GuarantorAccount, found: list[str]) -> None:
    decision = reply(account)
    assert codes(decision) == found
    assert decision.selection is None


def test_reply__is_sent_once_for_its_reason_and_day() -> None:
    cause_id = selected(reply(asked_about())).cause_id
    letter = CausedLetter(kind=Kind.ITEMIZED_REQUEST_REPLY.value, cause_id=cause_id, mailed_on=None)
    assert codes(reply(asked_about(account={"letters": (letter,)}))) == ["REPLY_SENT:A70001"]
    another_day = asked_about(make_asked(expected_on=days_ago(-9)), account={"letters": (letter,)})
    assert selected(reply(another_day)).cause_id != cause_id


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        pytest.param({}, [], id="nothing"),
        pytest.param({"final_billed": True}, ["REPLY_NONE", "REPLY_CHANGED"], id="the-charges-are-complete"),
        pytest.param({"requests": ()}, ["REPLY_CHANGED"], id="answered"),
        pytest.param({"requests": (SENT,)}, ["REPLY_CHANGED"], id="another-reason"),
    ],
)
def test_recheck__what_changed_since_holds_the_letter(changes: dict[str, Any], found: list[str]) -> None:
    selection = selected(reply(asked_about()))
    (stay,) = asked_about().encounters
    holds = recheck(make_account(replace(stay, **changes), patients=(ADULT,)), selection, POLICY, AS_OF, AS_OF)
    assert [hold.code for hold in holds] == found


def test_invoice__waits_while_a_person_recorded_an_obstacle_and_is_listed_when_late() -> None:
    late = make_asked(obstacle=RequestObstacle.IDENTITY, answer_by=days_ago(1))
    decision = decide(asked_about(late, final_billed=True), Kind.INVOICE, POLICY, AS_OF)
    assert codes(decision) == ["REQ_OBSTACLE:A70001", "REQ_LATE:A70001"]
    assert {hold.since for hold in decision.holds if hold.code == "REQ_LATE"} == {days_ago(4)}
