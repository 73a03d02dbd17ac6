"""Why somebody was held, or is an exception, in a clerk's words."""

from __future__ import annotations

from datetime import date

from statement_builder.billing.model import Fault, Record
from statement_builder.billing.selection import Hold
from statement_builder.policy.hold_codes import HOLD_CODES, describe_hold
from statement_builder.policy.settings import Policy


class Reason(Record, kw_only=True):
    """Why a guarantor or one account was held, or is an exception."""

    code: str
    title: str
    why: str
    what_to_do: str
    account_number: str
    until: date | None
    is_late: bool


def describe_reason(hold: Hold, policy: Policy, *, is_late: bool = False) -> Reason:
    """A hold in words. `is_late`: it was found by the recheck, after the document was made."""
    text = describe_hold(hold.code, policy) if hold.code in HOLD_CODES else None
    return Reason(
        code=hold.code,
        title=text.title if text else hold.code,
        why=text.why if text else "",
        what_to_do=text.what_to_do if text else "",
        account_number=hold.account_number,
        until=hold.until,
        is_late=is_late,
    )


def describe_fault(fault: Fault) -> Reason:
    """Bad data of the billing system in words."""
    return Reason(
        code=fault.code,
        title="Bad data",
        why=fault.message,
        what_to_do=fault.fix,
        account_number="",
        until=None,
        is_late=False,
    )
