"""Every reason why something is not mailed, in a clerk's words: the hold table of the service.

A code on file that is not in this table holds everything (`UNKNOWN_HOLD`): what nobody understands is not mailed.
"""

from __future__ import annotations

from datetime import date

from statement_builder.billing.selection import Hold
from statement_builder.policy.codes_by_rule import BY_RULE
from statement_builder.policy.codes_obstetric import OBSTETRIC_BY_RULE, OBSTETRIC_ON_FILE
from statement_builder.policy.codes_on_file import ON_FILE
from statement_builder.policy.hold_code import HoldCode, Scope

__all__ = ["HOLD_CODES", "HoldCode", "Scope", "make_hold"]

_TABLE = (*ON_FILE, *OBSTETRIC_ON_FILE, *BY_RULE, *OBSTETRIC_BY_RULE)
HOLD_CODES: dict[str, HoldCode] = {each.code: each for each in _TABLE}


def make_hold(code: str, account_number: str = "", until: date | None = None) -> Hold:
    """A hold whose code is in the table. Raises KeyError for one that is not: a rule without words for it."""
    return Hold(code=HOLD_CODES[code].code, account_number=account_number, until=until)
