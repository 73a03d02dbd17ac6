"""Rules that hold all mail to a guarantor, for every kind of document or for most."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from statement_builder.billing.dates import birthday
from statement_builder.billing.model import AlternateFormat, InsuranceKind
from statement_builder.billing.postal import STATES, is_domestic, zip_code
from statement_builder.billing.selection import Hold, Kind
from statement_builder.policy.candidate import Candidate
from statement_builder.policy.due_dates import next_mailing_on
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.placeholders import is_city, is_placeholder_name, is_street
from statement_builder.policy.recorded_holds import CONFIDENTIAL, holds_in_force


def hold_bad_address(candidate: Candidate) -> Iterable[Hold]:
    """Hold a name or an address that is missing or a placeholder, and an unknown state. A foreign address needs no
    state."""
    guarantor = candidate.account.guarantor
    address, domestic = guarantor.mailing_address, is_domestic(guarantor.mailing_address)
    if (
        not is_street(address.lines, domestic=domestic)
        or not is_city(address.city)
        or (domestic and address.state.upper() not in STATES)
        or is_placeholder_name(f"{guarantor.first_name} {guarantor.last_name}")
    ):
        yield make_hold("BADADDR")


def hold_missing_zip(candidate: Candidate) -> Iterable[Hold]:
    """Hold a domestic address without a valid ZIP Code. Many extracts fill a missing one with 00000 or 99999."""
    address = candidate.account.guarantor.mailing_address
    if is_domestic(address) and not zip_code(address.postal_code):
        yield make_hold("NOZIP")


def hold_confidential_without_address(candidate: Candidate) -> Iterable[Hold]:
    """Hold if a confidential address was requested but is not on file (45 CFR 164.522(b)). If it was requested for one
    visit, only that visit is held (`CONF_VISIT`), and the notices about a pregnancy of its patient."""
    account = candidate.account
    if account.guarantor.confidential_address is not None:
        return
    numbers = {hold.account_number for hold in holds_in_force(candidate) if hold.code == CONFIDENTIAL}
    if not numbers <= candidate.balances.keys():
        yield make_hold("CONF_NOADDR")
    elif numbers and candidate.kind.traits.is_obstetric:
        private = {each.patient_id for each in account.encounters if each.account_number in numbers}
        if private & {each.patient_id for each in account.episodes}:
            yield make_hold("CONF_NOADDR")


ALTERNATE_FORMATS = {
    AlternateFormat.BRAILLE: "FORMAT_BRAILLE",
    AlternateFormat.AUDIO: "FORMAT_AUDIO",
    AlternateFormat.DATA_CD: "FORMAT_DATA_CD",
}
"""The hold code of each format that a person makes. The work queue lists these holds: each is somebody's request."""


def hold_alternate_format(candidate: Candidate) -> Iterable[Hold]:
    """Hold what was asked for in another format than print, until a person has made it (45 CFR 92.202)."""
    guarantor = candidate.account.guarantor
    if guarantor.alternate_format is not None:
        yield make_hold(ALTERNATE_FORMATS[guarantor.alternate_format], since=guarantor.alternate_format_requested_on)


def hold_minor_guarantor(candidate: Candidate) -> Iterable[Hold]:
    """Hold all mail to a minor until the birthday: a minor cannot agree to pay."""
    birth_on = candidate.account.guarantor.birth_on
    if birth_on is not None and candidate.as_of < (adult_on := birthday(birth_on, candidate.policy.ob_adult_age_years)):
        yield make_hold("MINOR_GUAR", until=adult_on)


def hold_duplicate_run(candidate: Candidate) -> Iterable[Hold]:
    """Hold a guarantor with a document of the same family in another open batch. Obstetric notices and bills do not
    block each other."""
    if any(Kind(kind).family == candidate.kind.family for kind in candidate.account.open_documents):
        yield make_hold("DUPRUN")


def hold_posted_today(candidate: Candidate) -> Iterable[Hold]:
    """Hold if a patient payment, charity adjustment, or write-off posted today: more may follow."""
    patient_side = (InsuranceKind.CHARITY, InsuranceKind.WRITE_OFF)
    for encounter in candidate.account.encounters:
        days = [payment.posted_on for payment in encounter.payments]
        days += [each.posted_on for each in encounter.insurance if each.kind in patient_side]
        if candidate.as_of in days:
            yield make_hold("PMT_TODAY", until=candidate.as_of + timedelta(days=1))


def hold_unapplied(candidate: Candidate) -> Iterable[Hold]:
    """Hold while a payment is not applied to any visit: the balance is overstated."""
    if candidate.account.unapplied_cents:
        yield make_hold("UNDIST")


def hold_covered_by_credits(candidate: Candidate) -> Iterable[Hold]:
    """Hold letters while the guarantor owes nothing in all: credits on other visits cover what the letter asks for."""
    balances = [candidate.balance(each).patient_cents for each in candidate.with_balance]
    if min(balances, default=0) < 0 and max(balances) > 0 and sum(balances) <= 0:
        yield make_hold("NET_CREDIT")


def hold_without_encounters(candidate: Candidate) -> Iterable[Hold]:
    """Hold a guarantor without visits, or whose visits all go to another recipient."""
    if not candidate.account.encounters:
        yield make_hold("OTHER_RECIPIENT" if candidate.account.split_off else "NO_ENCOUNTERS")


def hold_statement_too_soon(candidate: Candidate) -> Iterable[Hold]:
    """Hold until the minimum gap after the last statement to this guarantor has passed. Letters do not count."""
    mailed = [each.correspondence for each in candidate.account.encounters if each.correspondence]
    days = [each.last_mailed_on for each in mailed if each.last_level < 2]
    yield from _hold_until_gap(candidate, days)


def hold_letter_too_soon(candidate: Candidate) -> Iterable[Hold]:
    """Hold until the minimum gap after the last letter to this guarantor, on any visit, has passed."""
    mailed = [each.correspondence for each in candidate.account.encounters if each.correspondence]
    days = [each.last_mailed_on for each in mailed if each.last_level >= 2]
    yield from _hold_until_gap(candidate, days)


def _hold_until_gap(candidate: Candidate, mailed_on: list[date]) -> Iterable[Hold]:
    if mailed_on and candidate.as_of < (until := next_mailing_on(max(mailed_on), candidate.policy)):
        yield make_hold("MINDAYS", until=until)
