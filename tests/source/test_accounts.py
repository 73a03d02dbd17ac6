"""Accounts from rows: every column reaches its field, order is mailing order, text is unchanged."""

from __future__ import annotations

from datetime import UTC, date, datetime

import msgspec
import pytest

from statement_builder.billing.model import (
    Address,
    ApplicationStatus,
    AssistanceKind,
    AssistanceRecord,
    Charge,
    Correspondence,
    Delivery,
    Deposit,
    Encounter,
    EpisodeStatus,
    EstimateReview,
    FinancialClass,
    Guarantor,
    GuarantorAccount,
    Installment,
    InsuranceKind,
    InsuranceStatus,
    InsuranceTransaction,
    ObstetricEpisode,
    Patient,
    PatientClass,
    PatientPayment,
    PatientShare,
    Plan,
    PlanStatus,
    RecordedHold,
)
from tests.source.extract import Extract, subjects


def fill_every_column(extract: Extract) -> None:
    extract.add(
        "guarantor",
        suffix="Jr.",
        address_lines="12 Maple Street\nApt 4",
        confidential_lines="PO Box 4471",
        confidential_city="Larchmere",
        confidential_state="MA",
        confidential_postal_code="01944",
        confidential_country="US",
        email="maria@example.com",
        language="es",
        large_print=True,
        delivery="email",
        email_consent_at="2026-01-02T15:00:00Z",
    )
    extract.add("patient")
    extract.add(
        "encounter",
        service_to="2026-10-03",
        insurance_name="Blue Summit PPO",
        insurance_pending_cents=700,
        final_billed=False,
        sensitive=True,
        plan_id="L1",
        good_faith_estimate_cents=80_000,
        estimate_reviewed_by="M. Ortega",
        estimate_reviewed_on="2026-11-05",
        estimate_review_note="Second implant",
    )
    extract.add("assistance", account_number="A1", kind="application", status="denied")
    extract.add("charge", code="73721", quantity=2)
    extract.add("insurance_transaction")
    extract.add("patient_payment")
    extract.add("patient_payment", payment_id="R2", account_number=None, amount_cents=1_200)
    extract.add("patient_share", coinsurance_cents=1, copay_cents=2, noncovered_cents=3)
    extract.add("correspondence", statements_sent=2, last_level=1, last_mailed_on="2026-11-15")
    extract.add("payment_plan")
    extract.add("installment", paid_cents=100)
    extract.add("hold", account_number="A1", episode_id="E1", expires_on="2026-12-31")
    extract.add(
        "ob_episode",
        estimated_delivery_on="2027-03-02",
        benefits_verified_on="2026-08-19",
        estimate_basis="Your plan's deductible",
        insurance_name="Blue Summit PPO",
        insurance_changed_on="2026-11-01",
        plan_year_ends_on="2026-12-31",
        good_faith_estimate_id="GFE-1",
        notices_sent=2,
        last_notice_on="2026-10-22",
    )
    extract.add("ob_deposit")


EVERY_COLUMN = GuarantorAccount(
    guarantor=Guarantor(
        guarantor_id="G1",
        first_name="Maria",
        last_name="Lopez",
        suffix="Jr.",
        address=Address(
            lines=("12 Maple Street", "Apt 4"), city="Springfield", state="MA", postal_code="01103", country="US"
        ),
        confidential_address=Address(lines=("PO Box 4471",), city="Larchmere", state="MA", postal_code="01944"),
        email="maria@example.com",
        language="es",
        large_print=True,
        delivery=Delivery.EMAIL,
        email_consent_at=datetime(2026, 1, 2, 15, tzinfo=UTC),
    ),
    patients=(Patient(patient_id="P1", first_name="Maria", last_name="Lopez", birth_on=date(1980, 5, 1)),),
    encounters=(
        Encounter(
            account_number="A1",
            patient_id="P1",
            service_from=date(2026, 10, 1),
            service_to=date(2026, 10, 3),
            facility_name="Imaging Center",
            description="MRI of the knee",
            patient_class=PatientClass.OUTPATIENT,
            financial_class=FinancialClass.COMMERCIAL,
            insurance_status=InsuranceStatus.ADJUDICATED,
            insurance_name="Blue Summit PPO",
            insurance_pending_cents=700,
            final_billed=False,
            sensitive=True,
            plan_id="L1",
            good_faith_estimate_cents=80_000,
            estimate_review=EstimateReview(
                reviewed_by="M. Ortega", reviewed_on=date(2026, 11, 5), note="Second implant"
            ),
            charges=(
                Charge(
                    charge_id="C1",
                    service_on=date(2026, 10, 1),
                    posted_on=date(2026, 10, 3),
                    description="MRI of the knee",
                    code="73721",
                    quantity=2,
                    amount_cents=90_000,
                ),
            ),
            insurance=(
                InsuranceTransaction(
                    transaction_id="T1",
                    posted_on=date(2026, 10, 20),
                    kind=InsuranceKind.PAYMENT,
                    payer="Blue Summit PPO",
                    amount_cents=60_000,
                ),
            ),
            payments=(
                PatientPayment(payment_id="R1", posted_on=date(2026, 11, 1), method="CHECK", amount_cents=5_000),
            ),
            share=PatientShare(
                adjudicated_on=date(2026, 10, 20),
                deductible_cents=30_000,
                coinsurance_cents=1,
                copay_cents=2,
                noncovered_cents=3,
            ),
            correspondence=Correspondence(
                first_statement_on=date(2026, 10, 21),
                statements_sent=2,
                last_level=1,
                last_mailed_on=date(2026, 11, 15),
            ),
        ),
    ),
    plans=(
        Plan(
            plan_id="L1",
            status=PlanStatus.ACTIVE,
            opened_on=date(2026, 10, 25),
            installments=(Installment(sequence=1, due_on=date(2026, 12, 1), amount_cents=5_000, paid_cents=100),),
        ),
    ),
    assistance=(
        AssistanceRecord(
            kind=AssistanceKind.APPLICATION,
            occurred_on=date(2026, 11, 5),
            account_number="A1",
            status=ApplicationStatus.DENIED,
            assistance_id="N1",
        ),
    ),
    holds=(
        RecordedHold(
            hold_id="X1",
            code="DISPUTE",
            placed_on=date(2026, 11, 5),
            account_number="A1",
            episode_id="E1",
            expires_on=date(2026, 12, 31),
        ),
    ),
    episodes=(
        ObstetricEpisode(
            episode_id="E1",
            patient_id="P1",
            status=EpisodeStatus.ACTIVE,
            expected_delivery_on=date(2027, 3, 1),
            estimate_cents=240_000,
            estimate_on=date(2026, 8, 20),
            estimated_delivery_on=date(2027, 3, 2),
            benefits_verified_on=date(2026, 8, 19),
            estimate_basis="Your plan's deductible",
            financial_class=FinancialClass.COMMERCIAL,
            insurance_name="Blue Summit PPO",
            insurance_changed_on=date(2026, 11, 1),
            plan_year_ends_on=date(2026, 12, 31),
            good_faith_estimate_id="GFE-1",
            notices_sent=2,
            last_notice_on=date(2026, 10, 22),
            deposits=(Deposit(deposit_id="D1", posted_on=date(2026, 9, 20), amount_cents=34_000),),
        ),
    ),
    unapplied_cents=1_200,
)


