"""A selection becomes a document's content, or an exception that a clerk can act on."""

from __future__ import annotations

import typing
from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from statement_builder.billing.facility import Facility
from statement_builder.billing.model import (
    Address,
    Correspondence,
    Deposit,
    Installment,
    InsuranceKind,
    InsuranceStatus,
    Plan,
    PlanStatus,
)
from statement_builder.billing.selection import Channel, Kind, Selection
from statement_builder.documents import CompositionError
from statement_builder.documents.facts import (
    EstimatePayment,
    LetterFacts,
    ObNoticeFacts,
    PlanLine,
    StatementFacts,
    VisitLine,
)
from statement_builder.kinds.assistance_decision.facts import AssistanceDecisionFacts
from statement_builder.kinds.assistance_incomplete.facts import AssistanceIncompleteFacts
from statement_builder.kinds.itemized_request_reply.facts import ReplyFacts
from statement_builder.kinds.payroll_authorization.facts import PayrollAuthorizationFacts
from statement_builder.kinds.plan_agreement.facts import PlanAgreementFacts
from statement_builder.kinds.plan_default.facts import PlanDefaultFacts
from statement_builder.kinds.plan_missed.facts import PlanMissedFacts
from statement_builder.kinds.plan_reminder.facts import PlanReminderFacts
from statement_builder.kinds.refund.facts import RefundFacts
from statement_builder.kinds.verification.facts import VerificationFacts
from tests.answers import make_reply, make_verification
from tests.assistance_letters import make_incomplete, make_presumptive
from tests.builders import (
    AS_OF,
    make_account,
    make_address,
    make_encounter,
    make_episode,
    make_facility,
    make_insurance,
    make_patient,
)
from tests.contents import (
    BILLED,
    DUE_ON,
    compose_document,
    make_letter,
    make_ob_notice,
    make_plan_statement,
    make_selection,
    make_statement,
    three_visits,
)
from tests.payroll import make_authorization
from tests.plan_letters import make_agreement, make_default, make_missed, make_reminder
from tests.refund_letters import make_refund_letter


def test_statement__figures_come_from_the_balance_function() -> None:
    content = make_statement()
    facts = content.facts
    assert isinstance(facts, StatementFacts)
    assert [visit.owed_cents for visit in facts.visits] == [34_500, 10_000, 100_000]
    assert (content.amount_cents, content.amount_text) == (144_500, "$1,445.00")
    assert facts.charges_cents == 360_000
    assert facts.payments_cents == 2_000
    assert facts.insurance_cents + facts.adjustments_cents == 360_000 - 2_000 - 144_500
    assert facts.aging.total_cents == facts.owed_cents == 144_500


def test_statement__charity_counts_as_an_adjustment() -> None:
    visit = make_encounter(
        insurance=(
            make_insurance("I1", amount_cents=60_000),
            make_insurance("I2", kind=InsuranceKind.CHARITY, amount_cents=20_000),
        )
    )
    facts = make_statement(visit).facts
    assert isinstance(facts, StatementFacts)
    assert (facts.insurance_cents, facts.adjustments_cents, facts.owed_cents) == (60_000, 20_000, 40_000)


def test_statement__plan_visit_owes_only_the_installment() -> None:
    plan = Plan(
        plan_id="PL1",
        status=PlanStatus.ACTIVE,
        opened_on=date(2026, 9, 1),
        installments=tuple(
            Installment(sequence=n, due_on=date(2026, 8 + n, 5), amount_cents=20_000, paid_cents=20_000 if n < 4 else 0)
            for n in (1, 2, 3, 4)
        ),
    )
    account = make_account(make_encounter("A1"), make_encounter("A2", owed_cents=60_000, plan_id="PL1"), plans=(plan,))
    content = compose_document(account, make_selection(account))
    facts = content.facts
    assert isinstance(facts, StatementFacts)
    assert content.amount_cents == 34_500 + 20_000
    assert facts.plan_later_cents == 40_000
    assert [(line.due_cents, line.remaining_cents) for line in facts.plans] == [(20_000, 20_000)]
    assert [visit.on_plan for visit in facts.visits] == [False, True]


def test_statement__sensitive_visit_has_no_description() -> None:
    facts = make_statement(make_encounter(sensitive=True, description="Detox counseling")).facts
    assert isinstance(facts, StatementFacts)
    assert (facts.visits[0].description, facts.visits[0].sensitive) == ("", True)


