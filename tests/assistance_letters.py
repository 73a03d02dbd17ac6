"""Letters about applications for financial assistance for tests, selected by the rules."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from msgspec.structs import replace

from statement_builder.billing.assistance import application_cause
from statement_builder.billing.assistance_terms import DecisionBasis, MissingItem
from statement_builder.billing.facility import Facility
from statement_builder.billing.model import (
    ApplicationStatus,
    AssistanceKind,
    AssistanceRecord,
    CausedLetter,
    Correspondence,
    Encounter,
    GuarantorAccount,
    InsuranceKind,
)
from statement_builder.billing.selection import Kind
from statement_builder.documents import Content
from statement_builder.documents.printed_terms import PrintedTerms
from statement_builder.kinds import decide
from statement_builder.policy import Policy
from tests.builders import AS_OF, make_account, make_encounter, make_guarantor, make_insurance, make_payment
from tests.contents import TERMS, compose_document
from tests.plan_letters import make_plan

RECEIVED_ON = date(2026, 11, 2)
DECIDED_ON = date(2026, 11, 12)
BILLED_ONCE = Correspondence(
    first_statement_on=date(2026, 10, 12), statements_sent=1, last_level=0, last_mailed_on=date(2026, 10, 12)
)


def make_application(status: ApplicationStatus = ApplicationStatus.INCOMPLETE, **changes: Any) -> AssistanceRecord:
    """An application of November 2, 2026 for all visits. An incomplete one lacks two things."""
    facts: dict[str, Any] = {
        "kind": AssistanceKind.APPLICATION,
        "occurred_on": RECEIVED_ON,
        "status": status,
        "assistance_id": "N1",
    }
    if status is ApplicationStatus.INCOMPLETE:
        facts["missing"] = (MissingItem.SIGNATURE, MissingItem.INCOME)
    return AssistanceRecord(**(facts | changes))


def make_approval(percent: int | None = 75, **changes: Any) -> AssistanceRecord:
    facts = {"decided_on": DECIDED_ON, "basis": DecisionBasis.INCOME, "discount_percent": percent}
    return make_application(ApplicationStatus.APPROVED, **(facts | changes))


def make_denial(basis: DecisionBasis | None = DecisionBasis.INCOME_TOO_HIGH, **changes: Any) -> AssistanceRecord:
    return make_application(ApplicationStatus.DENIED, **({"decided_on": DECIDED_ON, "basis": basis} | changes))


def helped_visit(
    percent: int = 75, account_number: str = "A70001", *, part_cents: int = 40_000, paid_cents: int = 0, **changes: Any
) -> Encounter:
    """A visit with this part for the patient, of which this share was taken off after the application."""
    help_cents = part_cents * percent // 100
    visit = make_encounter(account_number, owed_cents=part_cents, correspondence=BILLED_ONCE, **changes)
    discount = make_insurance(
        f"{account_number}-I9", kind=InsuranceKind.CHARITY, amount_cents=help_cents, on=DECIDED_ON
    )
    payment = make_payment(f"{account_number}-M1", amount_cents=paid_cents, on=date(2026, 10, 20))
    return replace(visit, insurance=(*visit.insurance, discount), payments=(payment,) if paid_cents else ())


def with_application(
    *records: AssistanceRecord, visits: tuple[Encounter, ...] = (), **account: Any
) -> GuarantorAccount:
    """An account with these records, and a visit of $345.00 that was billed once."""
    default = make_encounter("A70001", description="Hospital stay", correspondence=BILLED_ONCE)
    return make_account(*(visits or (default,)), assistance=records, **account)


def _compose(
    account: GuarantorAccount,
    kind: Kind,
    *,
    policy: Policy | None = None,
    terms: PrintedTerms = TERMS,
    facility: Facility | None = None,
    **guarantor: Any,
) -> Content:
    """Decided for an ordinary guarantor, and composed for this one."""
    decision = decide(account, kind, policy or Policy(), AS_OF)
    assert decision.selection is not None, decision.holds
    reader = replace(account, guarantor=make_guarantor(**guarantor))
    return compose_document(reader, decision.selection, facility=facility, terms=terms)


def make_incomplete(*missing: MissingItem, visits: tuple[Encounter, ...] = (), **guarantor: Any) -> Content:
    """The signature and the proof of income are missing, or these items."""
    record = make_application()
    account = with_application(replace(record, missing=missing or record.missing), visits=visits)
    return _compose(account, Kind.ASSISTANCE_INCOMPLETE, **guarantor)


def make_partial(**guarantor: Any) -> Content:
    """75% off $400.00 and $200.00: $150.00 is left. The help counts for half a year."""
    visits = (helped_visit(), helped_visit(account_number="A70002", part_cents=20_000, description="Blood test"))
    account = with_application(make_approval(valid_until=DECIDED_ON + timedelta(days=180)), visits=visits)
    return _compose(account, Kind.ASSISTANCE_DECISION, **guarantor)


def make_full(paid_cents: int = 5_000, **guarantor: Any) -> Content:
    """All of $400.00 is taken off, and what was paid of it is due back."""
    account = with_application(make_approval(100), visits=(helped_visit(100, paid_cents=paid_cents),))
    return _compose(account, Kind.ASSISTANCE_DECISION, **guarantor)


def make_presumptive(**guarantor: Any) -> Content:
    """Nobody applied, and half is taken off."""
    record = make_approval(50, kind=AssistanceKind.PRESUMPTIVE, basis=DecisionBasis.PUBLIC_RECORDS)
    return _compose(with_application(record, visits=(helped_visit(50),)), Kind.ASSISTANCE_DECISION, **guarantor)


def make_helped_plan(**guarantor: Any) -> Content:
    """75% off a visit on a payment plan, which says what to pay."""
    plan = make_plan(next_on=date(2026, 12, 5), cents=40_000)
    account = with_application(make_approval(), visits=(helped_visit(plan_id=plan.plan_id),), plans=(plan,))
    return _compose(account, Kind.ASSISTANCE_DECISION, **guarantor)


def incomplete_letter(mailed_on: date | None) -> CausedLetter:
    """The letter about what the application lacked, as the ledger has it."""
    cause_id = application_cause(make_application())
    return CausedLetter(kind=Kind.ASSISTANCE_INCOMPLETE.value, cause_id=cause_id, mailed_on=mailed_on)


def make_denied(basis: DecisionBasis = DecisionBasis.INCOME_TOO_HIGH, **guarantor: Any) -> Content:
    """Denied. If papers were missing, the letter of October 10 asked for them."""
    received_on = date(2026, 10, 5) if basis is DecisionBasis.NO_ANSWER else RECEIVED_ON
    account = with_application(
        make_denial(basis, occurred_on=received_on), letters=(incomplete_letter(date(2026, 10, 10)),)
    )
    return _compose(account, Kind.ASSISTANCE_DECISION, **guarantor)
