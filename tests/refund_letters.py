"""Letters about refunds for tests, selected by the rules."""

from __future__ import annotations

from datetime import date
from typing import Any

from msgspec.structs import replace

from statement_builder.billing.model import (
    Deposit,
    Encounter,
    EpisodeStatus,
    GuarantorAccount,
    ObstetricEpisode,
    Refund,
    RefundMethod,
    RefundReason,
    RefundStatus,
)
from statement_builder.billing.selection import Kind
from statement_builder.documents import Content
from statement_builder.kinds import decide
from statement_builder.policy import Policy
from tests.builders import AS_OF, make_account, make_encounter, make_episode, make_guarantor, make_patient, make_payment
from tests.contents import compose_document

REFUND_CENTS = 4_500
ADULT = make_patient(first_name="Maria", birth_on=date(1995, 5, 5))
SEND_ON = date(2026, 11, 27)
BORN_ON = date(2026, 9, 20)


def make_refund(refund_id: str = "RF1", **changes: Any) -> Refund:
    """An approved refund of $45.00 on a visit, by a check that will leave a week after the letter's date."""
    facts: dict[str, Any] = {
        "refund_id": refund_id,
        "account_number": "A70001",
        "amount_cents": REFUND_CENTS,
        "reason": RefundReason.OVERPAID,
        "status": RefundStatus.APPROVED,
        "approved_on": date(2026, 11, 18),
        "approved_by": "refund-queue",
        "method": RefundMethod.CHECK,
        "send_on": SEND_ON,
    }
    return Refund(**(facts | changes))


def make_sent(refund_id: str = "RF1", **changes: Any) -> Refund:
    """The refund, sent two days before the letter's date."""
    sent: dict[str, Any] = {"status": RefundStatus.SENT, "sent_on": date(2026, 11, 18)}
    return make_refund(refund_id, approved_on=date(2026, 11, 10), **(sent | changes))


def make_overpaid(credit_cents: int = REFUND_CENTS, account_number: str = "A70001", **changes: Any) -> Encounter:
    """A visit on which the patient's part was $100.00 and more was paid."""
    payment = make_payment(f"M-{account_number}", amount_cents=10_000 + credit_cents)
    return make_encounter(account_number, owed_cents=10_000, **({"payments": (payment,)} | changes))


def make_refundable(*refunds: Refund, visits: tuple[Encounter, ...] = (), **changes: Any) -> GuarantorAccount:
    """An account with refunds of an overpaid visit."""
    return make_account(*(visits or (make_overpaid(),)), refunds=refunds or (make_refund(),), **changes)


def make_delivered(**changes: Any) -> ObstetricEpisode:
    """A pregnancy with a delivery, and $300.00 left of its deposits."""
    facts: dict[str, Any] = {
        "status": EpisodeStatus.DELIVERED,
        "estimate_on": date(2026, 3, 1),
        "expected_delivery_on": BORN_ON,
        "estimated_delivery_on": BORN_ON,
        "deposits": (Deposit(deposit_id="D1", posted_on=date(2026, 5, 1), amount_cents=30_000),),
    }
    return make_episode(**(facts | changes))


def make_deposit_refund(refund_id: str = "RF2", **changes: Any) -> Refund:
    facts: dict[str, Any] = {
        "account_number": "",
        "episode_id": "E1",
        "amount_cents": 30_000,
        "reason": RefundReason.DEPOSIT,
    }
    return make_refund(refund_id, **(facts | changes))


def make_after_birth(*refunds: Refund, episode: ObstetricEpisode | None = None, **changes: Any) -> GuarantorAccount:
    """A mother whose insurer has decided about the birth, and whose own part is paid."""
    facts: dict[str, Any] = {
        "patients": (ADULT,),
        "episodes": (episode or make_delivered(),),
        "refunds": refunds or (make_deposit_refund(),),
    }
    stay = make_encounter("A70009", service_from=BORN_ON, service_to=BORN_ON, owed_cents=0, share=None)
    return make_account(stay, **(facts | changes))


def compose_refund(account: GuarantorAccount, *, policy: Policy | None = None, **guarantor: Any) -> Content:
    """Decided for an ordinary guarantor, and composed for this one."""
    facility = guarantor.pop("facility", None)
    decision = decide(account, Kind.REFUND, policy or Policy(), AS_OF)
    assert decision.selection is not None, decision.holds
    return compose_document(
        replace(account, guarantor=make_guarantor(**guarantor)), decision.selection, facility=facility
    )


def make_refund_letter(*refunds: Refund, visits: tuple[Encounter, ...] = (), **guarantor: Any) -> Content:
    """$145.00 was paid, the patient's part was $100.00, and $45.00 come back by check to an adult."""
    account = make_refundable(*refunds, visits=visits, patients=(ADULT,))
    return compose_refund(account, **guarantor)


def make_deposit_letter(*refunds: Refund, **guarantor: Any) -> Content:
    """What is left of the deposits of a pregnancy, to the card."""
    return compose_refund(make_after_birth(*(refunds or (make_deposit_refund(method=RefundMethod.CARD),))), **guarantor)
