"""Pregnancies, and what was paid before a birth."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from statement_builder.billing.model.record import Record
from statement_builder.billing.model.visits import FinancialClass


class EpisodeStatus(StrEnum):
    ACTIVE = "active"
    DELIVERED = "delivered"
    LOST = "lost"
    """Loss, stillbirth or termination: nothing obstetric is ever sent again on this episode."""
    TRANSFERRED = "transferred"
    CANCELLED = "cancelled"


class Deposit(Record, kw_only=True):
    """A pre-delivery payment. A liability until delivery: never applied to other encounters."""

    deposit_id: str
    posted_on: date
    amount_cents: int


class ObstetricEpisode(Record, kw_only=True):
    """One pregnancy with an accepted estimate of the guarantor's future cost share."""

    episode_id: str
    patient_id: str
    status: EpisodeStatus
    expected_delivery_on: date | None
    estimate_cents: int
    estimate_on: date
    """When the estimate was made and accepted. The schedule starts here."""
    estimated_delivery_on: date | None = None
    """The expected delivery date that the estimate was based on."""
    benefits_verified_on: date | None = None
    estimate_basis: str = ""
    financial_class: FinancialClass
    insurance_name: str = ""
    insurance_changed_on: date | None = None
    plan_year_ends_on: date | None = None
    good_faith_estimate_id: str = ""
    notices_sent: int = 0
    last_notice_on: date | None = None
    deposits: tuple[Deposit, ...] = ()
