"""Random documents from a seed, with ordinary and difficult names, addresses and amounts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any

from msgspec.structs import replace

from statement_builder.billing.assistance_terms import DecisionBasis, MissingItem
from statement_builder.billing.model import (
    Charge,
    Deposit,
    Encounter,
    InsuranceStatus,
    PatientShare,
    PlanMethod,
    RefundMethod,
    RefundReason,
)
from statement_builder.billing.request_terms import Correction, RequestObstacle
from statement_builder.billing.selection import CollectionAction, PlanLetterMode
from statement_builder.documents import Content
from statement_builder.policy import Policy
from tests.answers import make_asked, make_dispute, make_reply, make_verification
from tests.assistance_letters import make_denied, make_full, make_incomplete, make_partial, make_presumptive
from tests.builders import AS_OF, make_address, make_charge, make_encounter, make_episode, make_insurance, make_payment
from tests.contents import (
    BILLED,
    GROUPS,
    TERMS,
    make_combined_statement,
    make_invoice,
    make_letter,
    make_ob_notice,
    make_statement,
)
from tests.estate_letters import SIGNED as SIGNER
from tests.estate_letters import make_claim, make_estate, make_inquiry, make_unknown_estate
from tests.payroll import SIGNED, make_authorization, make_deduction
from tests.plan_letters import BILLED_ONCE, make_agreement, make_default, make_missed, make_plan, make_reminder
from tests.refund_letters import make_deposit_letter, make_refund, make_refund_letter, make_sent

FIRST_NAMES = ("Maria", "Al", "Jean-Pierre", "Þórunn", "Siobhán", "Nguyễn Thị", "Łukasz", "O’Neil", "Anne Marie Louise")
LAST_NAMES = (
    "Lopez",
    "Li",
    "O'Brien",
    "Featherstonehaugh-Cholmondeley",
    "Đặng",
    "Wójcik",
    "van der Westhuizen",
    "Østergård",
    "Papadopoulos-Wolfeschlegelsteinhausen",
)
DESCRIPTIONS = (
    "Broken ankle",
    "MRI scan of the knee with and without contrast",
    "Emergency room visit/observation, 23-hour stay",
    "Hospital stay after surgery (left hip replacement), including rehabilitation",
)
INSURERS = ("", "Blue Cross", "Commonwealth Care Alliance One Care Plan of Massachusetts")
STREETS = ("12 Maple Street", "c/o Riverside Assisted Living", "Building 14, Apartment 1207-B", "1 A St.")
KINDS = (
    "statement",
    "reminder",
    "combined",
    "estimate",
    "past-due",
    "second-letter",
    "final-notice",
    "itemized",
    "assistance-incomplete",
    "assistance-decision",
    "plan-agreement",
    "plan-reminder",
    "plan-missed",
    "plan-default",
    "payroll-form",
    "estate-inquiry",
    "estate-claim",
    "refund",
    "refund-deposit",
    "answer-verification",
    "answer-reply",
)
"""Every kind and level, as `make_random` names them."""


def make_random(kind: str, random: Random, *, large_print: bool = False, **guarantor: Any) -> Content:
    """One document. The same state of `random` gives the same document."""
    person: dict[str, Any] = {
        "first_name": random.choice(FIRST_NAMES),
        "last_name": random.choice(LAST_NAMES),
        "guarantor_id": f"G{random.randrange(10**6)}",
        "address": make_address(*random.sample(STREETS, random.randint(1, 3))),
        "large_print": large_print,
    } | guarantor
    if kind == "estimate":
        paid_cents = random.choice((0, 1, 50_000, 123_456))
        deposit = Deposit(deposit_id="D1", posted_on=date(2026, 10, 1), amount_cents=paid_cents)
        return make_ob_notice(
            make_episode(
                deposits=(deposit,) if paid_cents else (),
                estimate_cents=random.choice((240_000, 1_234_567, 99_999)),
                insurance_name=random.choice(INSURERS),
                expected_delivery_on=date(2027, 1, 5) + timedelta(days=random.randrange(120)),
            ),
            **person,
        )
    family = _FAMILIES.get(kind.partition("-")[0])
    if family is not None:
        return family(kind, random, **person)
    if kind in {"statement", "reminder"}:
        visits = tuple(_visit(random, number) for number in range(random.choice((1, 1, 1, 2, 3, 5, 9))))
        return make_statement(*visits, level=int(kind == "reminder"), **person)
    if kind == "combined":
        billers = ("", *(each.entity_id for each in GROUPS))
        count = random.choice((1, 2, 3, 5))
        billed = [replace(_visit(random, number), billing_entity_id=random.choice(billers)) for number in range(count)]
        return make_combined_statement(*billed, level=random.choice((0, 0, 1)), **person)
    if kind == "itemized":
        return make_invoice(_stay(random), **person)
    level = 2 + ("past-due", "second-letter", "final-notice").index(kind)
    visits = tuple(_visit(random, number, correspondence=BILLED) for number in range(random.choice((1, 2, 4))))
    actions = random.choice(((), (CollectionAction.REPORTING, CollectionAction.SUIT), tuple(CollectionAction)))
    return make_letter(level, *visits, terms=replace(TERMS, collection_actions=actions), **person)


def _assistance_letter(kind: str, random: Random, **person: Any) -> Content:
    if kind == "assistance-incomplete":
        return make_incomplete(*random.sample(tuple(MissingItem), random.choice((1, 2, 5))), **person)
    make = random.choice((make_denied, make_partial, make_presumptive, make_full))
    if make is make_denied:
        return make_denied(random.choice([each for each in DecisionBasis if not each.approves]), **person)
    if make is make_full:
        return make_full(random.choice((0, 400, 5_000, 40_000)), **person)
    return make(**person)


def _plan_letter(kind: str, random: Random, **person: Any) -> Content:
    method = random.choice(tuple(PlanMethod))
    if kind == "plan-agreement":
        charge_cents = random.choice((0, 0, 1_234))
        plan = make_plan(
            next_on=date(2026, 12, random.randint(1, 28)),
            payments=random.choice((3, 6, 12, 36)),
            method=method,
            down_payment_cents=random.choice((0, 5_000)),
            finance_charge_cents=charge_cents,
            apr_basis_points=777 if charge_cents else None,
            signed_on=random.choice((None, date(2026, 11, 18))),
        )
        mode = PlanLetterMode.DISCLOSURE if charge_cents else random.choice(tuple(PlanLetterMode))
        return make_agreement(plan, policy=Policy(plan_letter_mode=mode), **person)
    if kind == "plan-reminder":
        paid = (10_000,) * random.choice((0, 2, 5))
        return make_reminder(make_plan(*paid, next_on=date(2026, 11, random.randint(21, 25)), method=method), **person)
    if kind == "plan-missed":
        paid = (10_000,) * random.choice((1, 3)) + (random.choice((0, 5_000)),)
        return make_missed(make_plan(*paid, next_on=date(2026, 12, random.randint(1, 9)), method=method), **person)
    level = random.choice((0, 1, 2, 3, 4))
    return make_default(replace(BILLED_ONCE, statements_sent=min(level + 1, 2), last_level=level), **person)


def _payroll_form(_: str, random: Random, **person: Any) -> Content:
    terms = random.choice((SIGNED, {}, {}))
    count, cents = random.choice(((12, 5_000), (4, 15_000), (1, 60_000), (7, 9_000)))
    first_on = date(2026, 12, random.randint(12, 28))
    deduction = make_deduction(
        pay_count=count,
        per_pay_cents=cents,
        first_pay_on=first_on,
        last_pay_on=first_on + timedelta(weeks=2 * (count - 1)),
        work_state=random.choice(("NC", "CA", "VT")),
        **terms,
    )
    return make_authorization(deduction, **person)


def _refund_letter(kind: str, random: Random, **person: Any) -> Content:
    make = random.choice((make_refund, make_sent))
    facts: dict[str, Any] = {
        "method": random.choice(tuple(RefundMethod)),
        "check_number": random.choice(("", "100482")),
    }
    if kind == "refund-deposit":
        deposit = {"account_number": "", "episode_id": "E1", "reason": RefundReason.DEPOSIT}
        return make_deposit_letter(make(f"RF{random.randrange(10**6)}", **facts, **deposit), **person)
    cents = random.choice((500, 12_345, 1_234_567))
    visit = _visit(random, 0)
    paid = make_payment("M1", amount_cents=visit.charges[0].amount_cents // 3 + cents + random.choice((0, 7)))
    reasons = [each for each in RefundReason if each is not RefundReason.DEPOSIT]
    refund = make(
        f"RF{random.randrange(10**6)}",
        account_number=visit.account_number,
        amount_cents=cents,
        reason=random.choice(reasons),
        **facts,
    )
    return make_refund_letter(refund, visits=(replace(visit, payments=(paid,)),), **person)


def _answer(kind: str, random: Random, **person: Any) -> Content:
    if kind == "answer-reply":
        obstacle = random.choice((*RequestObstacle, None))
        asked = make_asked(obstacle=obstacle, reviewed_on=AS_OF, expected_on=date(2026, 12, random.randint(1, 28)))
        visit = replace(_visit(random, 0), requests=(asked,), final_billed=obstacle is not None)
        return make_reply(visit=visit, **person)
    corrected = tuple(item for item in Correction if random.random() < 1 / 3)
    visit = replace(_visit(random, 0, correspondence=random.choice((None, BILLED))))
    return make_verification(visit=replace(visit, requests=(make_dispute(corrected=corrected),)), **person)


def _stay(random: Random) -> Encounter:
    visit = _visit(random, 0)
    lines = random.choice((1, 2, 3, 14, 60))
    charges = tuple(
        Charge(
            charge_id=f"C{number:03}",
            service_on=visit.service_from,
            posted_on=visit.service_from,
            description=random.choice(DESCRIPTIONS),
            code=random.choice(("", "0250", "99284")),
            revenue_code=random.choice(("", "0250", "0306", "0914", "0981")),
            quantity=random.choice((1, 12, 1_000)),
            amount_cents=random.choice((0, 12_345, 1_234_567)),
        )
        for number in range(lines)
    )
    first = visit.charges[0]
    return replace(
        visit, charges=(first, *charges), correspondence=random.choice((None, BILLED)), plan_id="", payments=()
    )


def _visit(random: Random, number: int, **facts: Any) -> Encounter:
    owed_cents = random.choice((501, 12_345, 100_000, 98_765_432))
    began_on = date(2026, 1, 1) + timedelta(days=random.randrange(200))
    return make_encounter(
        f"{random.choice('AB')}{random.randrange(10**9):09}{number}",
        owed_cents=owed_cents,
        charges=(make_charge(f"C{number}", amount_cents=3 * owed_cents),),
        insurance=(make_insurance(f"I{number}", amount_cents=2 * owed_cents),),
        description=random.choice(DESCRIPTIONS),
        insurance_name=random.choice(INSURERS),
        insurance_status=random.choice((InsuranceStatus.ADJUDICATED, InsuranceStatus.DENIED)),
        sensitive=random.random() < 0.1,
        service_from=began_on,
        service_to=began_on + timedelta(days=random.choice((0, 0, 3))),
        payments=random.choice(((), (make_payment(f"M{number}", amount_cents=500),))),
        share=_share(random, owed_cents),
        **facts,
    )


def _share(random: Random, owed_cents: int) -> PatientShare | None:
    if random.random() < 0.3:
        return None
    first = random.randrange(owed_cents)
    parts = [first, owed_cents - first, 0, 0]
    random.shuffle(parts)
    return PatientShare(
        adjudicated_on=date(2026, 10, 25),
        deductible_cents=parts[0],
        coinsurance_cents=parts[1],
        copay_cents=parts[2],
        noncovered_cents=parts[3],
    )


def _estate_letter(kind: str, random: Random, **person: Any) -> Content:
    if kind == "estate-inquiry":  # goes to the last address, which the rules check
        address = make_address("9 Elm Street", *person.pop("address").lines[:2])
        estate = make_unknown_estate(died_on=date(2026, random.randint(1, 9), 14))
        return make_inquiry(estate, address=address, **person)
    visits = tuple(_visit(random, number) for number in range(random.choice((1, 1, 2, 4))))
    estate = make_estate(
        attorney_name=random.choice(("", "Reyes & Cole LLP")),
        died_on=date(2026, 8, random.randint(1, 28)),
        last_illness_on=random.choice((None, date(2026, 1, 1))),
    )
    return make_claim(*visits, estate=estate, policy=replace(SIGNER, estate_min_cents=1), **person)


_FAMILIES: dict[str, Callable[..., Content]] = {
    "assistance": _assistance_letter,
    "plan": _plan_letter,
    "payroll": _payroll_form,
    "estate": _estate_letter,
    "refund": _refund_letter,
    "answer": _answer,
}
"""The first word of a kind → what makes one."""