def test_accounts__every_column_reaches_its_field(extract: Extract) -> None:
    fill_every_column(extract)

    assert extract.pull() == [EVERY_COLUMN]


def test_accounts__are_in_mailing_order_by_bytes(extract: Extract) -> None:
    for number, postal_code in (("b", "02139"), ("Z", "02139"), ("é", "02139"), ("2", "00501"), ("1", "99950")):
        extract.add_account(number, postal_code=postal_code)
    extract.add("guarantor", guarantor_id="G0", postal_code=None)

    assert subjects(extract.pull()) == ["G0", "G2", "GZ", "Gb", "Gé", "G1"]


def test_accounts__are_sorted_by_the_confidential_address(extract: Extract) -> None:
    extract.add_account("1", postal_code="01000")
    extract.add("guarantor", guarantor_id="G2", postal_code="00500", confidential_postal_code="09000")
    extract.add("encounter", account_number="A2", guarantor_id="G2")
    extract.add("patient", guarantor_id="G2")

    assert subjects(extract.pull()) == ["G1", "G2"]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        pytest.param("last_name", "<b>Bold</b> & Sons", id="html"),
        pytest.param("first_name", "{{ secret }} {% raw %}", id="template-braces"),
        pytest.param("last_name", "O'Brien; DROP TABLE guarantor --", id="sql"),
        pytest.param("last_name", "Nguyễn Łukasz Núñez Müller-Ζήσης", id="letters-of-several-languages"),
        pytest.param("last_name", "x" * 200, id="maximum-length"),
    ],
)
def test_accounts__text_passes_through_unchanged(extract: Extract, column: str, value: str) -> None:
    extract.add("guarantor", **{column: value})

    (account,) = extract.pull()

    assert isinstance(account, GuarantorAccount)
    assert getattr(account.guarantor, column) == value


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"postal_code": None}, {"postal_code": ""}, id="missing-zip"),
        pytest.param({"postal_code": "00000"}, {"postal_code": "00000"}, id="zip-00000"),
        pytest.param({"address_lines": " \n "}, {"lines": ()}, id="blank-lines"),
        pytest.param(
            {"address_lines": None, "city": None, "state": None},
            {"lines": (), "city": "", "state": ""},
            id="missing-address",
        ),
        pytest.param(
            {"address_lines": "c/o Ann\r\n\r\n5 Elm St"}, {"lines": ("c/o Ann", "5 Elm St")}, id="windows-line-endings"
        ),
        pytest.param(
            {"address_lines": "c/o Ann\n\n5 Elm St\nApt 2"},
            {"lines": ("c/o Ann", "5 Elm St", "Apt 2")},
            id="three-lines-with-a-blank-line-between",
        ),
        pytest.param({"country": None}, {"country": "US"}, id="missing-country"),
    ],
)
def test_accounts__incomplete_address_is_left_to_the_policy(
    extract: Extract, changes: dict[str, str | None], expected: dict[str, object]
) -> None:
    extract.add("guarantor", **changes)

    (account,) = extract.pull()

    assert isinstance(account, GuarantorAccount)
    default = Address(lines=("12 Maple Street",), city="Springfield", state="MA", postal_code="01103", country="US")
    assert account.guarantor.address == msgspec.structs.replace(default, **expected)


def test_accounts__credit_balance_is_not_a_fault(extract: Extract) -> None:
    extract.add_account("1", cents=1_000)
    extract.add("patient_payment", amount_cents=9_000)

    (account,) = extract.pull()

    assert isinstance(account, GuarantorAccount)
    assert account.encounters[0].payments[0].amount_cents == 9_000


def test_accounts__payment_by_another_guarantor_is_credited_to_the_account(extract: Extract) -> None:
    extract.add_account("1")
    extract.add_account("2")
    extract.add("patient_payment", guarantor_id="G2", account_number="A1")

    first, second = extract.pull()

    assert isinstance(first, GuarantorAccount)
    assert isinstance(second, GuarantorAccount)
    assert len(first.encounters[0].payments) == 1
    assert second.unapplied_cents == 0
