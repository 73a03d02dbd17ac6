"""Old name of `hold_codes`, until every caller has the new one."""

from statement_builder.policy.hold_codes import HOLD_CODES, HoldCode, Scope, make_hold

__all__ = ["HOLD_CODES", "HoldCode", "Scope", "make_hold"]
