"""Documents for tests, composed from the accounts of `tests.builders`."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from statement_builder.billing.balance import balance
from statement_builder.billing.facility import Facility
from statement_builder.billing.model import (
    Charge,
    Correspondence,
    Deposit,
    DocumentRequest,
    Encounter,
    GuarantorAccount,
    Installment,
    InsuranceKind,
    ObstetricEpisode,
    Plan,
    PlanStatus,
    RequestKind,
)
from statement_builder.billing.obstetric import schedule
from statement_builder.billing.plans import amount_due
from statement_builder.billing.selection import Channel, Kind, PreAssignmentItem, Selection
from statement_builder.documents import Content, PrintedTerms
from statement_builder.kinds import compose
from tests.builders import (
    AS_OF,
    make_account,
    make_encounter,
    make_episode,
    make_facility,
    make_group,
    make_guarantor,
    make_insurance,
    make_patient,
    make_payment,
)

TEMPLATES = Path(__file__).parents[1] / "templates"
DUE_ON = date(2026, 12, 15)
TERMS = PrintedTerms(
    plan_grace_days=10,
    plan_lapse_days=30,
    plan_cure_days=15,
    pay_by_week=36,
    installments_max=7,
    courtesy_after_week=32,
    assistance_days=240,
    agency_name="Pioneer Valley Recovery",
)
BILLED = Correspondence(
    first_statement_on=date(2026, 10, 20), statements_sent=1, last_level=0, last_mailed_on=date(2026, 10, 20)
)


def make_selection(account: GuarantorAccount, **changes: Any) -> Selection:
    """Select every encounter of the account, for the amount due."""
    numbers = tuple(encounter.account_number for encounter in account.encounters)
    due = amount_due(
        account,
        AS_OF,
        account_numbers=numbers,
        grace_days=TERMS.plan_grace_days,
        lapse_days=TERMS.plan_lapse_days,
        cure_days=TERMS.plan_cure_days,
    )
    facts: dict[str, Any] = {
        "kind": Kind.STATEMENT,
        "guarantor_id": account.guarantor.guarantor_id,
        "account_numbers": numbers,
        "channel": Channel.PRINT,
        "amount_cents": due.amount_cents,
        "due_on": DUE_ON,
    }
    return Selection(**(facts | changes))


def compose_document(
    account: GuarantorAccount, selection: Selection, *, facility: Facility | None = None, terms: PrintedTerms = TERMS
) -> Content:
    return compose(
        account,
        selection,
        facility or make_facility(),
        terms=terms,
        batch_cycle="2026-11",
        issued_on=AS_OF,
    )


BEFORE_PLACEMENT = replace(TERMS, pre_assignment_items=tuple(PreAssignmentItem))
"""As in California."""


def three_visits(**changes: Any) -> tuple[Encounter, ...]:
    """345.00, 100.00 and 1,000.00 owed: 1,445.00 in all."""
    return (
        make_encounter("A70001", **changes),
        make_encounter(
            "A70002",
            owed_cents=12_000,
            description="MRI scan of the knee",
            payments=(make_payment(amount_cents=2_000),),
            **changes,
        ),
        make_encounter(
            "A70003",
            owed_cents=100_000,
            description="Hospital stay after surgery",
            service_from=date(2026, 8, 1),
            service_to=date(2026, 8, 4),
            share=None,
            **changes,
        ),
    )


def make_statement(
    *encounters: Encounter, level: int = 0, facility: Facility | None = None, **guarantor: Any
) -> Content:
    account = make_account(*(encounters or three_visits()), guarantor=make_guarantor(**guarantor))
    return compose_document(account, make_selection(account, level=level), facility=facility)


def make_group_visits() -> tuple[Encounter, ...]:
    """345.00 owed to the hospital; 82.00 and 120.00 to two physician groups (`GROUPS`): 547.00 in all."""
    return (
        make_encounter("A70001"),
        make_encounter(
            "A70009",
            owed_cents=8_200,
            description="Emergency physician",
            facility_name="Emergency Department",
            billing_entity_id="LP",
        ),
        make_encounter(
            "A70011",
            owed_cents=12_000,
            description="Reading of X-ray pictures",
            facility_name="Imaging Center",
            billing_entity_id="VR",
            payments=(make_payment(amount_cents=2_000),),
        ),
    )


GROUPS = (
    make_group(),
    make_group("VR", name="Valley Radiology Associates, LLC", tax_id="04-1230987", in_assistance_policy=True),
)


def make_combined_statement(
    *encounters: Encounter, level: int = 0, facility: Facility | None = None, **guarantor: Any
) -> Content:
    """A statement with physician balances (`make_group_visits`)."""
    account = make_account(
        *(encounters or make_group_visits()), guarantor=make_guarantor(**guarantor), billing_entities=GROUPS
    )
    return compose_document(account, make_selection(account, level=level), facility=facility)


def make_plan_statement(**guarantor: Any) -> Content:
    """A visit of 345.00, and one of 600.00 on a plan with 200.00 due now: 545.00 to pay."""
    plan = Plan(
        plan_id="PL1",
        status=PlanStatus.ACTIVE,
        opened_on=date(2026, 10, 21),
        installments=tuple(
            Installment(sequence=n, due_on=date(2026, 11, 5 + n) if n == 0 else date(2027, n, 5), amount_cents=20_000)
            for n in (0, 1, 2)
        ),
    )
    account = make_account(
        make_encounter("A70001"),
        make_encounter("A70002", owed_cents=60_000, plan_id="PL1", correspondence=BILLED, description="Hospital stay"),
        guarantor=make_guarantor(**guarantor),
        plans=(plan,),
    )
    return compose_document(account, make_selection(account))


def make_ob_notice(
    episode: ObstetricEpisode | None = None, *, facility: Facility | None = None, **guarantor: Any
) -> Content:
    """An estimate of 2,400.00 with a deposit of 500.00, and an old open visit that the notice must not mention."""
    episode = episode or make_episode(
        deposits=(Deposit(deposit_id="D1", posted_on=date(2026, 10, 1), amount_cents=50_000),)
    )
    account = make_account(
        make_encounter("A79999", owed_cents=77_777, correspondence=BILLED, description="Broken ankle"),
        guarantor=make_guarantor(**guarantor),
        patients=(make_patient(first_name="Maria", birth_on=date(1995, 5, 5)),),
        episodes=(episode,),
    )
    plan = schedule(episode, AS_OF, pay_by_week=36, installments_max=7, courtesy_after_week=32)
    selection = Selection(
        kind=Kind.OB_NOTICE,
        guarantor_id=account.guarantor.guarantor_id,
        episode_id=episode.episode_id,
        channel=Channel.PRINT,
        amount_cents=plan.due_cents,
        due_on=plan.due_on,
    )
    return compose_document(account, selection, facility=facility)


def make_stay(lines: int = 14, **changes: Any) -> Encounter:
    """A stay of 14 charge lines in seven categories, with insurance: $3,150.00 in charges, $345.00 owed."""
    services = (
        ("Room and nursing care", "0120", "0120", 120_000),
        ("Medicines", "", "0250", 4_500),
        ("Complete blood count", "85025", "0305", 6_200),
        ("X-ray of the chest", "71046", "0324", 31_000),
        ("Breathing treatment", "94640", "0410", 21_500),
        ("Physical therapy, 30 minutes", "97110", "0420", 14_800),
        ("Wheelchair transport", "", "", 2_000),
    )
    charges = tuple(
        Charge(
            charge_id=f"C{number:04}",
            service_on=date(2026, 10, 3) + timedelta(days=number % 3),
            posted_on=date(2026, 10, 8),
            description=description,
            code=code,
            revenue_code=revenue_code,
            quantity=1 + number % 2,
            amount_cents=cents,
        )
        for number in range(lines)
        for description, code, revenue_code, cents in (services[number % len(services)],)
    )
    total, owed = sum(each.amount_cents for each in charges), changes.pop("owed_cents", 34_500)
    facts: dict[str, Any] = {
        "charges": charges,
        "service_to": date(2026, 10, 6),
        "description": "Hospital stay, pneumonia",
        "insurance": (
            make_insurance("I1", kind=InsuranceKind.CONTRACTUAL, amount_cents=total // 2),
            make_insurance("I2", amount_cents=total - total // 2 - owed - 2_000),
        ),
        "payments": (make_payment(amount_cents=2_000),),
        "requests": (DocumentRequest(request_id="Q1", kind=RequestKind.INVOICE, asked_on=date(2026, 11, 16)),),
    }
    return make_encounter(**(facts | changes))


def make_invoice(
    encounter: Encounter | None = None, *, facility: Facility | None = None, asks: bool = True, **guarantor: Any
) -> Content:
    """The itemized bill of a stay that was not billed before. `asks`: whether it asks for what is owed."""
    account = make_account(encounter or make_stay(), guarantor=make_guarantor(**guarantor))
    amount_cents = balance(account, AS_OF).patient_cents if asks else 0
    return compose_document(
        account, make_selection(account, kind=Kind.INVOICE, amount_cents=amount_cents), facility=facility
    )


def make_group_invoice(**guarantor: Any) -> Content:
    """The itemized bill of a stay that a physician group bills, of 345.00."""
    visit = make_stay(4, billing_entity_id="LP")
    account = make_account(visit, guarantor=make_guarantor(**guarantor), billing_entities=GROUPS[:1])
    selection = make_selection(account, kind=Kind.INVOICE, amount_cents=balance(account, AS_OF).patient_cents)
    return compose_document(account, selection)


def make_letter(
    level: int, *encounters: Encounter, facility: Facility | None = None, terms: PrintedTerms = TERMS, **guarantor: Any
) -> Content:
    """A letter about two visits, 445.00 in all, first billed on October 20, 2026."""
    account = make_account(
        *(encounters or three_visits(correspondence=BILLED)[:2]), guarantor=make_guarantor(**guarantor)
    )
    selection = make_selection(account, kind=Kind.DUNNING, level=level)
    return compose_document(account, selection, facility=facility, terms=terms)
