"""Obstetric pre-delivery notices: an estimate, never a debt, and every doubt stops them (domain rules, section 6).

Nothing here reads what the guarantor owes for other visits: asking for old debt ahead of care would be an
extraordinary collection action (26 CFR 1.501(r)-6(b)(1)(iii)).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from statement_builder.billing.dates import add_months, due_date
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
from statement_builder.policy.candidate import Case, Rule, find_holds
from statement_builder.policy.channel import choose_channel, hold_unwanted_paper
from statement_builder.policy.codes import HOLD_CODES, make_hold
from statement_builder.policy.encounter_rules import CLASS_CODES
from statement_builder.policy.recipient import recipient_digest
from statement_builder.policy.recorded_holds import hold_recorded_obstetric

_STATUS_CODES = {
    EpisodeStatus.LOST: "LOSS",
    EpisodeStatus.DELIVERED: "OB_DELIVERED",
    EpisodeStatus.TRANSFERRED: "OB_TRANSFERRED",
    EpisodeStatus.CANCELLED: "OB_CANCELLED",
}
_ASKED_AHEAD = (
    FinancialClass.SELF_PAY,
    FinancialClass.COMMERCIAL,
    FinancialClass.MEDICARE,
    FinancialClass.MEDICARE_ADVANTAGE,
)
"""The classes with a share to pay ahead. Any other is left out, also one that is added later."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pregnancy:
    """The one active episode with a delivery date, what it is owed ahead, and the patient."""

    case: Case
    episode: ObstetricEpisode
    expected_on: date
    patient: Patient
    schedule: ObstetricSchedule


PregnancyRule = Callable[[Pregnancy], Iterable[Hold]]


def hold_recorded(pregnancy: Pregnancy) -> Iterable[Hold]:
    """Holds on file: a loss, a wish for no notices, an application for assistance, a death, custody, ..."""
    return hold_recorded_obstetric(pregnancy.case, pregnancy.episode)


def hold_lost_pregnancy(pregnancy: Pregnancy) -> Iterable[Hold]:
    """A lost pregnancy may be on file twice. Another record of the patient that was lost stops this one too, when the
    due dates are too close for two pregnancies or one is unknown."""
    case, own = pregnancy.case, pregnancy.episode
    lost_ids = {hold.episode_id for hold in case.account.holds if hold.code == "LOSS"}
    for other in case.account.episodes:
        lost = other.status is EpisodeStatus.LOST or other.episode_id in lost_ids
        if other is own or not lost or other.patient_id != own.patient_id:
            continue
        other_on = other.expected_delivery_on
        if other_on is None or abs((other_on - pregnancy.expected_on).days) < case.policy.ob_same_pregnancy_days:
            yield make_hold("LOSS")


def hold_excluded_class(pregnancy: Pregnancy) -> Iterable[Hold]:
    """Leave out who owes no share: Medicaid (42 CFR 447.56), QMB, full charity, TRICARE, and other payers' cases."""
    financial_class = pregnancy.episode.financial_class
    if financial_class not in _ASKED_AHEAD:
        yield make_hold(CLASS_CODES.get(financial_class, "OB_EXCLUDED"))


def hold_covered_since(pregnancy: Pregnancy) -> Iterable[Hold]:
    """Stop when a visit of the patient since the estimate shows coverage that owes no share: the record is behind."""
    covered = (FinancialClass.MEDICAID, FinancialClass.MEDICAID_PENDING, FinancialClass.QMB, FinancialClass.CHARITY)
    for each in pregnancy.case.account.encounters:
        ours = each.patient_id == pregnancy.episode.patient_id and each.service_to >= pregnancy.episode.estimate_on
        if ours and each.financial_class in covered:
            yield make_hold(CLASS_CODES[each.financial_class])


def hold_minor(pregnancy: Pregnancy) -> Iterable[Hold]:
    """A minor may have kept her pregnancy from the parent who gets the mail: a person decides."""
    adult_on = add_months(pregnancy.patient.birth_on, 12 * pregnancy.case.policy.ob_adult_age_years)
    if pregnancy.case.as_of < adult_on:
        yield make_hold("OB_MINOR", until=adult_on)


def hold_moved_delivery(pregnancy: Pregnancy) -> Iterable[Hold]:
    """A due date that moved by more than 21 days since the estimate asks for a new one. Exactly 21 does not."""
    estimated_on = pregnancy.episode.estimated_delivery_on
    limit_days = pregnancy.case.policy.ob_edd_moved_max_days
    if estimated_on is not None and abs((pregnancy.expected_on - estimated_on).days) > limit_days:
        yield make_hold("OB_EDD_MOVED")


def hold_changed_insurance(pregnancy: Pregnancy) -> Iterable[Hold]:
    """Insurance that changed on or after the day of the estimate makes it worthless. The same day counts: in doubt,
    stop."""
    changed_on = pregnancy.episode.insurance_changed_on
    if changed_on is not None and changed_on >= pregnancy.episode.estimate_on:
        yield make_hold("OB_INS_CHANGED")


def hold_new_plan_year(pregnancy: Pregnancy) -> Iterable[Hold]:
    """Once the insurance year of the estimate has ended, deductibles have started over."""
    ends_on = pregnancy.episode.plan_year_ends_on
    if ends_on is not None and pregnancy.episode.estimate_on <= ends_on < pregnancy.case.as_of:
        yield make_hold("OB_PLAN_YEAR")


def hold_without_good_faith_estimate(pregnancy: Pregnancy) -> Iterable[Hold]:
    """A person without insurance has a right to a good faith estimate first (45 CFR 149.610)."""
    episode = pregnancy.episode
    if episode.financial_class is FinancialClass.SELF_PAY and not episode.good_faith_estimate_id:
        yield make_hold("OB_NO_GFE")


