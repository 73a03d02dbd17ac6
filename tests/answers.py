"""Answers to requests for tests, selected by the rules."""

from __future__ import annotations

from datetime import date
from typing import Any

from msgspec.structs import replace

from statement_builder.billing.model import DocumentRequest, Encounter, GuarantorAccount, RequestKind
from statement_builder.billing.selection import Kind
from statement_builder.documents import Content
from statement_builder.kinds import decide
from statement_builder.policy import Policy
from tests.builders import AS_OF, make_account, make_guarantor, make_patient
from tests.contents import BILLED, compose_document, make_stay
from tests.policy.candidates import days_ago

ADULT = make_patient(first_name="Maria", birth_on=date(1995, 5, 5))


def make_dispute(request_id: str = "Q7", **changes: Any) -> DocumentRequest:
    """A bill that was disputed twelve days ago, and reviewed two days ago without a mistake."""
    facts: dict[str, Any] = {
        "request_id": request_id,
        "kind": RequestKind.VERIFICATION,
        "asked_on": days_ago(12),
        "reviewed_on": days_ago(2),
    }
    return DocumentRequest(**(facts | changes))


def make_disputed(*requests: DocumentRequest, **changes: Any) -> Encounter:
    """A billed stay of $4,000.00 with $345.00 owed, whose bill somebody disputes."""
    facts: dict[str, Any] = {"requests": requests or (make_dispute(),), "correspondence": BILLED}
    return make_stay(**(facts | changes))


def make_asked(request_id: str = "Q1", **changes: Any) -> DocumentRequest:
    """An itemized bill was asked for four days ago. Its answer is due in 26 days."""
    facts: dict[str, Any] = {
        "request_id": request_id,
        "kind": RequestKind.INVOICE,
        "asked_on": days_ago(4),
        "answer_by": days_ago(-26),
    }
    return DocumentRequest(**(facts | changes))


def compose_answer(account: GuarantorAccount, kind: Kind, *, policy: Policy | None = None, **guarantor: Any) -> Content:
    """Decided for an ordinary guarantor, and composed for this one."""
    facility = guarantor.pop("facility", None)
    decision = decide(account, kind, policy or Policy(), AS_OF)
    assert decision.selection is not None, decision.holds
    return compose_document(
        replace(account, guarantor=make_guarantor(**guarantor)), decision.selection, facility=facility
    )


def make_verification(*requests: DocumentRequest, visit: Encounter | None = None, **guarantor: Any) -> Content:
    """The answer about a stay with $345.00 owed."""
    account = make_account(visit or make_disputed(*requests), patients=(ADULT,))
    return compose_answer(account, Kind.VERIFICATION, **guarantor)


def make_reply(*requests: DocumentRequest, visit: Encounter | None = None, **guarantor: Any) -> Content:
    """The letter about an itemized bill of a stay whose charges are not complete."""
    stay = visit or make_stay(requests=requests or (make_asked(),), final_billed=bool(requests))
    return compose_answer(make_account(stay, patients=(ADULT,)), Kind.ITEMIZED_REQUEST_REPLY, **guarantor)
