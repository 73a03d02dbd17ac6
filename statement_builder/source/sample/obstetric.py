"""Pregnancies of the sample hospital: every stage, and every event that has to stop the notices."""

from __future__ import annotations

from dataclasses import dataclass

from statement_builder.billing.model import EpisodeStatus, FinancialClass
from statement_builder.source.sample.cases import Case
from statement_builder.source.sample.household import Household
from statement_builder.source.sample.name_pools import MOTHERS_NAMES

_TERM_DAYS = 280


@dataclass(frozen=True)
class Pregnancy:
    """Where a pregnancy stands on the as-of date, and what happened to its estimate."""

    week: int
    estimated_in_week: int = 9
    paid_months: int = 0
    status: EpisodeStatus = EpisodeStatus.ACTIVE
    financial_class: FinancialClass = FinancialClass.COMMERCIAL
    moved_days: int = 0
    insurance_changed_days_ago: int | None = None
    paid_in_full: bool = False
    date_unknown: bool = False
    new_plan_year: bool = False
    last_notice_days_ago: int | None = None
    hold: str = ""


def pregnant(pregnancy: Pregnancy, *, episodes: int = 1, with_visit: bool = False) -> Case:
    """A guarantor with a pregnancy; `episodes` above 1 is a mistake that a clerk has to clear up."""

    def case(home: Household) -> None:
        home.first_name = home.rng.choice(MOTHERS_NAMES)
        home.add_guarantor()
        patient = home.add_patient(age=home.rng.randint(20, 41))
        for _ in range(episodes):
            _add_episode(home, patient, pregnancy)
        if with_visit:
            home.add_visit(patient, days_ago=35)

    return case


def pregnant_somehow(home: Household) -> None:
    """A pregnancy in good order at any stage: what most of the obstetric mail is about."""
    week = home.rng.randint(11, 35)
    months = (week - 10) * 7 // 30
    paid = min(months, home.rng.randint(0, 5))
    notice = home.rng.randint(28, 33) if week > 14 else None
    stage = Pregnancy(week=week, paid_months=paid, last_notice_days_ago=notice)
    pregnant(stage, with_visit=home.rng.random() < 0.4)(home)


def _add_episode(home: Household, patient: str, pregnancy: Pregnancy) -> None:
    episode = home.next_id("E")
    due_in_days = _TERM_DAYS - 7 * pregnancy.week
    estimated_ago = 7 * (pregnancy.week - pregnancy.estimated_in_week)
    estimate_cents = home.rng.randint(120, 520) * 1000 + home.rng.randint(0, 99)
    self_pay = pregnancy.financial_class is FinancialClass.SELF_PAY
    changed = pregnancy.insurance_changed_days_ago
    notice = pregnancy.last_notice_days_ago
    home.rows["ob_episode"].append(
        (
            episode,
            home.guarantor_id,
            patient,
            pregnancy.status,
            None if pregnancy.date_unknown else home.day(-due_in_days),
            estimate_cents,
            home.day(estimated_ago),
            None if pregnancy.date_unknown else home.day(-due_in_days + pregnancy.moved_days),
            home.day(estimated_ago),
            "Your plan's deductible and coinsurance for hospital care at birth",
            pregnancy.financial_class,
            None if self_pay else "Harborlight Health Plan",
            home.day(changed) if changed is not None else None,
            home.day(-max(10, due_in_days - 40)) if pregnancy.new_plan_year else None,
            f"GFE-{home.number}" if self_pay else None,
            0 if notice is None else max(1, (pregnancy.week - 10) // 4),
            home.day(notice) if notice is not None else None,
        )
    )
    _add_deposits(home, episode, pregnancy, estimate_cents, estimated_ago)
    if pregnancy.hold:
        home.add_hold(pregnancy.hold, episode=episode)


def _add_deposits(home: Household, episode: str, pregnancy: Pregnancy, estimate_cents: int, estimated_ago: int) -> None:
    payments = [estimate_cents] if pregnancy.paid_in_full else [estimate_cents // 7] * pregnancy.paid_months
    for index, cents in enumerate(payments):
        home.rows["ob_deposit"].append(
            (home.next_id("D"), episode, home.day(max(2, estimated_ago - 30 * (index + 1))), cents)
        )


STAGES: tuple[Case, ...] = (
    pregnant(Pregnancy(week=10)),
    pregnant(Pregnancy(week=15, paid_months=1, last_notice_days_ago=30), with_visit=True),
    pregnant(Pregnancy(week=20, paid_months=2, last_notice_days_ago=29), with_visit=True),
    pregnant(Pregnancy(week=27, paid_months=1, last_notice_days_ago=31), with_visit=True),
    pregnant(Pregnancy(week=32, paid_months=5, last_notice_days_ago=30), with_visit=True),
    pregnant(Pregnancy(week=35, paid_months=4, last_notice_days_ago=30), with_visit=True),
    pregnant(Pregnancy(week=38, paid_months=3, last_notice_days_ago=30), with_visit=True),
    pregnant(Pregnancy(week=34, estimated_in_week=33), with_visit=True),
    pregnant(Pregnancy(week=18, financial_class=FinancialClass.SELF_PAY), with_visit=True),
    pregnant(Pregnancy(week=24, paid_in_full=True), with_visit=True),
    pregnant(Pregnancy(week=22, new_plan_year=True, last_notice_days_ago=30), with_visit=True),
    pregnant(Pregnancy(week=21, last_notice_days_ago=8), with_visit=True),
)
"""Pregnancies in good order: early, half-way, behind, late, self-pay, paid, over a new plan year, just written to."""

STOPPED: tuple[Case, ...] = (
    pregnant(Pregnancy(week=19, status=EpisodeStatus.LOST, paid_months=2), with_visit=True),
    pregnant(Pregnancy(week=39, status=EpisodeStatus.DELIVERED, paid_months=4), with_visit=True),
    pregnant(Pregnancy(week=25, status=EpisodeStatus.TRANSFERRED), with_visit=True),
    pregnant(Pregnancy(week=16, status=EpisodeStatus.CANCELLED), with_visit=True),
    pregnant(Pregnancy(week=43), with_visit=True),
    pregnant(Pregnancy(week=20, moved_days=30), with_visit=True),
    pregnant(Pregnancy(week=23, insurance_changed_days_ago=20), with_visit=True),
    pregnant(Pregnancy(week=17, financial_class=FinancialClass.MEDICAID), with_visit=True),
    pregnant(Pregnancy(week=26, date_unknown=True), with_visit=True),
    pregnant(Pregnancy(week=14), episodes=2, with_visit=True),
    pregnant(Pregnancy(week=28, hold="OB_OPTOUT"), with_visit=True),
)
"""Pregnancies that no notice may be sent about, each for another reason."""