def test_statement__denied_claim_is_marked() -> None:
    facts = make_statement(make_encounter(insurance_status=InsuranceStatus.DENIED, share=None)).facts
    assert isinstance(facts, StatementFacts)
    assert facts.visits[0].denied


@pytest.mark.parametrize(
    "kind",
    [pytest.param(Kind.STATEMENT, id="statement"), pytest.param(Kind.DUNNING, id="letter")],
)
def test_compose__refuses_an_amount_that_does_not_foot(kind: Kind) -> None:
    account = make_account(*three_visits(correspondence=BILLED))
    selection = make_selection(account, kind=kind, level=2 if kind is Kind.DUNNING else 0, amount_cents=144_501)
    with pytest.raises(CompositionError) as caught:
        compose_document(account, selection)
    assert caught.value.code == "FOOTING"
    assert "1,445" not in str(caught.value)
    assert "Lopez" not in str(caught.value)


def test_compose__refuses_an_encounter_of_another_guarantor() -> None:
    account = make_account(make_encounter("A1"))
    selection = make_selection(account)
    other = make_account(make_encounter("A2"))
    with pytest.raises(CompositionError) as caught:
        compose_document(other, selection)
    assert caught.value.code == "FOOTING"


def test_compose__refuses_a_patient_who_is_not_on_file() -> None:
    account = make_account(make_encounter(patient_id="P9"))
    with pytest.raises(CompositionError) as caught:
        compose_document(account, make_selection(account))
    assert caught.value.code == "PATIENT"


@pytest.mark.parametrize(
    "facility",
    [
        pytest.param(make_facility(assistance_phone=""), id="no-phone"),
        pytest.param(make_facility(assistance_url="  "), id="no-link"),
    ],
)
def test_compose__refuses_a_facility_without_the_assistance_notice(facility: Facility) -> None:
    with pytest.raises(CompositionError) as caught:
        make_statement(facility=facility)
    assert caught.value.code == "ASSISTANCE"


@pytest.mark.parametrize(
    ("address", "lines"),
    [
        pytest.param(make_address(), ("12 Maple Street", "Springfield, MA 01103"), id="plain"),
        pytest.param(
            make_address("c/o Ruth Hale", "Apt 4", "9 Elm Row"),
            ("c/o Ruth Hale", "Apt 4", "9 Elm Row", "Springfield, MA 01103"),
            id="three-lines",
        ),
        pytest.param(make_address(" 12 Maple ", ""), ("12 Maple", "Springfield, MA 01103"), id="blank-line-dropped"),
    ],
)
def test_recipient__lines(address: Address, lines: tuple[str, ...]) -> None:
    assert make_statement(address=address).recipient.lines == lines


def test_recipient__confidential_address_overrides_the_regular_one() -> None:
    recipient = make_statement(confidential_address=make_address("PO Box 9", postal_code="01199")).recipient
    assert recipient.lines == ("PO Box 9", "Springfield, MA 01199")
    assert "Maple" not in str(recipient)


def test_recipient__suffix_follows_the_name() -> None:
    assert make_statement(first_name="José", last_name="Núñez", suffix="Jr.").recipient.name == "José Núñez Jr."


@pytest.mark.parametrize(
    "address",
    [
        pytest.param(make_address("a", "b", "c", "d"), id="four-lines"),
        pytest.param(make_address("", " "), id="no-street"),
        pytest.param(make_address(postal_code=""), id="no-zip"),
        pytest.param(make_address(city=""), id="no-city"),
    ],
)
def test_recipient__refuses_an_incomplete_or_too_long_address(address: Address) -> None:
    with pytest.raises(CompositionError) as caught:
        make_statement(address=address)
    assert caught.value.code == "ADDRESS"


def test_ob_notice__excludes_other_visits() -> None:
    content = make_ob_notice()
    facts = content.facts
    assert isinstance(facts, ObNoticeFacts)
    assert (facts.estimate_cents, facts.paid_cents, facts.remaining_cents) == (240_000, 50_000, 190_000)
    assert content.account_numbers == ()
    assert "A79999" not in repr(facts)
    assert [(each.due_on, each.amount_cents) for each in facts.payments] == [
        (date(2026, 12, 13), 70_000),  # October is paid, and a part of November; December is due next
        (date(2027, 1, 13), 40_000),
        (date(2027, 2, 13), 40_000),
        (date(2027, 3, 13), 40_000),
    ]


