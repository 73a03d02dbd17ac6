"""Rules that hold all mail to a guarantor, for every kind of document or for most."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta

from statement_builder.billing.model import Address, InsuranceKind
from statement_builder.billing.selection import Hold, Kind
from statement_builder.policy.candidate import Candidate
from statement_builder.policy.due_dates import next_mailing_on
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.recorded_holds import has_recorded_hold

_DOMESTIC = ("", "US", "USA")
_STATES = (
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR "
    "PA RI SC SD TN TX UT VT VA WA WV WI WY AS GU MP PR VI FM MH PW AA AE AP"
)
"""USPS Publication 28, appendix B: states, territories, and military mail."""
_ZIP = re.compile(r"(?!00000)\d{5}(-?\d{4})?")


def hold_bad_address(candidate: Candidate) -> Iterable[Hold]:
    """Hold an address without a street, a city, or a valid state. A foreign address needs no state."""
    address = candidate.account.guarantor.mailing_address
    if not any(line.strip() for line in address.lines) or not address.city.strip() or not _state_is_known(address):
        yield make_hold("BADADDR")


def hold_missing_zip(candidate: Candidate) -> Iterable[Hold]:
    """Hold a domestic address without a valid ZIP Code. Many extracts fill a missing one with 00000."""
    address = candidate.account.guarantor.mailing_address
    if _is_domestic(address) and not _ZIP.fullmatch(address.postal_code.strip()):
        yield make_hold("NOZIP")


def hold_confidential_without_address(candidate: Candidate) -> Iterable[Hold]:
    """Hold if a confidential address was requested but is not on file (45 CFR 164.522(b))."""
    if has_recorded_hold(candidate, "CONF") and candidate.account.guarantor.confidential_address is None:
        yield make_hold("CONF_NOADDR")


def hold_duplicate_run(candidate: Candidate) -> Iterable[Hold]:
    """Hold a guarantor with a document in another open batch. Obstetric notices and bills do not block each other."""
    obstetric = candidate.kind is Kind.OB_NOTICE
    if any((kind == Kind.OB_NOTICE) is obstetric for kind in candidate.account.open_documents):
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
    """Hold a guarantor without visits."""
    if not candidate.account.encounters:
        yield make_hold("NO_ENCOUNTERS")


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


def _is_domestic(address: Address) -> bool:
    return address.country.strip().upper() in _DOMESTIC


def _state_is_known(address: Address) -> bool:
    return not _is_domestic(address) or address.state.strip().upper() in _STATES.split()
