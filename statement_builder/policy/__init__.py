"""Who gets what, and when: holds, the numbers of the law and of the hospital, and the legal clocks. Pure.

The rules that several kinds of document share are here; those of one kind are in its folder of `kinds`, and what each
state requires is in `states`.
`hold_codes.toml` has the text of every reason, `legal_numbers.toml` the default of every number.
"""

from statement_builder.policy.hold_codes import HOLD_CODES, describe_hold
from statement_builder.policy.settings import LegalNumber, Policy
from statement_builder.policy.split_accounts import split_account

__all__ = [
    "HOLD_CODES",
    "LegalNumber",
    "Policy",
    "describe_hold",
    "split_account",
]
