"""Who gets what, and when: holds, dunning letters, the obstetric schedule, and the legal clocks. Pure.

`candidate_cents` tells whether an account is a candidate, `decide` decides its outcome, `recheck` checks a rendered
document just before mailing, and `find_reprint_holds` checks a reprint. `hold_codes.toml` has the text of every reason,
`legal_numbers.toml` the default of every number.
"""

from statement_builder.policy.decide import candidate_cents, decide
from statement_builder.policy.hold_codes import HOLD_CODES, describe_hold
from statement_builder.policy.recheck import recheck
from statement_builder.policy.reprint_rules import find_reprint_holds
from statement_builder.policy.settings import LegalNumber, Policy
from statement_builder.policy.split_accounts import split_account

__all__ = [
    "HOLD_CODES",
    "LegalNumber",
    "Policy",
    "candidate_cents",
    "decide",
    "describe_hold",
    "find_reprint_holds",
    "recheck",
    "split_account",
]
