"""Obstetric pre-delivery notices: an estimate, never a debt. Any doubt stops them.

Nothing here reads what the guarantor owes for other visits: requiring payment of old debt before care is an
extraordinary collection action (26 CFR 1.501(r)-6(b)(1)(iii)).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from statement_builder.billing.dates import add_months, birthday, due_date, last_of_month
from statement_builder.billing.model import (
    EpisodeStatus,
    Fault,
    FinancialClass,
    ObstetricEpisode,
    Patient,
)
from statement_builder.billing.obstetric import ObstetricSchedule, schedule
from statement_builder.billing.selection import Hold, Kind, Selection
from statement_builder.policy import guarantor_rules
from statement_builder.policy.assistance import hold_open_application
from statement_builder.policy.candidate import Candidate, Rule, apply_rules, find_holds
from statement_builder.policy.channel import choose_channel, hold_unwanted_bill_on_paper
from statement_builder.policy.encounter_rules import CLASS_CODES, covers
from statement_builder.policy.hold_codes import describe_hold, make_hold
from statement_builder.policy.recipient import recipient_digest
from statement_builder.policy.recorded_holds import hold_recorded_obstetric
from statement_builder.policy.settings import Policy

_STATUS_CODES = {
    EpisodeStatus.LOST: "LOSS",
    EpisodeStatus.DELIVERED: "OB_DELIVERED",
    EpisodeStatus.TRANSFERRED: "OB_TRANSFERRED",
    EpisodeStatus.CANCELLED: "OB_CANCELLED",
}
_PREPAY_CLASSES = (
    FinancialClass.SELF_PAY,
    FinancialClass.COMMERCIAL,
    FinancialClass.MEDICARE,
    FinancialClass.MEDICARE_ADVANTAGE,
)
"""The financial classes with a cost share to prepay. All others are excluded, including classes added later."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pregnancy:
    """The one active episode with a delivery date, its payment schedule, and the patient."""

    candidate: Candidate
    episode: ObstetricEpisode
    expected_on: date
    patient: Patient
    schedule: ObstetricSchedule


PregnancyRule = Callable[[Pregnancy], Iterable[Hold]]


def hold_recorded(pregnancy: Pregnancy) -> Iterable[Hold]:
    """Recorded holds: a loss, an opt-out, a financial assistance application, a death, custody, and so on."""
    return hold_recorded_obstetric(pregnancy.candidate, pregnancy.episode)


def hold_lost_pregnancy(pregnancy: Pregnancy) -> Iterable[Hold]:
    """Hold if another record of this patient was lost and may be the same pregnancy: the delivery dates are too close
    for two pregnancies, or one date is unknown."""
    candidate, own = pregnancy.candidate, pregnancy.episode
    lost_ids = {hold.episode_id for hold in candidate.account.holds if hold.code == "LOSS"}
    for other in candidate.account.episodes:
        lost = other.status is EpisodeStatus.LOST or other.episode_id in lost_ids
        if other is own or not lost or other.patient_id != own.patient_id:
            continue
        other_on = other.expected_delivery_on
        if other_on is None or abs((other_on - pregnancy.expected_on).days) < candidate.policy.ob_same_pregnancy_days:
            yield make_hold("LOSS")


def hold_excluded_class(pregnancy: Pregnancy) -> Iterable[Hold]:
    """Hold classes without a cost share: Medicaid (42 CFR 447.56), QMB, full charity, TRICARE, and other payers."""
    financial_class = pregnancy.episode.financial_class
    if financial_class not in _PREPAY_CLASSES:
        yield make_hold(CLASS_CODES.get(financial_class, "OB_EXCLUDED"))


def hold_covered_since(pregnancy: Pregnancy) -> Iterable[Hold]:
    """Hold if a visit since the estimate shows coverage without a cost share: the pregnancy record is out of date."""
    covered = (FinancialClass.MEDICAID, FinancialClass.MEDICAID_PENDING, FinancialClass.QMB, FinancialClass.CHARITY)
    for each in pregnancy.candidate.account.encounters:
        same_patient = each.patient_id == pregnancy.episode.patient_id
        since_estimate = each.service_to >= pregnancy.episode.estimate_on
        if same_patient and since_estimate and each.financial_class in covered:
            yield make_hold(CLASS_CODES[each.financial_class])
    for span in pregnancy.candidate.account.coverages:
        same_patient = span.patient_id == pregnancy.episode.patient_id
        if same_patient and covers(span, pregnancy.episode.estimate_on, None):
            yield make_hold(CLASS_CODES[FinancialClass(span.kind)])


