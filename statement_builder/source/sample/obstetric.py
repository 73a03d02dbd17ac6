"""Pregnancy scenarios of the sample hospital: every stage, and every event that must stop the notices."""

from __future__ import annotations

from dataclasses import dataclass

from statement_builder.billing.model import EpisodeStatus, FinancialClass
from statement_builder.source.sample.household import Household
from statement_builder.source.sample.name_pools import MOTHERS_NAMES
from statement_builder.source.sample.scenarios import Scenario

_TERM_DAYS = 280


@dataclass(frozen=True)
class Pregnancy:
    """State of a pregnancy and its estimate on the as-of date. `moved_days`: shift of the expected delivery date since
    the estimate."""

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


def pregnant(pregnancy: Pregnancy, *, episodes: int = 1, with_visit: bool = False) -> Scenario:
    """A pregnant guarantor; `episodes` above 1 is a data error that a clerk must resolve."""

    def scenario(household: Household) -> None:
        household.first_name = household.rng.choice(MOTHERS_NAMES)
        household.add_guarantor()
        patient = household.add_patient(age=household.rng.randint(20, 41))
        for _ in range(episodes):
            _add_episode(household, patient, pregnancy)
        if with_visit:
            household.add_visit(patient, days_ago=35)

    return scenario


def typical_pregnancy(household: Household) -> None:
    """A pregnancy at a random stage with nothing wrong: most obstetric mail is of this kind."""
    week = household.rng.randint(11, 35)
    months = (week - 10) * 7 // 30
    paid = min(months, household.rng.randint(0, 5))
    notice = household.rng.randint(28, 33) if week > 14 else None
    stage = Pregnancy(week=week, paid_months=paid, last_notice_days_ago=notice)
    pregnant(stage, with_visit=household.rng.random() < 0.4)(household)


def _add_episode(household: Household, patient: str, pregnancy: Pregnancy) -> None:
    episode = household.next_id("E")
    due_in_days = _TERM_DAYS - 7 * pregnancy.week
    estimated_ago = 7 * (pregnancy.week - pregnancy.estimated_in_week)
    estimate_cents = household.rng.randint(120, 520) * 1000 + household.rng.randint(0, 99)
    self_pay = pregnancy.financial_class is FinancialClass.SELF_PAY
    changed = pregnancy.insurance_changed_days_ago
    notice = pregnancy.last_notice_days_ago
    household.rows["ob_episode"].append(
        (
            episode,
            household.guarantor_id,
            patient,
            pregnancy.status,
            None if pregnancy.date_unknown else household.day(-due_in_days),
            estimate_cents,
            household.day(estimated_ago),
            None if pregnancy.date_unknown else household.day(-due_in_days + pregnancy.moved_days),
            household.day(estimated_ago),
            "Your plan's deductible and coinsurance for hospital care at birth",
            pregnancy.financial_class,
            None if self_pay else "Harborlight Health Plan",
            household.day(changed) if changed is not None else None,
            household.day(-max(10, due_in_days - 40)) if pregnancy.new_plan_year else None,
            f"GFE-{household.number}" if self_pay else None,
            0 if notice is None else max(1, (pregnancy.week - 10) // 4),
            household.day(notice) if notice is not None else None,
        )
    )
    _add_deposits(household, episode, pregnancy, estimate_cents, estimated_ago)
    if pregnancy.hold:
        household.add_hold(pregnancy.hold, episode=episode)


def _add_deposits(
    household: Household, episode: str, pregnancy: Pregnancy, estimate_cents: int, estimated_ago: int
) -> None:
    payments = [estimate_cents] if pregnancy.paid_in_full else [estimate_cents // 7] * pregnancy.paid_months
    for index, cents in enumerate(payments):
        household.rows["ob_deposit"].append(
            (household.next_id("D"), episode, household.day(max(2, estimated_ago - 30 * (index + 1))), cents)
        )


PREGNANCY_STAGES: tuple[Scenario, ...] = (
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
"""Billable pregnancies: early, mid-term, behind on payments, late, self-pay, paid, new plan year, recently notified."""

STOPPED_PREGNANCIES: tuple[Scenario, ...] = (
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
"""Pregnancies that must get no notice, each for a different reason."""