@pytest.mark.parametrize(
    ("ends_on", "shown"),
    [
        pytest.param(date(2026, 12, 31), date(2026, 12, 31), id="before-the-birth"),
        pytest.param(date(2027, 6, 30), None, id="after-the-birth"),
        pytest.param(None, None, id="unknown"),
    ],
)
def test_ob_notice__shows_a_plan_year_end_before_the_birth(ends_on: date | None, shown: date) -> None:
    facts = make_ob_notice(make_episode(plan_year_ends_on=ends_on)).facts
    assert isinstance(facts, ObNoticeFacts)
    assert facts.plan_year_ends_on == shown


@pytest.mark.parametrize(
    ("episode_id", "amount_cents", "code"),
    [
        pytest.param("E2", 1, "EPISODE", id="episode-not-on-file"),
        pytest.param("E1", 1, "FOOTING", id="different-amount"),
    ],
)
def test_ob_notice__refuses(episode_id: str, amount_cents: int, code: str) -> None:
    account = make_account(
        patients=(make_patient(),),
        episodes=(make_episode(deposits=(Deposit(deposit_id="D", posted_on=date(2026, 10, 1), amount_cents=100),)),),
    )
    selection = Selection(
        kind=Kind.OB_NOTICE,
        guarantor_id="G1001",
        episode_id=episode_id,
        channel=Channel.PRINT,
        amount_cents=amount_cents,
        due_on=date(2026, 12, 15),
    )
    with pytest.raises(CompositionError) as caught:
        compose_document(account, selection)
    assert caught.value.code == code


def test_letter__dates_come_from_the_first_statement() -> None:
    content = make_letter(4)
    facts = content.facts
    assert isinstance(facts, LetterFacts)
    assert facts.first_billed_on == date(2026, 10, 20)
    assert facts.assistance_until_on == date(2027, 6, 17)  # 240 days later, 26 CFR 1.501(r)-1(b)(3)
    assert content.amount_cents == facts.owed_cents == 44_500


@pytest.mark.parametrize("level", [0, 1, 5])
def test_letter__refuses_levels_other_than_2_to_4(level: int) -> None:
    with pytest.raises(CompositionError) as caught:
        make_letter(level)
    assert caught.value.code == "LEVEL"


def test_document_id__is_the_same_on_every_build() -> None:
    assert make_statement().document_id == make_statement().document_id
    assert make_statement().document_id != make_letter(2).document_id
    assert make_statement().document_id != make_statement(guarantor_id="G2").document_id


# Dates ahead


def dates_of(record: type, behind: frozenset[str]) -> set[str]:
    """The names of a record's date fields, less those that look back."""
    hints = typing.get_type_hints(record)
    dates = {name for name, hint in hints.items() if hint is date or date in typing.get_args(hint)}
    return dates - behind


@pytest.mark.parametrize(
    ("record", "behind"),
    [
        pytest.param(StatementFacts, frozenset[str](), id="statement"),
        pytest.param(PlanLine, frozenset[str](), id="plan"),
        pytest.param(VisitLine, frozenset({"service_from", "service_to"}), id="visit"),
        pytest.param(ObNoticeFacts, frozenset({"estimate_on"}), id="ob-notice"),
        pytest.param(EstimatePayment, frozenset[str](), id="ob-payment"),
        pytest.param(LetterFacts, frozenset({"first_billed_on"}), id="letter"),
        pytest.param(PlanAgreementFacts, frozenset({"first_on", "signed_on"}), id="plan-agreement"),
        pytest.param(PlanReminderFacts, frozenset[str](), id="plan-reminder"),
        pytest.param(PlanMissedFacts, frozenset[str](), id="plan-missed"),
        pytest.param(PlanDefaultFacts, frozenset[str](), id="plan-default"),
        pytest.param(AssistanceIncompleteFacts, frozenset({"received_on"}), id="assistance-incomplete"),
        pytest.param(AssistanceDecisionFacts, frozenset({"received_on", "decided_on"}), id="assistance-decision"),
        pytest.param(
            PayrollAuthorizationFacts, frozenset({"signed_on", "hospital_signed_on"}), id="payroll-authorization"
        ),
        pytest.param(VerificationFacts, frozenset({"asked_on", "reviewed_on", "first_billed_on"}), id="verification"),
        pytest.param(ReplyFacts, frozenset({"asked_on", "sent_on"}), id="itemized-request-reply"),
        pytest.param(RefundFacts, frozenset({"sent_on"}), id="refund"),
    ],
)
def test_dates_ahead__every_date_is_listed_or_looks_back(record: type, behind: frozenset[str]) -> None:
    """A date is checked, or it is about the past."""
    listed = {
        name.rpartition(".")[2]
        for content in (
            make_plan_statement(),
            make_ob_notice(),
            make_letter(4),
            make_authorization(),
            make_agreement(),
            make_reminder(),
            make_missed(),
            make_default(),
            make_incomplete(),
            make_presumptive(),
            make_refund_letter(),
            make_verification(),
            make_reply(),
        )
        for name, _ in content.facts.dates_ahead()
    }
    assert dates_of(record, behind) <= listed