def hold_minor(pregnancy: Pregnancy) -> Iterable[Hold]:
    """Hold notices to a minor: the parent who gets the mail may not know. The privacy office decides."""
    adult_on = birthday(pregnancy.patient.birth_on, pregnancy.candidate.policy.ob_adult_age_years)
    if pregnancy.candidate.as_of < adult_on:
        yield make_hold("OB_MINOR", until=adult_on)


def hold_moved_delivery(pregnancy: Pregnancy) -> Iterable[Hold]:
    """Hold if the delivery date moved by more days than the limit after the estimate."""
    estimated_on = pregnancy.episode.estimated_delivery_on
    limit_days = pregnancy.candidate.policy.ob_edd_moved_max_days
    if estimated_on is not None and abs((pregnancy.expected_on - estimated_on).days) > limit_days:
        yield make_hold("OB_EDD_MOVED")


def hold_changed_insurance(pregnancy: Pregnancy) -> Iterable[Hold]:
    """Hold if the insurance changed on or after the date of the estimate."""
    changed_on = pregnancy.episode.insurance_changed_on
    if changed_on is not None and changed_on >= pregnancy.episode.estimate_on:
        yield make_hold("OB_INS_CHANGED")


def hold_new_plan_year(pregnancy: Pregnancy) -> Iterable[Hold]:
    """Hold if the plan year of the estimate has ended: deductibles have reset."""
    if is_of_ended_plan_year(pregnancy.episode, pregnancy.candidate.as_of):
        yield make_hold("OB_PLAN_YEAR")


def is_of_ended_plan_year(episode: ObstetricEpisode, on: date) -> bool:
    """Whether the plan year that the estimate was made in has ended before this day."""
    ends_on = episode.plan_year_ends_on
    return ends_on is not None and episode.estimate_on <= ends_on < on


def hold_without_good_faith_estimate(pregnancy: Pregnancy) -> Iterable[Hold]:
    """Hold a self-pay patient who has no good faith estimate (45 CFR 149.610)."""
    episode = pregnancy.episode
    if episode.financial_class is FinancialClass.SELF_PAY and not episode.good_faith_estimate_id:
        yield make_hold("OB_NO_GFE")


def hold_early_notice(pregnancy: Pregnancy) -> Iterable[Hold]:
    """Hold the first notice for a few days after the estimate, so that it does not arrive before the conversation."""
    first_on = pregnancy.episode.estimate_on + timedelta(days=pregnancy.candidate.policy.ob_first_notice_after_days)
    if pregnancy.candidate.as_of < first_on:
        yield make_hold("OB_EARLY", until=first_on)


def hold_noticed_this_month(pregnancy: Pregnancy) -> Iterable[Hold]:
    """Hold the second notice in a calendar month, and any notice within the minimum gap."""
    last_on = pregnancy.episode.last_notice_on
    if last_on is None:
        return
    gap = timedelta(days=pregnancy.candidate.policy.statement_gap_days)
    until = max(add_months(last_on.replace(day=1), 1), last_on + gap)
    if pregnancy.candidate.as_of < until:
        yield make_hold("MINDAYS", until=until)


def hold_late_enrollment(pregnancy: Pregnancy) -> Iterable[Hold]:
    """Hold the second notice to a patient who enrolled late: she gets one courtesy notice."""
    if pregnancy.schedule.courtesy_only and pregnancy.episode.notices_sent:
        yield make_hold("OB_LATE")


def hold_fully_paid(pregnancy: Pregnancy) -> Iterable[Hold]:
    """Hold if the estimate is paid in full."""
    if not pregnancy.schedule.remaining_cents:
        yield make_hold("OB_PAID")


def hold_paid_ahead(pregnancy: Pregnancy) -> Iterable[Hold]:
    """After the first notice, hold while no payment is due within a month."""
    due_on = pregnancy.schedule.due_on
    until = add_months(due_on, -1)
    if pregnancy.episode.notices_sent and pregnancy.schedule.remaining_cents and pregnancy.candidate.as_of < until:
        yield make_hold("OB_AHEAD", until=until)


def hold_small_amount(pregnancy: Pregnancy) -> Iterable[Hold]:
    """Hold an amount below the minimum until the next installment. An equal amount is mailed."""
    if 0 < pregnancy.schedule.due_cents < pregnancy.candidate.policy.balance_min_cents:
        yield make_hold("MINBAL")


