"""Hypothesis strategies for accounts that meet the contract, mostly unusual ones."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from statement_builder.billing.assistance_terms import DecisionBasis, MissingItem
from statement_builder.billing.model import (
    ApplicationStatus,
    AssistanceKind,
    AssistanceRecord,
    Charge,
    Correspondence,
    Deposit,
    DocumentRequest,
    Encounter,
    EpisodeStatus,
    EstimateReview,
    FinancialClass,
    GuarantorAccount,
    Installment,
    InsuranceKind,
    InsuranceStatus,
    InsuranceTransaction,
    ObstetricEpisode,
    PatientClass,
    PatientPayment,
    Plan,
    PlanStatus,
    RecordedHold,
    RequestFormat,
    RequestKind,
)
from statement_builder.policy.hold_codes import HOLD_CODES
from tests.builders import AS_OF, make_address, make_encounter, make_episode, make_guarantor, make_patient

days = st.integers(-200, 20).map(lambda days: AS_OF + timedelta(days=days))
cents = st.integers(0, 500_000)
signed_cents = st.integers(-50_000, 500_000)

charges = st.builds(
    Charge, charge_id=st.just("C"), service_on=days, posted_on=days, description=st.just("Visit"), amount_cents=cents
)
insurance = st.builds(
    InsuranceTransaction,
    transaction_id=st.just("I"),
    posted_on=days,
    kind=st.sampled_from(InsuranceKind),
    amount_cents=signed_cents,
)
payments = st.builds(PatientPayment, payment_id=st.just("M"), posted_on=days, amount_cents=signed_cents)


@st.composite
def correspondence(draw: st.DrawFn) -> Correspondence:
    first_on = draw(st.integers(-400, -1).map(lambda days: AS_OF + timedelta(days=days)))
    return Correspondence(
        first_statement_on=first_on,
        statements_sent=draw(st.integers(1, 4)),
        last_level=draw(st.integers(0, 4)),
        last_mailed_on=draw(st.dates(first_on, AS_OF - timedelta(days=1))),
    )


@st.composite
def plans(draw: st.DrawFn, plan_id: str) -> Plan:
    first_on = draw(days)
    amounts = draw(st.lists(st.tuples(st.integers(1, 60_000), st.integers(0, 60_000)), min_size=1, max_size=6))
    return Plan(
        plan_id=plan_id,
        status=draw(st.sampled_from(PlanStatus)),
        opened_on=first_on,
        installments=tuple(
            Installment(
                sequence=index + 1,
                due_on=first_on + timedelta(days=30 * index),
                amount_cents=amount,
                paid_cents=min(amount, paid),
            )
            for index, (amount, paid) in enumerate(amounts)
        ),
    )


requests = st.lists(
    st.builds(
        DocumentRequest,
        request_id=st.sampled_from(["Q1", "Q2"]),
        kind=st.just(RequestKind.INVOICE),
        asked_on=days,
        format=st.sampled_from([RequestFormat.STANDARD, *RequestFormat]),
    ),
    max_size=1,
).map(tuple)


def encounters(account_number: str) -> SearchStrategy[Encounter]:
    return st.builds(
        Encounter,
        account_number=st.just(account_number),
        patient_id=st.just("P1"),
        service_from=days,
        service_to=days,
        facility_name=st.just("Riverbend Community Hospital"),
        description=st.just("Visit"),
        patient_class=st.sampled_from(PatientClass),
        financial_class=st.sampled_from([FinancialClass.COMMERCIAL, FinancialClass.SELF_PAY, *FinancialClass]),
        insurance_status=st.sampled_from([InsuranceStatus.ADJUDICATED, InsuranceStatus.NONE, *InsuranceStatus]),
        insurance_pending_cents=st.one_of(st.just(0), cents),
        final_billed=st.sampled_from([True, True, True, False]),
        plan_id=st.sampled_from(["", "", "PL1", "PL2"]),
        good_faith_estimate_cents=st.one_of(st.none(), cents),
        estimate_review=st.one_of(
            st.none(), st.builds(EstimateReview, reviewed_by=st.just("R"), reviewed_on=days, note=st.just("Correct"))
        ),
        charges=st.lists(charges, max_size=4).map(tuple),
        insurance=st.lists(insurance, max_size=3).map(tuple),
        payments=st.lists(payments, max_size=2).map(tuple),
        correspondence=st.one_of(st.none(), correspondence()),
        requests=requests,
    )


@st.composite
def recorded_holds(draw: st.DrawFn) -> RecordedHold:
    return RecordedHold(
        hold_id="H",
        code=draw(st.sampled_from([*sorted(HOLD_CODES), "NEVER_HEARD_OF"])),
        placed_on=draw(days),
        account_number=draw(st.sampled_from(["", "A0", "A1", "ELSEWHERE"])),
        episode_id=draw(st.sampled_from(["", "", "E0", "ELSEWHERE"])),
        expires_on=draw(st.one_of(st.none(), days)),
    )


@st.composite
def assistance(draw: st.DrawFn) -> AssistanceRecord:
    status = draw(st.one_of(st.none(), st.sampled_from(ApplicationStatus)))
    return AssistanceRecord(
        kind=AssistanceKind.ORAL_EFFORT if status is None else AssistanceKind.APPLICATION,
        occurred_on=draw(days),
        account_number=draw(st.sampled_from(["", "A0", "A1"])),
        status=status,
        assistance_id=draw(st.sampled_from(["N1", "N2"])),
        missing=tuple(draw(st.lists(st.sampled_from(MissingItem), max_size=2, unique=True))),
        respond_by=draw(st.one_of(st.none(), days)),
        decided_on=draw(st.one_of(st.none(), days)),
        basis=draw(st.one_of(st.none(), st.sampled_from(DecisionBasis))),
        discount_percent=draw(st.sampled_from([None, 0, 50, 100, 101])),
        notified_on=draw(st.one_of(st.none(), st.none(), days)),
    )


def episodes(episode_id: str) -> SearchStrategy[ObstetricEpisode]:
    near = st.integers(-60, 250).map(lambda days: AS_OF + timedelta(days=days))
    return st.builds(
        ObstetricEpisode,
        episode_id=st.just(episode_id),
        patient_id=st.just("P1"),
        status=st.sampled_from([EpisodeStatus.ACTIVE, EpisodeStatus.ACTIVE, *EpisodeStatus]),
        expected_delivery_on=st.one_of(st.none(), near, near),
        estimate_cents=cents,
        estimate_on=st.integers(-200, 0).map(lambda days: AS_OF + timedelta(days=days)),
        financial_class=st.sampled_from([FinancialClass.COMMERCIAL, *FinancialClass]),
        good_faith_estimate_id=st.sampled_from(["", "GFE1"]),
        notices_sent=st.integers(0, 3),
        deposits=st.lists(
            st.builds(Deposit, deposit_id=st.just("D"), posted_on=days, amount_cents=signed_cents), max_size=3
        ).map(tuple),
    )


@st.composite
def typical_encounters(draw: st.DrawFn, account_number: str) -> Encounter:
    """A visit that gets mail sooner or later."""
    level = draw(st.integers(-1, 3))
    letters = Correspondence(
        first_statement_on=AS_OF - timedelta(days=draw(st.integers(60, 150))),
        statements_sent=min(level + 1, 2),
        last_level=level,
        last_mailed_on=AS_OF - timedelta(days=draw(st.integers(24, 50))),
    )
    return make_encounter(
        account_number,
        owed_cents=draw(st.sampled_from([-100, 0, 499, 500, 1_000, 20_000, 60_000])),
        insurance_pending_cents=draw(st.sampled_from([0, 0, 300])),
        plan_id=draw(st.sampled_from(["", "", "PL1"])),
        payments=draw(st.lists(payments.filter(lambda one: one.posted_on != AS_OF), max_size=1).map(tuple)),
        correspondence=letters if level >= 0 else None,
        requests=draw(requests),
    )


def typical_episodes(episode_id: str) -> SearchStrategy[ObstetricEpisode]:
    return st.builds(
        make_episode,
        episode_id=st.just(episode_id),
        expected_delivery_on=st.integers(-10, 200).map(lambda days: AS_OF + timedelta(days=days)),
        estimated_delivery_on=st.none(),
        estimate_cents=st.integers(0, 500_000),
        estimate_on=st.integers(-200, -5).map(lambda days: AS_OF + timedelta(days=days)),
        deposits=st.lists(
            st.builds(Deposit, deposit_id=st.just("D"), posted_on=days, amount_cents=st.integers(0, 200_000)),
            max_size=2,
        ).map(tuple),
    )


@st.composite
def typical_accounts(draw: st.DrawFn) -> GuarantorAccount:
    """A guarantor without holds who usually gets mail for visits and a pregnancy."""
    return GuarantorAccount(
        guarantor=make_guarantor(),
        patients=(make_patient(birth_on=date(1995, 3, 3)),),
        encounters=tuple(draw(typical_encounters(f"A{index}")) for index in range(draw(st.integers(1, 4)))),
        plans=(draw(plans("PL1")),),
        episodes=(draw(typical_episodes("E0")),),
    )


@st.composite
def unusual_accounts(draw: st.DrawFn) -> GuarantorAccount:
    """A guarantor with up to four visits, two plans, two pregnancies, and three holds."""
    visits = tuple(draw(encounters(f"A{index}")) for index in range(draw(st.integers(0, 4))))
    return GuarantorAccount(
        guarantor=make_guarantor(address=draw(st.sampled_from([make_address(), make_address(postal_code="")]))),
        patients=(make_patient(birth_on=date(1995, 3, 3)),),
        encounters=visits,
        plans=(draw(plans("PL1")),) if draw(st.booleans()) else (),
        holds=tuple(draw(st.lists(recorded_holds(), max_size=3))),
        assistance=tuple(draw(st.lists(assistance(), max_size=2))),
        episodes=tuple(draw(episodes(f"E{index}")) for index in range(draw(st.integers(0, 2)))),
        unapplied_cents=draw(st.sampled_from([0, 0, 0, 100])),
        open_documents=draw(st.sampled_from([(), (), (), ("dunning",), ("ob-notice",)])),
    )


accounts = st.one_of(typical_accounts(), unusual_accounts())
"""Any account that meets the contract."""
