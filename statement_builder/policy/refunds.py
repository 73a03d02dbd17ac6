"""What stands against a refund: the rules that the letter about a refund and the list of credit balances share.

A refund tells of money that the hospital pays, so what only stops a bill does not stop it. Law, privacy and the address
do. A credit is never used for another visit without the guarantor's consent, and money after the
loss of a pregnancy is in the hands of a person.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from statement_builder.billing.dates import birthday
from statement_builder.billing.model import (
    Encounter,
    EpisodeStatus,
    InsuranceStatus,
    ObstetricEpisode,
    Refund,
    RefundReason,
    RefundStatus,
)
from statement_builder.billing.obstetric import deposited_cents
from statement_builder.billing.refunds import is_posted, visit_credit
from statement_builder.billing.selection import Hold
from statement_builder.policy import encounter_rules, guarantor_rules
from statement_builder.policy.candidate import Candidate, Rule, find_holds
from statement_builder.policy.channel import hold_unwanted_bill_on_paper
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.recorded_holds import (
    CONFIDENTIAL,
    hold_recorded,
    hold_recorded_obstetric,
    holds_in_force,
)

_ONLY_STOP_BILLS = frozenset(
    {"CHARITY100", "CREDIT", "EXT", "FAP_APPROVED", "FAP_PENDING", "MCAID", "MCAID_PEND", "QMB"}
)
"""Recorded holds that say only that nothing, or nothing yet, may be asked for. Such a guarantor gets money back."""
_RESTRICTED = ("LEGAL", "VIP")
"""Recorded holds on letters that stop this letter too: a person decides what is written."""
_UNDECIDED = (InsuranceStatus.PENDING, InsuranceStatus.APPEAL)
_NEVER_OFFSET = (RefundReason.ASSISTANCE, RefundReason.DEPOSIT)
"""Refunds that wait for nothing else: the law requires the first (26 CFR 1.501(r)-6(c)(6)(i)(C)(2)), and a deposit is
a liability that belongs to no other visit."""


def hold_recorded_refund(candidate: Candidate) -> Iterable[Hold]:
    """Recorded holds that apply to money that goes back."""
    yield from (hold for hold in hold_recorded(candidate) if hold.code not in _ONLY_STOP_BILLS)
    for hold in holds_in_force(candidate):
        if hold.code in _RESTRICTED:
            number = hold.account_number if hold.account_number in candidate.balances else ""
            yield make_hold(hold.code, number, hold.expires_on)


def hold_after_loss(candidate: Candidate) -> Iterable[Hold]:
    """Hold a visit of a patient who lost a pregnancy, from the day of its estimate on, and what a recorded loss names.
    Such money is paid back with a letter that a person writes."""
    lost = lost_episodes(candidate)
    for each in candidate.with_balance:
        if any(e.patient_id == each.patient_id and e.estimate_on <= each.service_to for e in lost):
            yield make_hold("LOSS", each.account_number)
    known = {each.episode_id for each in candidate.account.episodes}
    for hold in holds_in_force(candidate):
        if hold.code == "LOSS" and hold.episode_id not in known:
            yield make_hold("LOSS", hold.account_number if hold.account_number in candidate.balances else "")


def lost_episodes(candidate: Candidate) -> tuple[ObstetricEpisode, ...]:
    """The pregnancies that were lost, by their record or by a recorded hold."""
    recorded = {each.episode_id for each in candidate.account.holds if each.code == "LOSS"}
    return tuple(
        each for each in candidate.account.episodes if each.status is EpisodeStatus.LOST or each.episode_id in recorded
    )


ADDRESS_RULES: tuple[Rule, ...] = (
    guarantor_rules.hold_duplicate_run,
    guarantor_rules.hold_bad_address,
    guarantor_rules.hold_missing_zip,
    guarantor_rules.hold_confidential_without_address,
    guarantor_rules.hold_minor_guarantor,
    guarantor_rules.hold_alternate_format,
    hold_unwanted_bill_on_paper,
)
PRIVACY_RULES: tuple[Rule, ...] = (
    hold_recorded_refund,
    hold_after_loss,
    encounter_rules.hold_minor_confidential,
    encounter_rules.hold_confidential_visit,
)
OPEN_VISIT_RULES: tuple[Rule, ...] = (encounter_rules.hold_insurance_pending, encounter_rules.hold_not_final)
"""The credit of such a visit may change, so no part of it is paid back yet."""


def find_visit_holds(candidate: Candidate, visits: Iterable[Encounter], rules: Iterable[Rule]) -> tuple[Hold, ...]:
    """The holds of these rules on these visits and on the whole guarantor, whatever the visits' balances are."""
    chosen = tuple(visits)
    numbers = {"", *(each.account_number for each in chosen)}
    found = find_holds(replace(candidate, with_balance=chosen), rules)
    return tuple(hold for hold in found if hold.account_number in numbers)


def hold_visit_amount(candidate: Candidate, visit: Encounter, cents: int) -> Iterable[Hold]:
    """Hold refunds of a visit that add up to `cents` and are not posted, if that is more than the visit's credit, or
    than what the patient paid: the rest belongs to an insurer."""
    credit = visit_credit(visit, None, candidate.as_of)
    if cents > credit.credit_cents:
        yield make_hold("REFUND_OVER", visit.account_number)
    elif cents > credit.paid_cents or credit.part_cents < 0:
        yield make_hold("REFUND_PAYER", visit.account_number)