OBSTETRIC_GUARANTOR_RULES: tuple[Rule, ...] = (
    hold_open_application,
    guarantor_rules.hold_duplicate_run,
    guarantor_rules.hold_bad_address,
    guarantor_rules.hold_missing_zip,
    guarantor_rules.hold_confidential_without_address,
    guarantor_rules.hold_minor_guarantor,
    guarantor_rules.hold_alternate_format,
    hold_unwanted_bill_on_paper,
)

OBSTETRIC_RULES: tuple[PregnancyRule, ...] = (
    hold_recorded,
    hold_lost_pregnancy,
    hold_excluded_class,
    hold_covered_since,
    hold_minor,
    hold_moved_delivery,
    hold_changed_insurance,
    hold_new_plan_year,
    hold_without_good_faith_estimate,
    hold_early_notice,
    hold_noticed_this_month,
    hold_late_enrollment,
    hold_fully_paid,
    hold_paid_ahead,
    hold_small_amount,
)


def select_notice(candidate: Candidate) -> tuple[Selection | None, tuple[Hold, ...], tuple[Fault, ...]]:
    """The notice, or None if it is held; all holds; and the data errors that a clerk must correct first."""
    holds = find_holds(candidate, OBSTETRIC_GUARANTOR_RULES)
    active = [each for each in candidate.account.episodes if each.status is EpisodeStatus.ACTIVE]
    if not active:
        ended = (make_hold(_STATUS_CODES[each.status]) for each in candidate.account.episodes)
        return None, tuple(dict.fromkeys((*holds, *ended))), ()
    if len(active) > 1:
        return None, holds, tuple(_fault("OB_TWO", "status", each, candidate.policy) for each in active)
    pregnancy = _open_pregnancy(candidate, active[0])
    if not isinstance(pregnancy, Pregnancy):
        return None, holds, pregnancy
    found = apply_rules(pregnancy, OBSTETRIC_RULES, candidate.trace)
    holds = tuple(dict.fromkeys((*holds, *found)))
    return (None if holds else _selection(pregnancy)), holds, ()


def _open_pregnancy(candidate: Candidate, episode: ObstetricEpisode) -> Pregnancy | tuple[Fault, ...]:
    patient = next((each for each in candidate.account.patients if each.patient_id == episode.patient_id), None)
    expected_on = episode.expected_delivery_on
    faults = []
    if patient is None:
        faults.append(_fault("OB_NO_PATIENT", "patient_id", episode, candidate.policy))
    if expected_on is None:
        faults.append(_fault("OB_NO_EDD", "expected_delivery_on", episode, candidate.policy))
    elif is_overdue(expected_on, candidate.policy, candidate.as_of):
        faults.append(_fault("OB_OVERDUE", "expected_delivery_on", episode, candidate.policy))
    if episode.estimate_cents < 0:
        faults.append(_fault("OB_NO_ESTIMATE", "estimate_cents", episode, candidate.policy))
    if faults or patient is None or expected_on is None:
        return tuple(faults)
    return Pregnancy(
        candidate=candidate,
        episode=episode,
        expected_on=expected_on,
        patient=patient,
        schedule=schedule(
            episode,
            candidate.as_of,
            pay_by_week=candidate.policy.ob_pay_by_week,
            installments_max=candidate.policy.ob_installments_max,
            courtesy_after_week=candidate.policy.ob_courtesy_after_week,
        ),
    )


def is_overdue(expected_on: date, policy: Policy, as_of: date) -> bool:
    """Whether the birth is long past or was expected in an earlier month: the notice prints the month as to come."""
    return as_of >= expected_on + timedelta(days=policy.ob_edd_overdue_days) or as_of > last_of_month(expected_on)


def _fault(code: str, column: str, episode: ObstetricEpisode, policy: Policy) -> Fault:
    hold_code = describe_hold(code, policy)
    return Fault(
        code=code,
        result_set="ob_episodes",
        column=column,
        row_key=episode.episode_id,
        message=f"{hold_code.title}: {hold_code.why}",
        fix=hold_code.what_to_do,
    )


def _selection(pregnancy: Pregnancy) -> Selection:
    candidate = pregnancy.candidate
    channel = choose_channel(candidate, level=0)
    return Selection(
        kind=Kind.OB_NOTICE,
        guarantor_id=candidate.account.guarantor.guarantor_id,
        episode_id=pregnancy.episode.episode_id,
        channel=channel,
        amount_cents=pregnancy.schedule.due_cents,
        due_on=max(pregnancy.schedule.due_on, due_date(candidate.as_of, candidate.policy.ob_lead_days)),
        recipient_digest=recipient_digest(candidate.account.guarantor, channel),
    )