def hold_early_notice(pregnancy: Pregnancy) -> Iterable[Hold]:
    """The first notice follows the estimate by some days, so that it does not arrive before the conversation."""
    first_on = pregnancy.episode.estimate_on + timedelta(days=pregnancy.case.policy.ob_first_notice_after_days)
    if pregnancy.case.as_of < first_on:
        yield make_hold("OB_EARLY", until=first_on)


def hold_noticed_this_month(pregnancy: Pregnancy) -> Iterable[Hold]:
    """One notice in a calendar month, and no two within the gap across the turn of one."""
    last_on = pregnancy.episode.last_notice_on
    if last_on is None:
        return
    until = max(add_months(last_on.replace(day=1), 1), pregnancy.case.next_mailing_on(last_on))
    if pregnancy.case.as_of < until:
        yield make_hold("MINDAYS", until=until)


def hold_late_enrolment(pregnancy: Pregnancy) -> Iterable[Hold]:
    """Late in a pregnancy one courtesy notice is sent and no more."""
    if pregnancy.schedule.courtesy_only and pregnancy.episode.notices_sent:
        yield make_hold("OB_LATE")


def hold_fully_paid(pregnancy: Pregnancy) -> Iterable[Hold]:
    """Nothing is left of the estimate."""
    if not pregnancy.schedule.remaining_cents:
        yield make_hold("OB_PAID")


def hold_paid_ahead(pregnancy: Pregnancy) -> Iterable[Hold]:
    """After the first notice, wait while nothing falls due within a month."""
    due_on = pregnancy.schedule.due_on
    until = add_months(due_on, -1)
    if pregnancy.episode.notices_sent and pregnancy.schedule.remaining_cents and pregnancy.case.as_of < until:
        yield make_hold("OB_AHEAD", until=until)


def hold_small_amount(pregnancy: Pregnancy) -> Iterable[Hold]:
    """An amount below the minimum waits for the next instalment. Equal is mailed."""
    if 0 < pregnancy.schedule.due_cents < pregnancy.case.policy.balance_min_cents:
        yield make_hold("MINBAL")


OBSTETRIC_GUARANTOR_RULES: tuple[Rule, ...] = (
    guarantor_rules.hold_duplicate_run,
    guarantor_rules.hold_bad_address,
    guarantor_rules.hold_missing_zip,
    guarantor_rules.hold_confidential_without_address,
    lambda case: hold_unwanted_paper(case, level=0),
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
    hold_late_enrolment,
    hold_fully_paid,
    hold_paid_ahead,
    hold_small_amount,
)


def select_notice(case: Case) -> tuple[Selection | None, tuple[Hold, ...], tuple[Fault, ...]]:
    """The notice, if one goes out; every hold; and what a clerk has to mend before anything can be decided."""
    holds = find_holds(case, OBSTETRIC_GUARANTOR_RULES)
    active = [each for each in case.account.episodes if each.status is EpisodeStatus.ACTIVE]
    if not active:
        ended = (make_hold(_STATUS_CODES[each.status]) for each in case.account.episodes)
        return None, tuple(dict.fromkeys((*holds, *ended))), ()
    if len(active) > 1:
        return None, holds, tuple(_fault("OB_TWO", "status", each) for each in active)
    pregnancy = _open_pregnancy(case, active[0])
    if not isinstance(pregnancy, Pregnancy):
        return None, holds, pregnancy
    found = (hold for rule in OBSTETRIC_RULES for hold in rule(pregnancy))
    holds = tuple(dict.fromkeys((*holds, *found)))
    return (None if holds else _selection(pregnancy)), holds, ()


def _open_pregnancy(case: Case, episode: ObstetricEpisode) -> Pregnancy | tuple[Fault, ...]:
    patient = next((each for each in case.account.patients if each.patient_id == episode.patient_id), None)
    expected_on = episode.expected_delivery_on
    faults = []
    if patient is None:
        faults.append(_fault("OB_NO_PATIENT", "patient_id", episode))
    if expected_on is None:
        faults.append(_fault("OB_NO_EDD", "expected_delivery_on", episode))
    elif case.as_of >= expected_on + timedelta(days=case.policy.ob_edd_overdue_days):
        faults.append(_fault("OB_OVERDUE", "expected_delivery_on", episode))
    if episode.estimate_cents < 0:
        faults.append(_fault("OB_NO_ESTIMATE", "estimate_cents", episode))
    if faults or patient is None or expected_on is None:
        return tuple(faults)
    return Pregnancy(
        case=case,
        episode=episode,
        expected_on=expected_on,
        patient=patient,
        schedule=schedule(
            episode,
            case.as_of,
            pay_by_week=case.policy.ob_pay_by_week,
            installments_max=case.policy.ob_installments_max,
            courtesy_after_week=case.policy.ob_courtesy_after_week,
        ),
    )


def _fault(code: str, column: str, episode: ObstetricEpisode) -> Fault:
    words = HOLD_CODES[code]
    return Fault(
        code=code,
        result_set="ob_episodes",
        column=column,
        row_key=episode.episode_id,
        message=f"{words.title}: {words.why}",
        fix=words.what_to_do,
    )


def _selection(pregnancy: Pregnancy) -> Selection:
    case = pregnancy.case
    return Selection(
        kind=Kind.OB_NOTICE,
        guarantor_id=case.account.guarantor.guarantor_id,
        episode_id=pregnancy.episode.episode_id,
        channel=choose_channel(case, level=0),
        amount_cents=pregnancy.schedule.due_cents,
        due_on=max(pregnancy.schedule.due_on, due_date(case.as_of, case.policy.ob_lead_days)),
        recipient_digest=recipient_digest(case.account.guarantor),
    )
