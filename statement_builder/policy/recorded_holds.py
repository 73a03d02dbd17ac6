"""What the hospital itself put on hold, applied by the scope of each code. What is not understood holds everything."""

from __future__ import annotations

from collections.abc import Iterable

from statement_builder.billing.model import ObstetricEpisode, RecordedHold
from statement_builder.billing.selection import Hold, Kind
from statement_builder.policy.candidate import Case
from statement_builder.policy.codes import HOLD_CODES, HoldCode, Scope, make_hold

_WHOLE_GUARANTOR = (Scope.GUARANTOR, Scope.ALL)
_FOREVER = "LOSS"
"""The one hold that never expires: nothing is ever sent again about a lost pregnancy (domain rules, 6)."""


def on_file(case: Case, *codes: str) -> bool:
    """Whether one of these codes is in force, on anything of this guarantor."""
    return any(hold.code in codes and _in_force(hold, case) for hold in case.account.holds)


def hold_recorded(case: Case) -> Iterable[Hold]:
    """Holds on file that concern statements and letters."""
    for hold in _holds_in_force(case):
        code = HOLD_CODES.get(hold.code)
        if code is None:
            yield make_hold("UNKNOWN_HOLD")
        elif code.scope in _WHOLE_GUARANTOR:
            yield make_hold(code.code, until=hold.expires_on)
        elif code.scope is Scope.ENCOUNTER or (code.scope is Scope.LETTERS and case.kind is Kind.DUNNING):
            yield from _hold_account(case, hold, code)


def hold_recorded_obstetric(case: Case, episode: ObstetricEpisode) -> Iterable[Hold]:
    """Holds on file that concern the notices of one pregnancy. In doubt a hold counts."""
    for hold in _holds_in_force(case):
        code = HOLD_CODES.get(hold.code)
        if code is None:
            yield make_hold("UNKNOWN_HOLD")
        elif code.scope is not Scope.CONTENT and _concerns(case, hold, code, episode):
            yield make_hold(code.code, until=None if code.code == _FOREVER else hold.expires_on)


def _hold_account(case: Case, hold: RecordedHold, code: HoldCode) -> Iterable[Hold]:
    if hold.account_number and hold.account_number not in case.balances:
        yield make_hold("HOLD_NO_ACCOUNT")
    elif hold.account_number or not hold.episode_id:
        yield make_hold(code.code, hold.account_number, hold.expires_on)


def _concerns(case: Case, hold: RecordedHold, code: HoldCode, episode: ObstetricEpisode) -> bool:
    if hold.episode_id:
        others = {each.episode_id for each in case.account.episodes} - {episode.episode_id}
        return hold.episode_id not in others
    if not code.obstetric:
        return False
    if code.scope in (*_WHOLE_GUARANTOR, Scope.LETTERS, Scope.OBSTETRIC):
        return True
    others = {each.account_number for each in case.account.encounters if each.patient_id != episode.patient_id}
    return hold.account_number not in others


def _holds_in_force(case: Case) -> Iterable[RecordedHold]:
    return (hold for hold in case.account.holds if _in_force(hold, case))


def _in_force(hold: RecordedHold, case: Case) -> bool:
    """A hold ends on its expiry date. One dated ahead counts at once: better late than mailed."""
    return hold.code == _FOREVER or hold.expires_on is None or hold.expires_on > case.as_of
