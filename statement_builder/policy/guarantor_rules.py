"""Reasons that hold a guarantor's mail as a whole, for every kind of document or for most."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta

from statement_builder.billing.model import Address, InsuranceKind
from statement_builder.billing.selection import Hold, Kind
from statement_builder.policy.candidate import Case
from statement_builder.policy.codes import make_hold
from statement_builder.policy.recorded_holds import on_file

_DOMESTIC = ("", "US", "USA")
_STATES = (
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR "
    "PA RI SC SD TN TX UT VT VA WA WV WI WY AS GU MP PR VI FM MH PW AA AE AP"
)
"""USPS Publication 28, appendix B: states, territories and military mail."""
_ZIP = re.compile(r"(?!00000)\d{5}(-?\d{4})?")


def hold_bad_address(case: Case) -> Iterable[Hold]:
    """Hold what the post could not deliver: no street, city or state that it knows. Foreign addresses have no state."""
    address = case.account.guarantor.mailing_address
    if not any(line.strip() for line in address.lines) or not address.city.strip() or not _state_is_known(address):
        yield make_hold("BADADDR")


def hold_missing_zip(case: Case) -> Iterable[Hold]:
    """Hold a domestic address without a ZIP code; 00000 stands for a missing one in many extracts."""
    address = case.account.guarantor.mailing_address
    if _is_domestic(address) and not _ZIP.fullmatch(address.postal_code.strip()):
        yield make_hold("NOZIP")


def hold_confidential_without_address(case: Case) -> Iterable[Hold]:
    """Hold when a confidential address was asked for and none is on file (45 CFR 164.522(b)): never guess one."""
    if on_file(case, "CONF") and case.account.guarantor.confidential_address is None:
        yield make_hold("CONF_NOADDR")


def hold_duplicate_run(case: Case) -> Iterable[Hold]:
    """Hold who has a document waiting in another batch. Obstetric notices and bills do not stand in for each other."""
    obstetric = case.kind is Kind.OB_NOTICE
    if any((kind == Kind.OB_NOTICE) is obstetric for kind in case.account.open_documents):
        yield make_hold("DUPRUN")


def hold_posted_today(case: Case) -> Iterable[Hold]:
    """Hold when the person's payment, charity or a write-off was posted today: more of the same may follow."""
    patient_side = (InsuranceKind.CHARITY, InsuranceKind.WRITE_OFF)
    for encounter in case.account.encounters:
        days = [payment.posted_on for payment in encounter.payments]
        days += [each.posted_on for each in encounter.insurance if each.kind in patient_side]
        if case.as_of in days:
            yield make_hold("PMT_TODAY", until=case.as_of + timedelta(days=1))


def hold_unapplied(case: Case) -> Iterable[Hold]:
    """Hold while money of the person is on no visit yet: the balance is not what they really owe."""
    if case.account.unapplied_cents:
        yield make_hold("UNDIST")


def hold_without_encounters(case: Case) -> Iterable[Hold]:
    """Hold a guarantor with nothing to bill."""
    if not case.account.encounters:
        yield make_hold("NO_ENCOUNTERS")


def hold_statement_too_soon(case: Case) -> Iterable[Hold]:
    """Hold within 25 days of the last statement to this guarantor. A letter on another visit is not a statement."""
    mailed = [each.correspondence for each in case.account.encounters if each.correspondence]
    days = [each.last_mailed_on for each in mailed if each.last_level < 2]
    yield from _hold_until_gap(case, days)


def hold_letter_too_soon(case: Case) -> Iterable[Hold]:
    """Hold within 25 days of the last letter to this guarantor, on whichever visit: one letter at a time."""
    mailed = [each.correspondence for each in case.account.encounters if each.correspondence]
    days = [each.last_mailed_on for each in mailed if each.last_level >= 2]
    yield from _hold_until_gap(case, days)


def _hold_until_gap(case: Case, mailed_on: list[date]) -> Iterable[Hold]:
    if mailed_on and case.as_of < (until := case.next_mailing_on(max(mailed_on))):
        yield make_hold("MINDAYS", until=until)


def _is_domestic(address: Address) -> bool:
    return address.country.strip().upper() in _DOMESTIC


def _state_is_known(address: Address) -> bool:
    return not _is_domestic(address) or address.state.strip().upper() in _STATES.split()
