"""Builders of test data. Each fills in a typical value; a test passes only what it is about."""

from __future__ import annotations

from datetime import date
from typing import Any

from statement_builder.billing.facility import Facility, FacilityTexts
from statement_builder.billing.model import (
    Address,
    BillingEntity,
    Charge,
    Encounter,
    EntityKind,
    EpisodeStatus,
    FinancialClass,
    Guarantor,
    GuarantorAccount,
    InsuranceKind,
    InsuranceStatus,
    InsuranceTransaction,
    ObstetricEpisode,
    Patient,
    PatientClass,
    PatientPayment,
    PatientShare,
)

AS_OF = date(2026, 11, 20)


def make_address(*lines: str, city: str = "Springfield", state: str = "MA", postal_code: str = "01103") -> Address:
    return Address(lines=lines or ("12 Maple Street",), city=city, state=state, postal_code=postal_code)


def make_facility(**changes: Any) -> Facility:
    facts: dict[str, Any] = {
        "facility_id": "RIVERBEND",
        "name": "Riverbend Community Hospital",
        "return_address": make_address("400 River Road", postal_code="01105"),
        "remit_name": "Riverbend Community Hospital",
        "remit_address": make_address("PO Box 4100", postal_code="01101"),
        "phone": "(413) 555-0142",
        "phone_hours": "Monday to Friday, 8 am to 6 pm",
        "portal_url": "riverbend.example/pay",
        "assistance_url": "riverbend.example/help",
        "assistance_phone": "(413) 555-0177",
        "assistance_address": make_address("410 River Road, Room 12", postal_code="01105"),
        "assistance_free_max_percent": 200,
        "assistance_discount_max_percent": 400,
        "tax_id": "04-0000000",
        "in_language": (FacilityTexts(language="es", phone_hours="Lunes a viernes, de 8 a. m. a 6 p. m."),),
    }
    return Facility(**(facts | changes))


def make_guarantor(**changes: Any) -> Guarantor:
    facts: dict[str, Any] = {
        "guarantor_id": "G1001",
        "first_name": "Maria",
        "last_name": "Lopez",
        "address": make_address(),
    }
    return Guarantor(**(facts | changes))


def make_patient(**changes: Any) -> Patient:
    facts: dict[str, Any] = {
        "patient_id": "P1",
        "first_name": "Ana",
        "last_name": "Lopez",
        "birth_on": date(2015, 5, 5),
    }
    return Patient(**(facts | changes))


def make_encounter(account_number: str = "A70001", *, owed_cents: int = 34_500, **changes: Any) -> Encounter:
    """An adjudicated visit in October 2026 with charges of $1,200. The patient owes `owed_cents`."""
    left = 120_000 - owed_cents
    facts: dict[str, Any] = {
        "account_number": account_number,
        "patient_id": "P1",
        "service_from": date(2026, 10, 3),
        "service_to": date(2026, 10, 3),
        "facility_name": "Riverbend Community Hospital",
        "description": "Emergency room visit",
        "patient_class": PatientClass.EMERGENCY,
        "financial_class": FinancialClass.COMMERCIAL,
        "insurance_status": InsuranceStatus.ADJUDICATED,
        "insurance_name": "Commonwealth Health Plan",
        "charges": (make_charge(f"{account_number}-1", amount_cents=120_000),),
        "insurance": (
            make_insurance(f"{account_number}-I1", amount_cents=left // 2),
            make_insurance(f"{account_number}-I2", kind=InsuranceKind.CONTRACTUAL, amount_cents=left - left // 2),
        ),
        "share": PatientShare(
            adjudicated_on=date(2026, 10, 25), deductible_cents=max(0, owed_cents - 4_500), coinsurance_cents=4_500
        ),
    }
    return Encounter(**(facts | changes))


def make_charge(charge_id: str = "C1", *, amount_cents: int = 120_000, on: date = date(2026, 10, 3)) -> Charge:
    return Charge(
        charge_id=charge_id, service_on=on, posted_on=on, description="Emergency room visit", amount_cents=amount_cents
    )


def make_insurance(
    transaction_id: str = "I1",
    *,
    kind: InsuranceKind = InsuranceKind.PAYMENT,
    amount_cents: int = 40_000,
    on: date = date(2026, 10, 25),
) -> InsuranceTransaction:
    return InsuranceTransaction(
        transaction_id=transaction_id,
        posted_on=on,
        kind=kind,
        payer="Commonwealth Health Plan",
        amount_cents=amount_cents,
    )


def make_payment(payment_id: str = "M1", *, amount_cents: int = 5_000, on: date = date(2026, 11, 2)) -> PatientPayment:
    return PatientPayment(payment_id=payment_id, posted_on=on, method="CARD", amount_cents=amount_cents)


def make_episode(**changes: Any) -> ObstetricEpisode:
    """A pregnancy due in April 2027, with an estimate of $2,400 made in September 2026."""
    facts: dict[str, Any] = {
        "episode_id": "E1",
        "patient_id": "P1",
        "status": EpisodeStatus.ACTIVE,
        "expected_delivery_on": date(2027, 4, 10),
        "estimate_cents": 240_000,
        "estimate_on": date(2026, 9, 10),
        "estimated_delivery_on": date(2027, 4, 10),
        "benefits_verified_on": date(2026, 9, 9),
        "estimate_basis": "Remaining deductible and 20% coinsurance",
        "financial_class": FinancialClass.COMMERCIAL,
        "insurance_name": "Commonwealth Health Plan",
    }
    return ObstetricEpisode(**(facts | changes))


def make_group(entity_id: str = "LP", **changes: Any) -> BillingEntity:
    """A physician group whose payments the hospital takes, and that the hospital's assistance does not cover."""
    facts: dict[str, Any] = {
        "entity_id": entity_id,
        "kind": EntityKind.PHYSICIAN_GROUP,
        "name": "Lakeside Emergency Physicians, P.C.",
        "tax_id": "04-7654321",
        "phone": "(413) 555-0199",
        "hospital_collects": True,
        "in_assistance_policy": False,
    }
    return BillingEntity(**(facts | changes))


def make_account(*encounters: Encounter, **changes: Any) -> GuarantorAccount:
    """One guarantor with one patient and these encounters."""
    facts: dict[str, Any] = {
        "guarantor": make_guarantor(),
        "patients": (make_patient(),),
        "encounters": encounters,
    }
    return GuarantorAccount(**(facts | changes))
