"""The rules that the letters about an estate share, and what a claim would ask for.

A hold on one visit of a claim is one of two kinds. Some visits are never claimed here: another payer, an agency or a
court has them, or a relative must not learn of them. All others wait, and the whole claim with them, because a second
claim may be too late or look like a correction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from statement_builder.billing.model import Encounter, Estate, GuarantorAccount
from statement_builder.billing.selection import Hold
from statement_builder.policy import encounter_rules, guarantor_rules
from statement_builder.policy.assistance import hold_approved_without_discount, hold_open_application
from statement_builder.policy.candidate import Candidate, Rule, find_holds
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.placeholders import is_placeholder_name
from statement_builder.policy.recorded_holds import hold_recorded

ABOUT_DEATH = frozenset({"DECEASED", "ESTATE"})
"""The holds that keep mail for the living from the dead. These letters are for the representative."""
_NEVER_CLAIMED = frozenset(
    {
        "MCAID",
        "QMB",
        "WC",
        "CLIENT",
        "CHARITY100",
        "AGENCY",
        "SUIT",
        "JUDG",
        "MINOR_SENS",
        "CONF_VISIT",
        "PART2",
        "DV",
        "GROUP_BILLS",
    }
)
"""Holds of a visit that leave it out of the claim, and the others in."""
_CASE_DIGITS = 16

_RULES: tuple[Rule, ...] = (
    lambda candidate: (hold for hold in hold_recorded(candidate) if hold.code not in ABOUT_DEATH),
    guarantor_rules.hold_duplicate_run,
    guarantor_rules.hold_posted_today,
    guarantor_rules.hold_unapplied,
    guarantor_rules.hold_bad_address,
    guarantor_rules.hold_missing_zip,
    guarantor_rules.hold_confidential_without_address,
    guarantor_rules.hold_without_encounters,
    encounter_rules.hold_credit,
    encounter_rules.hold_insurance_pending,
    encounter_rules.hold_not_final,
    encounter_rules.hold_financial_class,
    encounter_rules.hold_covered_patient,
    encounter_rules.hold_minor_confidential,
    encounter_rules.hold_confidential_visit,
    encounter_rules.hold_above_estimate,
    encounter_rules.hold_unknown_plan,
    hold_approved_without_discount,
    hold_open_application,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class EstateCase:
    """The one estate of a candidate, as of its date, with the holds on a letter about it."""

    candidate: Candidate
    estate: Estate
    holds: tuple[Hold, ...]
    """Without those on visits that the claim leaves out."""
    left_out: tuple[Hold, ...]
    visits: tuple[Encounter, ...]
    """What a claim asks for, by date of service."""

    @property
    def claimed_cents(self) -> int:
        """The patient's balance of the visits."""
        return sum(self.candidate.balance(each).patient_cents for each in self.visits)

    @property
    def account_numbers(self) -> tuple[str, ...]:
        return tuple(each.account_number for each in self.visits)

    def is_answered(self, cause_id: str) -> bool:
        """Whether a letter of this kind about this event was handed off."""
        kind = self.candidate.kind.value
        return any((each.kind, each.cause_id) == (kind, cause_id) for each in self.candidate.account.letters)


def inquiry_cause(estate: Estate) -> str:
    """The event that an inquiry is about: the death. One estate is asked about once."""
    return f"{estate.estate_id}:{estate.died_on.isoformat()}"


def claim_cause(estate: Estate) -> str:
    """The event that a claim is about: the probate case. Another case number is another event; another balance is not,
    because a person decides about an amended claim."""
    case = (estate.state, estate.county.casefold(), estate.court.casefold(), estate.case_number.casefold())
    return f"{estate.estate_id}:{hashlib.sha256(repr(case).encode()).hexdigest()[:_CASE_DIGITS]}"


def is_candidate(account: GuarantorAccount) -> bool:
    """Whether the guarantor has died and an estate is on file. Other recipients of the guarantor's mail have none."""
    return bool(account.estates)


def open_case(candidate: Candidate) -> EstateCase | tuple[Hold, ...]:
    """The estate with everything that a letter about it depends on; or the holds, if there are several estates."""
    found = find_holds(candidate, _RULES)
    if len(candidate.account.estates) != 1:
        return (*found, make_hold("EST_TWO"))
    (estate,) = candidate.account.estates
    holds = [*found, *_find_own_holds(candidate, estate)]
    left_out = {hold.account_number for hold in holds if hold.account_number and hold.code in _NEVER_CLAIMED}
    kept = [hold for hold in holds if hold.account_number not in left_out]
    visits = [
        each
        for each in candidate.with_balance
        if each.account_number not in left_out and candidate.balance(each).patient_cents
    ]
    case = EstateCase(
        candidate=candidate,
        estate=estate,
        holds=tuple(dict.fromkeys(kept)),
        left_out=tuple(hold for hold in holds if hold.account_number in left_out),
        visits=tuple(sorted(visits, key=lambda each: (each.service_from, each.account_number))),
    )
    return _wait_together(case)


def _find_own_holds(candidate: Candidate, estate: Estate) -> Iterable[Hold]:
    if is_placeholder_name(estate.decedent_name):
        yield make_hold("BADADDR")
    for each in candidate.with_balance:
        if each.plan_id in candidate.plans:
            yield make_hold("EST_PLAN", each.account_number)
        if each.service_from > estate.died_on and each.patient_id == estate.patient_id:
            yield make_hold("EST_AFTER", each.account_number)


def _wait_together(case: EstateCase) -> EstateCase:
    """Hold every visit of the claim while one of them waits, and a claim that is too small. While one waits, nobody
    knows how much it will be."""
    waiting = {hold.account_number for hold in case.holds if hold.account_number}
    added = [make_hold("EST_PART", each) for each in case.account_numbers if each not in waiting] if waiting else []
    if not waiting and case.claimed_cents < case.candidate.policy.estate_min_cents:
        added.append(make_hold("EST_MIN"))
    return EstateCase(
        candidate=case.candidate,
        estate=case.estate,
        holds=(*case.holds, *added),
        left_out=case.left_out,
        visits=case.visits,
    )
