"""Holds recorded in the billing system, applied by the scope of each code. An unknown code holds everything."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from statement_builder.billing.model import ObstetricEpisode, RecordedHold
from statement_builder.billing.selection import Hold
from statement_builder.policy.candidate import Candidate
from statement_builder.policy.hold_codes import HOLD_CODES, HoldCode, Scope, make_hold
from statement_builder.policy.payroll.payroll import ON_PAYROLL, deductions_are_over

_WHOLE_GUARANTOR = (Scope.GUARANTOR, Scope.ALL)
CONFIDENTIAL = "CONF"
"""A confidential address was asked for: by the guarantor, or for the visit that the hold names."""
_NEVER_EXPIRES = "LOSS"
"""Nothing is ever sent again about a lost pregnancy."""


def has_recorded_hold(candidate: Candidate, *codes: str) -> bool:
    """Whether a hold with one of these codes is in force anywhere on this guarantor."""
    return any(hold.code in codes and _in_force(hold, candidate) for hold in candidate.account.holds)


def hold_recorded(candidate: Candidate) -> Iterable[Hold]:
    """Recorded holds that apply to statements and letters."""
    for hold in holds_in_force(candidate):
        code = HOLD_CODES.get(hold.code)
        if code is None:
            yield make_hold("UNKNOWN_HOLD")
        elif code.scope in _WHOLE_GUARANTOR:
            yield make_hold(code.code, until=hold.expires_on)
        elif code.code == ON_PAYROLL and candidate.account.deductions:
            if candidate.kind.traits.is_dunning and not deductions_are_over(candidate, hold.account_number):
                yield from _hold_account(candidate, replace(hold, expires_on=None), code)  # a miss can end it earlier
        elif code.scope is Scope.ENCOUNTER or (code.scope is Scope.LETTERS and candidate.kind.traits.is_dunning):
            yield from _hold_account(candidate, hold, code)


def hold_recorded_obstetric(candidate: Candidate, episode: ObstetricEpisode) -> Iterable[Hold]:
    """Recorded holds that apply to the notices of one pregnancy. If in doubt, a hold applies."""
    for hold in holds_in_force(candidate):
        code = HOLD_CODES.get(hold.code)
        if code is None:
            yield make_hold("UNKNOWN_HOLD")
        elif code.scope is not Scope.CONTENT and _applies_to_episode(candidate, hold, code, episode):
            yield make_hold(code.code, until=None if code.code == _NEVER_EXPIRES else hold.expires_on)


def _hold_account(candidate: Candidate, hold: RecordedHold, code: HoldCode) -> Iterable[Hold]:
    if hold.account_number and hold.account_number not in candidate.balances:
        yield make_hold("HOLD_NO_ACCOUNT")
    elif hold.account_number or not hold.episode_id:
        yield make_hold(code.code, hold.account_number, hold.expires_on)


def _applies_to_episode(candidate: Candidate, hold: RecordedHold, code: HoldCode, episode: ObstetricEpisode) -> bool:
    if hold.episode_id:
        other_ids = {each.episode_id for each in candidate.account.episodes} - {episode.episode_id}
        return hold.episode_id not in other_ids
    if not code.stops_obstetric:
        return False
    if code.scope in (*_WHOLE_GUARANTOR, Scope.LETTERS, Scope.OBSTETRIC):
        return True
    other_patients = {
        each.account_number for each in candidate.account.encounters if each.patient_id != episode.patient_id
    }
    return hold.account_number not in other_patients


def holds_in_force(candidate: Candidate) -> Iterable[RecordedHold]:
    """The recorded holds that have not expired."""
    return (hold for hold in candidate.account.holds if _in_force(hold, candidate))


def _in_force(hold: RecordedHold, candidate: Candidate) -> bool:
    """A hold ends on its expiration date. A hold with a future start date counts now, to be safe."""
    return hold.code == _NEVER_EXPIRES or hold.expires_on is None or hold.expires_on > candidate.as_of