@pytest.mark.parametrize(
    ("kind", "level"),
    [
        pytest.param(Kind.STATEMENT, 0, id="statement"),
        pytest.param(Kind.DUNNING, 2, id="letter"),
        pytest.param(Kind.DUNNING, 4, id="final-notice"),
    ],
)
@pytest.mark.parametrize(
    ("due_on", "refused"),
    [
        pytest.param(AS_OF - timedelta(days=1), True, id="yesterday"),
        pytest.param(AS_OF, False, id="today"),
    ],
)
def test_dates_ahead__a_past_due_date_is_refused(kind: Kind, level: int, due_on: date, refused: bool) -> None:
    account = make_account(*three_visits(correspondence=BILLED))
    selection = make_selection(account, kind=kind, level=level, due_on=due_on)
    if not refused:
        assert compose_document(account, selection).kind is kind
        return
    with pytest.raises(CompositionError) as caught:
        compose_document(account, selection)
    assert caught.value.code == "PAST_DATE"
    assert "due_on" in caught.value.message


def test_dates_ahead__a_birth_expected_last_month_is_refused() -> None:
    with pytest.raises(CompositionError) as caught:
        make_ob_notice(make_episode(expected_delivery_on=date(2026, 10, 31), estimate_on=date(2026, 5, 1)))
    assert caught.value.code == "PAST_DATE"


def billed_on(day: date) -> Correspondence:
    return Correspondence(first_statement_on=day, statements_sent=2, last_level=3, last_mailed_on=day)


@pytest.mark.parametrize(
    ("level", "first_on", "until"),
    [
        pytest.param(4, AS_OF - timedelta(days=240), DUE_ON, id="day-240-passes-before-the-deadline"),
        pytest.param(4, DUE_ON - timedelta(days=240), DUE_ON, id="day-240-is-the-deadline"),
        pytest.param(4, DUE_ON - timedelta(days=239), DUE_ON + timedelta(days=1), id="day-240-is-after-the-deadline"),
        pytest.param(4, AS_OF - timedelta(days=300), DUE_ON, id="day-240-has-passed"),
        pytest.param(2, AS_OF - timedelta(days=233), AS_OF + timedelta(days=7), id="letter-a-week-before-day-240"),
        pytest.param(2, AS_OF - timedelta(days=234), None, id="letter-that-is-read-after-day-240-prints-no-date"),
        pytest.param(3, AS_OF - timedelta(days=241), None, id="letter-after-day-240-prints-no-date"),
    ],
)
def test_letter__application_period_26_cfr_1_501r_1_b_3(level: int, first_on: date, until: date | None) -> None:
    """The later of day 240 after the first statement and the deadline of the final notice (26 CFR 1.501(r)-1(b)(3))."""
    facts = make_letter(level, *three_visits(correspondence=billed_on(first_on))[:2]).facts
    assert isinstance(facts, LetterFacts)
    assert facts.assistance_until_on == until


@pytest.mark.parametrize("level", [2, 4])
def test_letter__application_period_of_several_visits_is_cut_short_for_none_26_cfr_1_501r_1_b_3(level: int) -> None:
    """Each visit has 240 days from its own first statement."""
    one, two, _ = three_visits()
    old = replace(one, correspondence=billed_on(date(2026, 2, 1)))
    new = replace(two, correspondence=billed_on(date(2026, 7, 1)))
    facts = make_letter(level, old, new).facts
    assert isinstance(facts, LetterFacts)
    assert facts.assistance_until_on == date(2026, 7, 1) + timedelta(days=240)


@pytest.mark.parametrize(
    ("ends_on", "shown"),
    [
        pytest.param(AS_OF, AS_OF, id="ends-today"),
        pytest.param(AS_OF - timedelta(days=1), None, id="ended-yesterday"),
    ],
)
def test_ob_notice__plan_year_that_ended_is_not_printed_as_ahead(ends_on: date, shown: date | None) -> None:
    facts = make_ob_notice(make_episode(plan_year_ends_on=ends_on)).facts
    assert isinstance(facts, ObNoticeFacts)
    assert facts.plan_year_ends_on == shown