def hold_other_balances(candidate: Candidate, visit: Encounter, refund: Refund | None) -> Iterable[Hold]:
    """Hold a refund while the guarantor owes on another visit, until the refund queue has looked at that."""
    is_reviewed = refund is not None and (refund.balances_reviewed or refund.reason in _NEVER_OFFSET)
    if not candidate.policy.refund_reviews_balances or is_reviewed:
        return
    for other in candidate.account.encounters:
        decided = other.insurance_status not in _UNDECIDED and other.final_billed
        if other is not visit and decided and candidate.balance(other).patient_cents > 0:
            yield make_hold("REFUND_BALANCE", visit.account_number)
            return


def hold_deposit(candidate: Candidate, episode: ObstetricEpisode) -> Iterable[Hold]:
    """Hold what is left of the deposits of a pregnancy: after a loss and after any other end than a delivery here for a
    person, before the insurer's decision, and for privacy."""
    yield from (each for each in hold_recorded_obstetric(candidate, episode) if each.code not in _ONLY_STOP_BILLS)
    if any(each.patient_id == episode.patient_id for each in lost_episodes(candidate)):
        yield make_hold("LOSS")
    elif episode.status in (EpisodeStatus.TRANSFERRED, EpisodeStatus.CANCELLED):
        yield make_hold("DEPOSIT_PERSON")
    elif adjudicated_on(candidate, episode) is None:
        yield make_hold("DEPOSIT_EARLY")
    yield from _hold_deposit_privacy(candidate, episode)


def _hold_deposit_privacy(candidate: Candidate, episode: ObstetricEpisode) -> Iterable[Hold]:
    """Hold a letter about a minor's pregnancy, and about that of a patient with a confidential address for a visit."""
    account, policy = candidate.account, candidate.policy
    patient = next((each for each in account.patients if each.patient_id == episode.patient_id), None)
    if patient is None:
        yield make_hold("OB_NO_PATIENT")
    elif candidate.as_of < birthday(patient.birth_on, policy.ob_adult_age_years):
        yield make_hold("OB_MINOR")
    private = {each.account_number for each in holds_in_force(candidate) if each.code == CONFIDENTIAL}
    own = {each.account_number for each in account.encounters if each.patient_id == episode.patient_id}
    if account.guarantor.confidential_address is None and private & own:
        yield make_hold("CONF_NOADDR")


def adjudicated_on(candidate: Candidate, episode: ObstetricEpisode) -> date | None:
    """The day of the last decision of an insurer about the patient's visits since the estimate, or of the last of these
    visits if no insurer decides. None: the birth is not on record, nothing was billed yet, or a claim is open."""
    visits = [
        each
        for each in candidate.account.encounters
        if each.patient_id == episode.patient_id and each.service_to >= episode.estimate_on
    ]
    if episode.status is not EpisodeStatus.DELIVERED or not visits:
        return None
    if any(each.insurance_status in _UNDECIDED or not each.final_billed for each in visits):
        return None
    days = [each.service_to for each in visits]
    return max(days + [each.share.adjudicated_on for each in visits if each.share is not None])


def is_complete(refund: Refund) -> bool:
    """Whether the record has everything that the letter says, and an approval."""
    one_subject = bool(refund.account_number) != bool(refund.episode_id)
    is_deposit = refund.reason is RefundReason.DEPOSIT
    day = refund.sent_on if refund.status is RefundStatus.SENT else refund.send_on
    return (
        one_subject
        and is_deposit == bool(refund.episode_id)
        and refund.amount_cents > 0
        and refund.method is not None
        and refund.approved_on is not None
        and bool(refund.approved_by.strip())
        and day is not None
    )


def is_late(refund: Refund, as_of: date) -> bool:
    """Whether an approved refund was to be sent on an earlier day."""
    return refund.status is RefundStatus.APPROVED and refund.send_on is not None and refund.send_on < as_of


def hold_deposit_amount(candidate: Candidate, episode: ObstetricEpisode, cents: int) -> Iterable[Hold]:
    """Hold refunds of deposits that add up to `cents` and are not posted, if that is more than what is left."""
    if cents > deposited_cents(episode, candidate.as_of):
        yield make_hold("REFUND_OVER")


def unposted_cents(candidate: Candidate, refund: Refund) -> int:
    """What the approved refunds of the same visit, or of the same pregnancy's deposits, add up to, less those that are
    posted: what its credit must cover."""
    account = candidate.account
    posted = {each.account_number: each.payments for each in account.encounters}
    deposits = {each.episode_id: each.deposits for each in account.episodes}
    same = (
        each
        for each in account.refunds
        if each.status is RefundStatus.APPROVED
        and (each.account_number, each.episode_id) == (refund.account_number, refund.episode_id)
    )
    return sum(
        each.amount_cents
        for each in same
        if not is_posted(
            each,
            (*posted.get(each.account_number, ()), *deposits.get(each.episode_id, ())),
            candidate.as_of,
        )
    )
